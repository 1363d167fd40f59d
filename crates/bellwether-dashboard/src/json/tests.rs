//! Texts and numbers beside what Go writes.

use std::time::Duration;

use bellwether_core::{Clock, Timestamp};
use proptest::prelude::*;

use crate::failure::Kind;
use crate::run::Watch;

use super::{CHUNK, Form, Output, Written};

fn written(write: impl FnOnce(&mut Output)) -> String {
    let mut out = Output::new(Form::short());
    write(&mut out);
    let Written { chunks, bytes, gzip: false } = out.finish() else { panic!("nobody asked for gzip") };
    let all = chunks.concat();
    assert_eq!(all.len() as u64, bytes);
    String::from_utf8(all).unwrap()
}

#[test]
fn numbers_are_those_of_go() {
    let check = |x: f64, expect: &str| assert_eq!(written(|out| out.number(x)), format!("\"{expect}\""));
    check(0.0, "0");
    check(-0.0, "-0");
    check(1.0, "1");
    check(-42.0, "-42");
    check(0.1, "0.1");
    check(1.5e-6, "0.0000015");
    check(0.000001, "0.000001");
    check(0.00000099, "9.9e-07");
    check(-1e-10, "-1e-10");
    check(5e-324, "5e-324");
    check(123456789.125, "123456789.125");
    // As near to the one as to the other: the even one.
    check(1429371858260177.0 + 0.25, "1429371858260177.2");
    check(9007199254740993.0, "9007199254740992");
    check(1e20, "100000000000000000000");
    check(123456789012345680000.0, "123456789012345680000");
    check(1e21, "1e+21");
    check(-1.25e300, "-1.25e+300");
    check(f64::MAX, "1.7976931348623157e+308");
    check(f64::INFINITY, "+Inf");
    check(f64::NEG_INFINITY, "-Inf");
    check(f64::NAN, "NaN");
    check(-f64::NAN, "NaN");
}

#[test]
fn plain_numbers_have_no_exponent() {
    let check = |x: f64, expect: &str| assert_eq!(written(|out| out.plain(x)), expect);
    check(-0.0, "-0");
    check(1_700_000_000.5, "1700000000.5");
    check(1e-7, "0.0000001");
    check(1e21, "1000000000000000000000");
    check(f64::INFINITY, "+Inf");
    check(f64::NAN, "NaN");
}

#[test]
fn times_have_three_decimals_or_none() {
    let check = |ms: i64, expect: &str| assert_eq!(written(|out| out.time(ms)), expect);
    check(0, "0");
    check(1_435_781_451_781, "1435781451.781");
    check(1_435_781_451_000, "1435781451");
    check(1_435_781_451_080, "1435781451.080");
    check(1, "0.001");
    check(-1, "-0.001");
    check(-1500, "-1.500");
    check(i64::MIN, "-9223372036854775.808");
}

#[test]
fn texts_are_escaped_as_for_a_page() {
    let check = |text: &str, expect: &str| assert_eq!(written(|out| out.text(text)), expect);
    check("", r#""""#);
    check("a\"b\\c", r#""a\"b\\c""#);
    check("<script>&", r#""\u003cscript\u003e\u0026""#);
    check("\n\r\t\0\u{1f}\u{7f}", "\"\\n\\r\\t\\u0000\\u001f\u{7f}\"");
    check("é\u{2028}x\u{2029}€", r#""é\u2028x\u2029€""#);
}

#[test]
fn what_gets_too_large_is_refused() {
    let mut out = Output::new(Form { limit: 3 * CHUNK, ..Form::short() });
    let text = "x".repeat(1000);
    let result = out.list(0..1000, |out, _| {
        out.text(&text);
        Ok(())
    });
    assert_eq!(
        result.unwrap_err().message,
        "the answer would take more than 196608 bytes; ask for less time, fewer series or a greater step"
    );
}

#[test]
fn what_nobody_waits_for_is_not_written() {
    let watch = Watch::new(Clock::manual(Timestamp::from_unix_seconds(0)), Duration::ZERO);
    let mut out = Output::new(Form { watch: Some(watch), ..Form::short() });
    let mut written = 0;
    let result = out.list(0..1000, |out, _| {
        written += 1;
        out.text(&"x".repeat(1000));
        Ok(())
    });
    assert_eq!((result.unwrap_err().kind, written), (Kind::Timeout, 66));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_read_back(text in any::<String>()) {
        prop_assert_eq!(serde_json::from_str::<String>(&written(|out| out.text(&text))).unwrap(), text);
    }

    /// As few digits as the standard library finds; which of two that are as near is another matter.
    #[test]
    fn numbers_read_back(bits in any::<u64>(), scale in -10_i32..30) {
        for x in [f64::from_bits(bits), (bits as f64 / 1e19) * 10_f64.powi(scale)] {
            let text = written(|out| out.number(x));
            let text = text.trim_matches('"').trim_start_matches('+');
            let back: f64 = text.parse().unwrap();
            prop_assert!(back.to_bits() == x.to_bits() || back.is_nan() && x.is_nan(), "{x:e}: {text}");
            if x.is_finite() {
                let digits = |text: &str| {
                    let mantissa = text.split('e').next().unwrap_or_default();
                    mantissa.replace(['.', '-'], "").trim_matches('0').to_owned()
                };
                prop_assert_eq!(digits(text).len(), digits(&format!("{x:e}")).len());
            }
        }
    }
}
