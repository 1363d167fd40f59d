//! Every zone of the time zone database: days, weeks, months, quarters and years tile, from 1970 to 2037.

use bellwether_core::Timestamp;
use bellwether_slo::{Calendar, Interval, Unit, Zone};

use crate::log::DAY;

/// The zones of the machine's database.
fn zones() -> Vec<Zone> {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    // Of names for the same zone, one.
    let is_own = |name: &&String| jiff::tz::TimeZone::get(name).is_ok_and(|zone| zone.is_primary());
    assert!(names.iter().all(|name| Zone::new(name).is_ok()));
    names.iter().filter(is_own).filter_map(|name| Zone::new(name).ok()).collect()
}

/// Sums of the lengths, and that each begins where the one before ends.
fn tiles(calendar: &Calendar, over: Interval) -> Vec<Interval> {
    let tiles: Vec<Interval> = calendar.tiles(over).collect();
    let name = calendar.zone.name();
    assert_eq!(tiles.first().map(|tile| tile.start), Some(over.start), "{name} {:?}", calendar.unit);
    assert_eq!(tiles.last().map(|tile| tile.end), Some(over.end), "{name} {:?}", calendar.unit);
    for (one, next) in tiles.iter().zip(&tiles[1..]) {
        assert_eq!(one.end, next.start, "{name} {:?}", calendar.unit);
    }
    tiles
}

/// A day has 23 to 25 hours almost everywhere; where a zone changed sides of the date line, none or 48.
#[test]
fn a24_every_zone_tiles() {
    let zones = zones();
    assert!(zones.len() > 300, "{} zones: is there a database?", zones.len());
    for zone in &zones {
        let of = |unit| Calendar::new(unit, zone.clone());
        let [days, weeks, months, quarters, years] =
            [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year].map(of);
        // Whole years of the zone, the first after 1970 began everywhere.
        let all = Interval::new(years.named("1971").unwrap().start, years.named("2037").unwrap().end);
        assert_eq!(tiles(&years, all).len(), 67);
        assert_eq!(tiles(&quarters, all).len(), 67 * 4);
        let all_months = tiles(&months, all);
        assert_eq!(all_months.len(), 67 * 12);
        // What a unit is does not depend on which instant of it is asked about.
        for month in all_months.iter().step_by(7) {
            let middle = Timestamp::from_unix_nanos(month.start.unix_nanos().midpoint(month.end.unix_nanos()));
            assert_eq!((months.at(middle), months.at(month.end)), (*month, *month), "{zone}");
            assert_eq!(months.named(&months.name_of(*month)).unwrap(), *month, "{zone}");
        }
        // Days and weeks, of the years in which a zone's clocks are changed oddly, and of one that is ordinary.
        for name in ["1972", "2006", "2011", "2026"] {
            let year = years.named(name).unwrap();
            for month in months.tiles(year) {
                let in_days = tiles(&days, month);
                let in_weeks = tiles(&weeks, month);
                let sum = |tiles: &[Interval]| tiles.iter().map(|tile| tile.length()).sum::<std::time::Duration>();
                assert_eq!((sum(&in_days), sum(&in_weeks)), (month.length(), month.length()), "{zone} {month}");
                for day in in_days {
                    let hours = day.length().as_secs_f64() / 3600.0;
                    let moved = name == "2011" || name == "1972";
                    assert!((22.0..=26.0).contains(&hours) || (moved && hours <= 48.0), "{zone} {day}: {hours} h");
                    assert_eq!(days.named(&days.name_of(day)).unwrap(), day, "{zone}");
                }
            }
        }
        assert!(all.length().as_secs().abs_diff(67 * 365 * DAY) < 18 * DAY);
    }
}
