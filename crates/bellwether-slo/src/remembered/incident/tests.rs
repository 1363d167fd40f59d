//! Incidents as bytes, there and back; and what is none.

use bellwether_core::Timestamp;
use bellwether_history::file::Record;
use proptest::prelude::*;

use super::Incident;

fn bytes_of(incident: &Incident) -> Vec<u8> {
    let mut bytes = Vec::new();
    incident.encode(&mut bytes);
    bytes
}

/// Any, at times of whole milliseconds.
fn incident() -> impl Strategy<Value = Incident> {
    let instant = || (0..u64::MAX / 1_000_000).prop_map(|millis| Timestamp::from_unix_nanos(millis * 1_000_000));
    let texts = (".{0,40}", ".{0,40}", ".{0,200}", prop::collection::vec(".{0,40}", 0..8));
    (texts, instant(), prop::option::of(instant())).prop_map(|((id, root, cause, hurts), opened, closed)| Incident {
        id,
        root,
        cause,
        hurts,
        opened,
        closed,
    })
}

proptest! {
    #[test]
    fn there_and_back(incident in incident()) {
        let bytes = bytes_of(&incident);
        prop_assert_eq!(Incident::decode(1, &bytes), Ok(incident.clone()));
        // What is cut off is none, or the same with fewer that it hurts.
        for cut in 0..bytes.len() {
            if let Ok(less) = Incident::decode(1, &bytes[..cut]) {
                prop_assert!(less.hurts.len() < incident.hurts.len() && incident.hurts.starts_with(&less.hurts));
                prop_assert_eq!(Incident { hurts: incident.hurts.clone(), ..less }, incident.clone());
            }
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Incident::decode(1, &bytes);
    }

    /// Lengths that lead beyond the end, and texts that are none.
    #[test]
    fn damaged(incident in incident(), at: prop::sample::Index, byte: u8) {
        let mut bytes = bytes_of(&incident);
        *at.get_mut(&mut bytes) = byte;
        if let Ok(read) = Incident::decode(1, &bytes) {
            let texts = [&read.id, &read.root, &read.cause].into_iter().chain(&read.hurts);
            prop_assert!(texts.map(|text| text.len() + 1).sum::<usize>() <= bytes.len());
        }
    }
}

#[test]
fn times_before_1970_are_1970() {
    let incident = Incident::decode(1, &[[255; 8], [254; 8], [0; 8]].concat()).unwrap();
    assert_eq!((incident.opened, incident.closed), (Timestamp::default(), Some(Timestamp::default())));
    assert_eq!((incident.hurts.len(), incident.id.as_str()), (5, ""));
}
