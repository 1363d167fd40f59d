//! Corrections as bytes, there and back; and what is none.

use std::time::Duration;

use bellwether_core::Timestamp;
use bellwether_history::file::Record;
use jiff::civil::Weekday;
use proptest::prelude::*;

use super::{Corrected, Said};
use crate::calendar::Zone;
use crate::objective::{Correction, Recurrence, Recurring};
use crate::{Interval, When};

fn whens() -> Vec<When> {
    let hour = Duration::from_secs(3600);
    let zone = Zone::new("Europe/Berlin").unwrap();
    let (weekdays, zone) = (vec![Weekday::Sunday, Weekday::Monday], zone);
    let text = "DTSTART;TZID=Europe/Berlin:20260104T020030\nRRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1FR;COUNT=7";
    vec![
        Interval::new(Timestamp::from_unix_seconds(5), Timestamp::from_unix_seconds(1_800_000_000)).into(),
        Recurring { weekdays, hour: 23, minute: 59, length: hour, zone }.into(),
        Recurrence::parse(text, hour).unwrap().into(),
    ]
}

#[test]
fn there_and_back() {
    for when in whens() {
        for by in [None, Some("ops, \"Anna\" 🦀")] {
            let mut correction = Correction::count_as_good(when.clone(), "a\nreason");
            correction.by = by.map(str::to_owned);
            correction.set_at = Some(Timestamp::from_unix_nanos(1_798_718_400_123_456_789));
            let corrected = Corrected { objective: "turns".to_owned(), said: Said::Corrects(correction) };
            let mut bytes = Vec::new();
            corrected.encode(&mut bytes);
            assert_eq!(Corrected::decode(1, &bytes), Ok(corrected));
            for cut in 0..bytes.len() {
                assert!(Corrected::decode(1, &bytes[..cut]).is_err(), "{cut}");
            }
        }
    }
    let back = Corrected { objective: "turns".to_owned(), said: Said::TakesBack(Timestamp::from_unix_seconds(1)) };
    let mut bytes = Vec::new();
    back.encode(&mut bytes);
    assert_eq!(Corrected::decode(1, &bytes), Ok(back));
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Corrected::decode(1, &bytes);
    }
}
