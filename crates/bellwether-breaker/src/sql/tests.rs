//! Codes of every class, and what is no code.

use super::outcome;
use crate::outcome::Outcome;

#[test]
fn by_code() {
    let failures = [
        "08000", "08006", "53300", "57014", "57P01", "57P03", "58030", "F0001", "XX000", "25006", "7", "10", "266",
        "14", "8714", "26",
    ];
    let alive = [
        "23505",
        "23000",
        "22001",
        "42601",
        "40001",
        "40P01",
        "55P03",
        "28P01",
        "25001",
        "HY000",
        "2067",
        "1555",
        "5",
        "6",
        "1",
        "",
        "080",
        "0800",
        "080066",
        "nonsense",
        "é8000",
        "4294967296",
    ];
    for (codes, expect) in [(&failures[..], Outcome::Failure), (&alive[..], Outcome::Alive)] {
        for code in codes {
            assert_eq!(outcome(code), expect, "{code}");
        }
    }
}
