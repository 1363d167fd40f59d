//! Any name against the rule said plainly: a part between dots, letters only, ends in a word.

use proptest::prelude::*;

use super::*;

fn hides(words: &[&str], name: &str) -> bool {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_'], "");
    name.split('.').any(|part| {
        WORDS.iter().chain(words).any(|word| !plain(word).is_empty() && plain(part).ends_with(&plain(word)))
    })
}

fn check(words: &[&str], name: &str) {
    let mut redaction = Redaction::default();
    words.iter().for_each(|word| redaction.add(word));
    assert_eq!(redaction.hides(name), hides(words, name), "{name:?} with {words:?}");
}

#[test]
fn names() {
    for name in ["", ".", "_", "a", "token", "Token_", "to-ken", "t.oken", "token.x", "x.token.y", "tokens", "nekot"] {
        check(&[], name);
        check(&["x", "", "-"], name);
    }
    let redaction = Redaction::default();
    assert!(WORDS.iter().all(|word| redaction.hides(&word.to_uppercase()) && redaction.hides(&format!("a_{word}-"))));
}

#[test]
fn urls() {
    let redaction = Redaction::default();
    for (url, clean) in [
        ("https://a.example/b?c=d#e", "https://a.example/b?c=d#e"),
        ("https://u:p@a.example/b@c", "https://[redacted]@a.example/b@c"),
        ("postgres://u:p@ss@a.example", "postgres://[redacted]@a.example"),
        ("u:p@a.example:80/?token=x&y=z", "[redacted]@a.example:80/?token=[redacted]&y=z"),
        ("/b?at=@&sig=x", "/b?at=@&sig=[redacted]"),
        ("https://a.example?u@b", "https://a.example?u@b"),
        ("", ""),
    ] {
        assert_eq!(redaction.text("url.full", url), clean);
    }
    assert_eq!(redaction.text("password", "x"), Redaction::REDACTED);
    assert_eq!(redaction.text("page", "x"), "x");
}

proptest! {
    #[test]
    fn any_name(
        pieces in proptest::collection::vec("[.]|[-_]|[a-zA-Z]|token|Secret|pin|é", 0..8),
        word in "[-_]?[a-z]{0,3}[-_]?",
    ) {
        check(&[&word], &pieces.concat());
    }
}
