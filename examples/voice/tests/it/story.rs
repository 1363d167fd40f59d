//! The day of trouble is the same every day, whatever its length.

use std::time::Duration;

use voice::story::{cues, time_of_day};

const DAY: Duration = Duration::from_secs(300);

#[test]
fn told_in_order() {
    let lines: Vec<String> = cues(DAY).take(18).map(|cue| cue.line(DAY)).collect();
    assert_eq!(lines[0], "08:00  the language model takes five times as long (for 16 s)");
    assert_eq!(lines[1], "09:15  the language model is fast again");
    assert!(lines.is_sorted(), "{lines:#?}");
    assert_eq!(lines[..2], cues(DAY).skip(18).take(2).map(|cue| cue.line(DAY)).collect::<Vec<_>>());
}

#[test]
fn the_first_trouble_is_over_within_half_a_minute() {
    let at: Vec<Duration> = cues(DAY).map(|cue| cue.at).take(37).collect();
    assert_eq!(at[0], Duration::from_millis(12_500));
    assert!(at[1] < Duration::from_secs(30));
    assert_eq!(at[18], at[0] + DAY, "the next day is the same");
    assert!(at.is_sorted());
}

#[test]
fn the_clock_shows_seven_at_the_start_and_goes_round() {
    let hours = |elapsed| (time_of_day(DAY, elapsed).as_secs_f64() / 360.0).round() / 10.0;
    assert_eq!([Duration::ZERO, DAY / 2, DAY].map(hours), [7.0, 19.0, 7.0]);
}
