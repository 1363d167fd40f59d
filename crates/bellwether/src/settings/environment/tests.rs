//! Variables that are no setting, and what is said of them.

use super::misspelled;

#[test]
fn what_looks_like_a_setting_is_noticed() {
    let names = [
        "BELLWETHER_TICK",
        "BELLWETHER_METRIC_ACCESS",
        "BELLWETHER_OTLP_ENDPIONT",
        "BELLWETHER_SERVICE_HOST",
        "BELLWETHER_\u{1b}[2J",
        "PATH",
        "bellwether_tick",
    ];
    insta::assert_snapshot!(misspelled(names.map(str::to_owned)).join("\n"), @r"
    there is no setting BELLWETHER_METRIC_ACCESS; did you mean BELLWETHER_METRICS_ACCESS?
    there is no setting BELLWETHER_OTLP_ENDPIONT; did you mean BELLWETHER_OTLP_ENDPOINT?
    there is no setting BELLWETHER_SERVICE_HOST; the variable is ignored
    there is no setting BELLWETHER_\u{1b}[2J; the variable is ignored
    ");
    assert_eq!(misspelled((0..1000).map(|n| format!("BELLWETHER_{n}"))).len(), 16);
}
