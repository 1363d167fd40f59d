//! What is read as a time or a duration, and what is not.

use super::{FOREVER_MS, nanos, time};

#[test]
fn times_are_seconds_or_dates() {
    let check = |text: &str, expect: i64| assert_eq!(time(text), Ok(expect), "{text}");
    check("0", 0);
    check("1435781430.781", 1_435_781_430_781);
    check("-1.5", -1500);
    check("1e3", 1_000_000);
    check("123.4565", 123_457);
    check("2015-07-01T20:10:30.781Z", 1_435_781_430_781);
    check("2015-07-01T22:10:30.7+02:00", 1_435_781_430_700);
    check("2015-07-01T20:10:30.781999999Z", 1_435_781_430_781);
    check("1969-12-31T23:59:59Z", -1000);
    check("2024-02-29T00:00:00-00:30", 1_709_166_600_000);
    check("0000-03-01T00:00:00Z", -62_162_035_200_000);
    check("9999-12-31T23:59:59.999Z", 253_402_300_799_999);
    check("-292273086-05-16T16:47:06Z", -FOREVER_MS);
    check("292277025-08-18T07:12:54.999999999Z", FOREVER_MS);
    for bad in [
        "",
        "now",
        "NaN",
        "1e300",
        "-Inf",
        "2015-07-01",
        "2015-07-01T20:10:30",
        "2015-07-01 20:10:30Z",
        "2015-7-01T20:10:30Z",
        "2015-13-01T20:10:30Z",
        "2015-00-01T20:10:30Z",
        "2015-02-29T20:10:30Z",
        "2015-07-00T20:10:30Z",
        "2015-07-01T24:10:30Z",
        "2015-07-01T20:60:30Z",
        "2015-07-01T20:10:60Z",
        "2015-07-01T20:10:30.Z",
        "2015-07-01T20:10:30.1234567890Z",
        "2015-07-01T20:10:30ZZ",
        "2015-07-01T20:10:30+2:00",
        "2015-07-01T20:10:30+02",
        "2015-07-01T20:10:30+24:00",
        "2015-07-01T20:10:30:00Z",
        "+015-07-01T20:10:30Z",
        "2015-07-01T20:10:3é",
        "TZ",
    ] {
        assert_eq!(time(bad), Err(format!("cannot parse {bad:?} to a valid timestamp")));
    }
}

#[test]
fn durations_are_seconds_or_have_units() {
    let check = |text: &str, expect: i64| assert_eq!(nanos(text), Ok(expect), "{text}");
    check("15", 15_000_000_000);
    check("0.25", 250_000_000);
    check("-1", -1_000_000_000);
    check("1h30m", 5_400_000_000_000);
    check("5ms", 5_000_000);
    for bad in ["", "5 m", "m", "1m1h", "-5m", "1x"] {
        assert_eq!(nanos(bad), Err(format!("cannot parse {bad:?} to a valid duration")));
    }
    for far in ["1e300", "NaN", "-Inf", "9223372037"] {
        assert_eq!(nanos(far), Err(format!("cannot parse {far:?} to a valid duration. It overflows int64")));
    }
}
