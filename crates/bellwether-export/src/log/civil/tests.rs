//! Dates against known ones, and against a calendar that counts day by day.

use super::{Civil, date};

#[test]
fn known_times() {
    let mut civil = Civil::default();
    let mut check = |second, expect: &str| assert_eq!(std::str::from_utf8(civil.at(second)), Ok(expect));
    check(0, "1970-01-01T00:00:00");
    check(951_782_400, "2000-02-29T00:00:00");
    check(951_868_799, "2000-02-29T23:59:59");
    check(951_868_800, "2000-03-01T00:00:00");
    check(1_700_000_000, "2023-11-14T22:13:20");
    check(1_700_000_000, "2023-11-14T22:13:20");
    check(4_102_444_799, "2099-12-31T23:59:59");
    check(4_107_542_400, "2100-03-01T00:00:00");
    check(253_402_300_799, "9999-12-31T23:59:59");
}

#[test]
fn every_day_until_2554() {
    let (mut year, mut month, mut day) = (1970, 1, 1);
    for since in 0..213_504 {
        assert_eq!(date(since), (year, month, day));
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
        day += 1;
        if day > days {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
}
