//! How `fuzz` reads its words and its manifest.

use super::*;

#[test]
fn words() {
    let check = |words: &[&str], expect: Option<(Length, &[&str])>| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let expect = expect.map(|(length, only)| (length, only.iter().map(|name| (*name).to_owned()).collect()));
        assert_eq!(parse(&words).ok(), expect, "{words:?}");
    };
    check(&[], Some((Length::Seconds(10), &[])));
    check(&["--seconds", "60", "traceparent"], Some((Length::Seconds(60), &["traceparent"])));
    check(&["a", "b"], Some((Length::Seconds(10), &["a", "b"])));
    check(&["--short", "a"], Some((SHORT, &["a"])));
    check(&["--seconds"], None);
    check(&["--seconds", "0"], None);
    check(&["--seconds", "soon"], None);
}

#[test]
fn the_short_form_does_the_same_each_time() {
    let flags = SHORT.flags().join(" ");
    assert!(flags.contains("-runs=") && flags.contains("-seed=1") && !flags.contains("-max_total_time"), "{flags}");
    assert_ne!(SHORT.corpus(), Length::Seconds(10).corpus());
    assert_eq!(Length::Seconds(10).flags(), ["-max_total_time=10", "-timeout=5"]);
}

#[test]
fn manifest() {
    let two = "[[bin]]\nname = \"a\"\n[[bin]]\nname = \"b\"\n";
    assert_eq!(targets(two).unwrap(), ["a", "b"]);
    assert!(targets("[package]\nname = \"fuzz\"\n").is_err());
    assert!(targets("[[bin]]\npath = \"a.rs\"\n").is_err());
    let slow = format!("{two}[package.metadata.inputs]\nb = 7\n");
    assert_eq!(["a", "b"].map(|name| SHORT.of(name, &slow)), [SHORT, Length::Inputs(7)]);
    assert_eq!(Length::Seconds(5).of("b", &slow), Length::Seconds(5));
}

#[test]
fn all_are_run_and_all_failures_told() {
    let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
    let ran = Mutex::new(Vec::new());
    let result = each_on_a_core(names.iter(), |name| {
        ran.lock().unwrap().push(name.to_owned());
        if name == "b" || name == "e" { Err(format!("{name} failed")) } else { Ok(()) }
    });
    let mut ran = ran.into_inner().unwrap();
    ran.sort();
    assert_eq!(ran, names);
    let failed = result.unwrap_err();
    assert!(failed.contains("b failed") && failed.contains("e failed"), "{failed}");
    assert_eq!(each_on_a_core(names.iter(), |_| Ok(())), Ok(()));
}
