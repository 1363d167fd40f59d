//! Hours survive being written, whatever they hold; and what is no hour is refused.

use proptest::prelude::*;

use super::*;

fn minutes() -> impl Strategy<Value = Vec<Option<u64>>> {
    let count =
        prop_oneof![Just(Some(0)), Just(None), any::<u32>().prop_map(|n| Some(n.into())), Just(Some(u64::MAX - 1))];
    proptest::collection::vec(count, MINUTES)
}

fn coverage() -> impl Strategy<Value = Coverage> {
    (0..=60_000_u64, 0..=60_000_u64).prop_map(|(unknown, stopped)| {
        let [unknown, stopped] = [unknown, stopped.min(60_000 - unknown)].map(Duration::from_millis);
        Coverage { known: Duration::from_secs(60) - unknown - stopped, unknown, stopped }
    })
}

fn hour() -> impl Strategy<Value = Hour> {
    let counts = proptest::collection::btree_map(any::<Key>(), minutes().prop_map(Minutes::from_iter), 0..5);
    let coverage = prop_oneof![Just(Vec::new()), proptest::collection::vec(coverage(), MINUTES)];
    (any::<u64>(), counts, coverage).prop_map(|(hour, counts, coverage)| Hour { hour, counts, coverage })
}

proptest! {
    #[test]
    fn survives(hour in hour()) {
        let mut bytes = Vec::new();
        hour.encode(&mut bytes);
        prop_assert_eq!(Hour::decode(1, &bytes), Ok(hour));
        for cut in 0..bytes.len() {
            // Not every beginning is refused: one that ends with a count is an hour with fewer counts.
            let _ = Hour::decode(1, &bytes[..cut]);
        }
    }

    #[test]
    fn are_as_counted(minutes in minutes()) {
        prop_assert_eq!(Minutes::from_iter(minutes.clone()).counts(), minutes);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Hour::decode(1, &bytes);
    }
}

#[test]
fn an_idle_hour_is_small() {
    let known = vec![Coverage::known(Duration::from_secs(60)); MINUTES];
    let counts = BTreeMap::from([([7; 8], Minutes::from_iter([Some(0); MINUTES]))]);
    let mut bytes = Vec::new();
    Hour { hour: 500_000, counts, coverage: known }.encode(&mut bytes);
    assert_eq!(bytes.len(), 3 + 1 + 3 + 8 + 2);
}
