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

proptest! {
    #[test]
    fn any_name(
        pieces in proptest::collection::vec("[.]|[-_]|[a-zA-Z]|token|Secret|pin|é", 0..8),
        word in "[-_]?[a-z]{0,3}[-_]?",
    ) {
        check(&[&word], &pieces.concat());
    }
}
