//! Which release ran when, of runs that are known.

use super::{Ran, Run, releases};
use crate::Interval;
use bellwether_core::Timestamp;

/// Runs by after when they began, in seconds, and what of 100 to 200 is whose.
fn check(runs: &[(i64, &str)], expect: &[(i64, i64, &str)]) {
    let runs = runs.iter().map(|(after, release)| {
        let after = after.saturating_mul(1000);
        Run { at: after.saturating_add(1), after, release: (*release).to_owned() }
    });
    let runs: Vec<Run> = runs.collect();
    let over = Interval::new(Timestamp::from_unix_seconds(100), Timestamp::from_unix_seconds(200));
    let expect = expect.iter().map(|(start, end, release)| Ran {
        over: (start * 1000, end * 1000),
        release: Some((*release).to_owned()).filter(|release| !release.is_empty()),
    });
    assert_eq!(releases(&runs, over), expect.collect::<Vec<_>>());
}

#[test]
fn of_runs() {
    check(&[], &[(100, 200, "")]);
    check(&[(i64::MIN, "1")], &[(100, 200, "1")]);
    check(&[(120, "1")], &[(100, 120, ""), (120, 200, "1")]);
    check(&[(50, "1"), (100, "2")], &[(100, 200, "2")]);
    check(&[(50, "1"), (150, "2"), (200, "3")], &[(100, 150, "1"), (150, 200, "2")]);
    check(&[(50, "1"), (150, "1")], &[(100, 200, "1")]);
    check(&[(50, "1"), (150, ""), (160, "1")], &[(100, 150, "1"), (150, 160, ""), (160, 200, "1")]);
    // Two that have seen nothing between: the first counted nothing that is known.
    check(&[(50, "1"), (150, "2"), (150, "3")], &[(100, 150, "1"), (150, 200, "3")]);
    check(&[(250, "1")], &[(100, 200, "")]);
}
