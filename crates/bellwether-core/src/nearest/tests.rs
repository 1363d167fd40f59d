//! Typing errors, and words that are just others.

use super::{distance, nearest};

#[test]
fn distances() {
    let check = |a, b, expect| assert_eq!((distance(a, b), distance(b, a)), (expect, expect), "{a} {b}");
    check("tick", "tick", 0);
    check("tik", "tick", 1);
    check("tikc", "tick", 1);
    check("ready", "raedy", 1);
    check("", "tick", 4);
    check("lisen", "listen", 1);
    check("port", "listen", 5);
    check("OpenAI", "openai", 0);
}

#[test]
fn suggests_what_is_near() {
    let known = ["tick", "ready", "listen", "metrics.access", "metrics.token"];
    let check = |word, expect| assert_eq!(nearest(word, known), expect);
    check("tikc", Some("tick"));
    check("Tick", Some("tick"));
    check("metric.acces", Some("metrics.access"));
    check("port", None);
    check("", None);
    check(&"x".repeat(10_000), None);
}
