//! Rules A22 to A26, A33: windows, calendars and clocks that are changed.

use std::time::Duration;

use bellwether_core::Timestamp;
use bellwether_slo::{Calendar, Interval, Outlook, Period, Ratio, Sli, Unit, Weekday, Zone, measure};
use proptest::prelude::*;

use crate::log::{DAY, HOUR, Log, at, secs, slo, span, target, zone};

fn calendar(unit: Unit, of: &str) -> Calendar {
    Calendar::new(unit, zone(of))
}

proptest! {
    /// The last so long is left-open, and what is in it is what a recount of the log says.
    #[test]
    fn a22_rolling(events in prop::collection::vec((0_u64..600, 0_u64..3, 0_u64..3), 0..80), now in 0_u64..600, length in 60_u64..300) {
        let mut log = Log::default();
        let base = 10_000;
        for (second, good, bad) in &events {
            log.add(base + second, *good, *bad);
        }
        let period = Period::rolling(secs(length)).unwrap();
        let over = period.at(at(base + now));
        let measured = measure(&slo(0.9).period(period), &log, over).unwrap();
        let within = events.iter().filter(|(second, ..)| base + second > base + now - now.min(length) - length.saturating_sub(now) && *second <= now);
        let (good, bad) = within.fold((0, 0), |(g, b), (_, good, bad)| (g + good, b + bad));
        prop_assert_eq!(measured.events, Sli::new(good, good + bad));
    }
}

/// An event at the start of a window is not in it, and one at its end is.
#[test]
fn a22_left_open() {
    let mut log = Log::default();
    log.add(1000, 1, 0).add(1060, 2, 0).add(1120, 4, 0);
    let count = |start, end| measure(&slo(0.9), &log, span(start, end)).unwrap().events.total;
    assert_eq!((count(1000, 1060), count(1060, 1120), count(1000, 1120)), (2, 4, 6));
}

/// Minutes that 99.9 % of a period allow to be bad.
fn allowance(of: &str, unit: Unit, name: &str) -> String {
    let length = calendar(unit, of).named(name).unwrap().length();
    let minutes = Ratio::from(length.as_secs()).checked_mul(target(0.999).budget()).unwrap();
    format!("{} h {:.2}", length.as_secs() / HOUR, minutes.to_f64() / 60.0)
}

/// A month is as long as it is.
#[test]
fn a23_months() {
    let month = |of, name| allowance(of, Unit::Month, name);
    assert_eq!(month("UTC", "2026-02"), "672 h 40.32");
    assert_eq!(month("UTC", "2028-02"), "696 h 41.76");
    assert_eq!(month("UTC", "2026-04"), "720 h 43.20");
    assert_eq!(month("UTC", "2026-05"), "744 h 44.64");
    assert_eq!(month("Europe/Berlin", "2026-03"), "743 h 44.58");
    assert_eq!(month("Europe/Berlin", "2026-10"), "745 h 44.70");
    let berlin = |unit, name| calendar(unit, "Europe/Berlin").named(name).unwrap().to_string();
    assert_eq!(berlin(Unit::Month, "2026-10"), "2026-09-30T22:00:00Z/2026-10-31T23:00:00Z");
    assert_eq!(berlin(Unit::Quarter, "2026-Q4"), "2026-09-30T22:00:00Z/2026-12-31T23:00:00Z");
    assert_eq!(berlin(Unit::Year, "2026"), "2025-12-31T23:00:00Z/2026-12-31T23:00:00Z");
    assert_eq!(berlin(Unit::Week, "2026-W43"), "2026-10-18T22:00:00Z/2026-10-25T23:00:00Z");
    assert_eq!(berlin(Unit::Day, "2026-10-25"), "2026-10-24T22:00:00Z/2026-10-25T23:00:00Z");
}

/// Weeks start on Monday, or on the day that is asked for.
#[test]
fn a23_weeks() {
    let monday = Calendar::new(Unit::Week, Zone::utc());
    let sunday = monday.clone().week_starts(Weekday::Sunday);
    let wednesday: Interval = "2026-10-06T00:00:00Z/2026-10-07T12:00:00Z".parse().unwrap();
    let week = |calendar: &Calendar| calendar.at(wednesday.end).to_string();
    assert_eq!(week(&monday), "2026-10-05T00:00:00Z/2026-10-12T00:00:00Z");
    assert_eq!(week(&sunday), "2026-10-04T00:00:00Z/2026-10-11T00:00:00Z");
    assert_eq!(monday.name_of(monday.at(wednesday.end)), "2026-W41");
    assert_eq!(sunday.name_of(sunday.at(wednesday.end)), "2026-10-04");
    assert_eq!(sunday.named("2026-10-04").unwrap(), sunday.at(wednesday.end));
    // The first days of a year may be of a week of the year before.
    let new_year = monday.named("2026-W53").unwrap();
    assert_eq!(new_year.to_string(), "2026-12-28T00:00:00Z/2027-01-04T00:00:00Z");
    assert_eq!(monday.name_of(new_year), "2026-W53");
}

/// Where there is no midnight a day begins with its first instant; one that a zone skipped has no length.
#[test]
fn a24_no_midnight() {
    let day = |of: &str, name: &str| calendar(Unit::Day, of).named(name).unwrap();
    // Beirut's clocks went from 00:00 to 01:00.
    let spring = day("Asia/Beirut", "2024-03-31");
    assert_eq!(spring.to_string(), "2024-03-30T22:00:00Z/2024-03-31T21:00:00Z");
    assert_eq!(spring.length(), secs(23 * HOUR));
    // Havana has two midnights in autumn: the day begins with the first.
    assert_eq!(day("America/Havana", "2024-11-03").length(), secs(25 * HOUR));
    // St. John's went from 00:01 back to 23:01: the first minute of the day came before the last hour of the day before.
    let november = day("America/St_Johns", "2006-10-29");
    assert_eq!(november.to_string(), "2006-10-29T02:30:00Z/2006-10-30T03:30:00Z");
    assert_eq!(calendar(Unit::Day, "America/St_Johns").at(at(1_162_090_800)), november);
    // Samoa had no 30 December 2011.
    let apia = calendar(Unit::Day, "Pacific/Apia");
    let skipped = day("Pacific/Apia", "2011-12-30");
    assert_eq!(skipped.length(), Duration::ZERO);
    assert_eq!(skipped.to_string(), "2011-12-30T10:00:00Z/2011-12-30T10:00:00Z");
    assert_eq!(apia.next(day("Pacific/Apia", "2011-12-29")), day("Pacific/Apia", "2011-12-31"));
    let month = calendar(Unit::Month, "Pacific/Apia").named("2011-12").unwrap();
    assert_eq!(month.length(), secs(30 * DAY));
    assert_eq!(apia.tiles(month).count(), 30);
}

/// In the middle of a month there are two budgets: of what was, and of what will have been.
#[test]
fn a25_outlook() {
    let month = calendar(Unit::Month, "UTC").named("2026-04").unwrap();
    let now = month.start.after(secs(10 * DAY));
    let outlook = Outlook::new(Sli::new(99_950, 100_000), target(0.999), month, now).unwrap();
    assert_eq!((outlook.so_far.allowed, outlook.so_far.spent), (Ratio::from(100), Ratio::from(50)));
    assert_eq!((outlook.projected.allowed, outlook.projected.spent), (Ratio::from(300), Ratio::from(50)));
    assert_eq!(outlook.projected.remaining(), Ratio::new(5, 6));
    assert_eq!(Outlook::new(Sli::default(), target(0.999), month, month.start), None);
    // Alerts look at the last 30 days all the same.
    assert_eq!(Period::calendar(Unit::Month, Zone::utc()).nominal(), secs(30 * DAY));
}

/// Lengths as OpenSLO writes them; months, quarters and years only with a calendar.
#[test]
fn a26_lengths() {
    let nominal = |text: &str| text.parse::<Period>().map(|period| period.nominal().as_secs());
    assert_eq!(nominal("90m").unwrap(), 90 * 60);
    assert_eq!(nominal("12h").unwrap(), 12 * HOUR);
    assert_eq!(nominal("28d").unwrap(), 28 * DAY);
    assert_eq!(nominal("4w").unwrap(), 28 * DAY);
    for text in ["1M", "1Q", "1Y"] {
        let error = nominal(text).unwrap_err().to_string();
        assert!(error.contains("needs a calendar"), "{error}");
    }
    let error = |text| nominal(text).unwrap_err().to_string();
    insta::assert_snapshot!(error("28"), @r#"period "28": has no unit that is known; give a number and m, h, d or w, such as 28d"#);
    insta::assert_snapshot!(error("-3d"), @r#"period "-3d": is no whole number of them; give a number and m, h, d or w, such as 28d"#);
    insta::assert_snapshot!(error("0d"), @r#"period "0ns": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary"#);
    assert_eq!(Period::days(28).unwrap().to_string(), "28d");
    assert_eq!(Period::calendar(Unit::Month, zone("Europe/Berlin")).to_string(), "month in Europe/Berlin");
}

/// A leap second is the second before it.
#[test]
fn a33_leap_second() {
    let leap: Interval = "2016-12-31T23:59:60Z/2017-01-01T00:01:00Z".parse().unwrap();
    assert_eq!(leap.to_string(), "2016-12-31T23:59:59Z/2017-01-01T00:01:00Z");
    let minute: Interval = "2016-12-31T23:59:00Z/2017-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(minute.length(), secs(60));
}

/// The instant between two periods is the end of the first.
#[test]
fn borders() {
    let months = calendar(Unit::Month, "Europe/Berlin");
    let (october, november) = (months.named("2026-10").unwrap(), months.named("2026-11").unwrap());
    assert_eq!(months.at(october.end), october);
    assert_eq!(months.at(Timestamp::from_unix_nanos(october.end.unix_nanos() + 1)), november);
    assert_eq!((months.next(october), months.previous(november)), (november, october));
    let period = Period::from(months);
    assert_eq!((period.at(november.end), period.previous(november.end)), (november, october));
}
