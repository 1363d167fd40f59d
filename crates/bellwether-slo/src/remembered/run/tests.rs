//! Which release ran when, of runs that are known; and beginnings as bytes, there and back.

use bellwether_core::Timestamp;
use bellwether_history::file::Record;
use proptest::prelude::*;

use super::{Began, Ran, Run, releases};
use crate::Interval;

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

proptest! {
    #[test]
    fn there_and_back(after in prop::option::of(i64::MIN + 1..), release in ".{0,300}") {
        let began = Began { after, release };
        let mut bytes = Vec::new();
        began.encode(&mut bytes);
        prop_assert_eq!(Began::decode(1, &bytes), Ok(began));
        for cut in 0..8 {
            prop_assert!(Began::decode(1, &bytes[..cut]).is_err(), "{}", cut);
        }
    }

    /// Any bytes come to a beginning that is written as they are, or to nothing.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(began) = Began::decode(1, &bytes) {
            let mut again = Vec::new();
            began.encode(&mut again);
            prop_assert_eq!(again, bytes);
        } else {
            prop_assert!(bytes.len() < 8 || str::from_utf8(&bytes[8..]).is_err());
        }
    }
}
