//! What is said of a file: in one line each, and at a place that the file has.

use bellwether_slo::format::{Problems, Remark};

#[allow(dead_code, reason = "not every target has notes")]
pub fn refused(problems: &Problems, text: &str) {
    assert!(problems.iter().count() > 0, "refused for nothing");
    stand_in(problems.iter(), text);
}

pub fn stand_in<'a>(remarks: impl IntoIterator<Item = &'a Remark>, text: &str) {
    // As YAML counts them, and one behind the last.
    let ends = text.chars().filter(|c| matches!(c, '\n' | '\r')).count();
    for remark in remarks {
        let said = remark.to_string();
        let at = remark.at.as_ref().expect("a place");
        assert!((1..=2 + ends).contains(&at.line) && at.column <= 1 + text.chars().count(), "{said:?}");
        assert!(said.len() < 4096 && !said.chars().any(char::is_control), "{said:?}");
    }
}
