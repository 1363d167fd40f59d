//! What scrapers ask for and what they get.

use bellwether_export::prometheus::{accepts_gzip, negotiate};
use proptest::prelude::*;

fn check(accept: &str, content_type: &str) {
    assert_eq!(negotiate(Some(accept)).content_type(), content_type, "for {accept:?}");
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTOBUF: &str = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

#[test]
fn what_scrapers_send() {
    // Prometheus 2.42, with native histograms and without.
    check(
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited,\
         application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        PROTOBUF,
    );
    check(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        OPEN_METRICS,
    );
    // Prometheus 3.
    check(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
         application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
         text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    );
    // Prometheus 2.5 to 2.30.
    check(
        "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text; version=0.0.1; charset=utf-8",
    );
    // curl, a browser, Go's client without a preference.
    check("*/*", TEXT);
    check("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", TEXT);
    check("", TEXT);
    assert_eq!(negotiate(None).content_type(), TEXT);
}

#[test]
fn weights_and_order() {
    check("text/plain;q=0.3,application/openmetrics-text;q=0.7", OPEN_METRICS);
    check("text/plain;q=0.7,application/openmetrics-text;q=0.3", TEXT);
    check("application/openmetrics-text,text/plain", OPEN_METRICS);
    check("text/plain,application/openmetrics-text", TEXT);
    check("*/*,application/openmetrics-text", OPEN_METRICS);
    check("text/*,application/openmetrics-text;q=0.9", TEXT);
    check("application/openmetrics-text;q=0,text/plain;q=0.001", TEXT);
    check("application/openmetrics-text;q=0", TEXT);
    check("text/plain;q=0,*/*", OPEN_METRICS);
    check("TEXT/Plain; Version=0.0.4 ; Q=0.1 , Application/OpenMetrics-Text ; q=0.2", OPEN_METRICS);
}

#[test]
fn versions_parameters_and_escaping() {
    check("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8");
    check("text/plain;version=1.0.0;escaping=values", "text/plain; version=1.0.0; charset=utf-8; escaping=values");
    check("text/plain;version=0.0.4;escaping=dots", "text/plain; version=0.0.4; charset=utf-8; escaping=dots");
    check("text/plain;escaping=morse", TEXT);
    check("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", TEXT);
    check("text/plain;version=7,application/openmetrics-text;q=0.1", OPEN_METRICS);
    check("application/openmetrics-text;version=\"1.0.0\"", OPEN_METRICS);
    check("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", TEXT);
    check("application/vnd.google.protobuf;encoding=delimited", TEXT);
}

#[test]
fn what_is_malformed_is_passed_over() {
    check("application/openmetrics-text;q=high,text/plain;q=0.1", TEXT);
    check("application/openmetrics-text;q=NaN", TEXT);
    check("application/openmetrics-text;q=2", TEXT);
    check(",,;;=,\"", TEXT);
    check("x/y;a=\"one,two\\\";q=1\",application/openmetrics-text", OPEN_METRICS);
}

#[test]
fn a_long_header_is_no_weapon() {
    // Hours, if each of these made the others be read again.
    check(&"text/*,".repeat(150_000), TEXT);
    check(&"*/*;q=0.1,".repeat(100_000), TEXT);
    check(&"text/plain;q=0,".repeat(70_000), TEXT);
}

#[test]
fn gzip() {
    let check = |header: &str, expected: bool| assert_eq!(accepts_gzip(Some(header)), expected, "for {header:?}");
    check("gzip", true);
    check("gzip, deflate, br", true);
    check("x-gzip", true);
    check("*", true);
    check("gzip;q=0.5", true);
    check("identity;q=0.5, gzip", true);
    check("GZIP;Q=1.0", true);
    check("gzip;q=0", false);
    check("*;q=0, gzip", true);
    check("gzip;q=0, *", false);
    check("gzip;q=0.2, identity", false);
    check("identity", false);
    check("br", false);
    check("", false);
    assert!(!accepts_gzip(None));
}

proptest! {
    #[test]
    fn any_header_gets_an_answer(accept in "\\PC{0,200}") {
        let _ = (negotiate(Some(&accept)).content_type(), accepts_gzip(Some(&accept)));
    }

    #[test]
    fn the_highest_weight_wins(text in 1_u16..=1000, open_metrics in 1_u16..=1000) {
        prop_assume!(text != open_metrics);
        let (t, o) = (f64::from(text) / 1000.0, f64::from(open_metrics) / 1000.0);
        let accept = format!("text/plain;q={t},application/openmetrics-text;q={o}");
        let expected = if text > open_metrics { TEXT } else { OPEN_METRICS };
        prop_assert_eq!(negotiate(Some(&accept)).content_type(), expected);
    }
}
