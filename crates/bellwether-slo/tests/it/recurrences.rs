//! Recurrence rules of RFC 5545 beside another program's reading of them, by clocks that change, and what is none.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use bellwether_slo::{Correction, Interval, Recurrence};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::log::{DAY, HOUR, secs, span};

fn parse(text: &str) -> Recurrence {
    Recurrence::parse(text, secs(HOUR)).unwrap()
}

/// When it begins, between two instants in seconds.
fn begins(recurrence: &Recurrence, from: u64, to: u64) -> Vec<i64> {
    let times = Correction::exclude(recurrence.clone(), "").within(span(from, to));
    times.iter().map(|time| (time.start.unix_millis() / 1000) as i64).collect()
}

fn wall(seconds: i64, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap();
    zone.to_datetime(jiff::Timestamp::from_second(seconds).unwrap()).strftime("%Y%m%dT%H%M%S").to_string()
}

/// Those of 2026 in Berlin, as they are on the wall.
fn check(lines: &str, expect: &[&str]) {
    let recurrence = parse(&format!("DTSTART;TZID=Europe/Berlin:{lines}"));
    let found = begins(&recurrence, 1_767_222_000, 1_798_758_000);
    assert_eq!(found.iter().map(|at| wall(*at, "Europe/Berlin")).collect::<Vec<_>>(), expect, "{lines}");
}

#[test]
fn of_months_weeks_and_days() {
    let first = "20260104T020000\nRRULE:FREQ=MONTHLY;BYDAY=1SU;UNTIL=20260405";
    check(first, &["20260104T020000", "20260201T020000", "20260301T020000", "20260405T020000"]);
    check("20260131T000000\nRRULE:FREQ=MONTHLY;COUNT=3", &["20260131T000000", "20260331T000000", "20260531T000000"]);
    let last = "20260101T233000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2;INTERVAL=13";
    check(last, &["20260131T233000"]);
    let other_weeks = "20261201T120000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU";
    check(
        other_weeks,
        &["20261201T120000", "20261213T120000", "20261215T120000", "20261227T120000", "20261229T120000"],
    );
    let workdays = "20261224T220000\nRRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR";
    check(
        workdays,
        &[
            "20261224T220000",
            "20261225T220000",
            "20261228T220000",
            "20261229T220000",
            "20261230T220000",
            "20261231T220000",
        ],
    );
    // A Friday the thirteenth.
    check(
        "20260101T130000\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        &["20260213T130000", "20260313T130000", "20261113T130000"],
    );
    // Until an instant, that of the second included.
    check("20261001T000000\nRRULE:FREQ=DAILY;UNTIL=20261001T220000Z", &["20261001T000000", "20261002T000000"]);
    // In the gap it begins when that ends, and of two equal times it takes the first.
    check("20260328T023000\nRRULE:FREQ=DAILY;COUNT=2", &["20260328T023000", "20260329T030000"]);
    check("20261025T023000\nRRULE:FREQ=DAILY;COUNT=1", &["20261025T023000"]);
    let night = parse("DTSTART;TZID=Europe/Berlin:20261025T023000\nRRULE:FREQ=DAILY;COUNT=1");
    assert_eq!(begins(&night, 1_767_222_000, 1_798_758_000), [1_792_888_200]);
    // One that began before reaches in.
    let long = Recurrence::parse("DTSTART:20260101T000000Z\nRRULE:FREQ=MONTHLY", secs(7 * DAY)).unwrap();
    let third = 1_767_225_600 + 2 * DAY;
    let within = Correction::exclude(long, "").within(span(third, third + 30 * DAY));
    assert_eq!(within, [span(third, third + 5 * DAY), span(third + 29 * DAY, third + 30 * DAY)]);
}

#[test]
fn written_as_read() {
    for text in [
        "DTSTART;TZID=Europe/Berlin:20260104T020000\nRRULE:FREQ=MONTHLY;BYDAY=1SU",
        "DTSTART:20260104T020030Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SA;WKST=SU;UNTIL=20261231T235959Z",
        "DTSTART:20260104T020000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;BYMONTHDAY=-7,25;COUNT=3",
        "DTSTART:20260104T020000Z\nRRULE:FREQ=DAILY;UNTIL=20261231",
    ] {
        assert_eq!(parse(text).to_string(), text);
        let (start, rule) = text.split_once('\n').unwrap();
        assert_eq!(parse(&format!(" {rule}\r\n{start}\r\n")).to_string(), text);
    }
}

#[test]
fn what_is_no_rule() {
    let wrong = |rule: &str| {
        let text = format!("DTSTART:20260104T020000Z\nRRULE:{rule}");
        let error = Recurrence::parse(&text, secs(HOUR)).unwrap_err().to_string();
        let accepted = "; give FREQ=DAILY, WEEKLY or MONTHLY, with INTERVAL, BYDAY (MO; of months also 1SU or -1FR), \
                        BYMONTHDAY, WKST, and UNTIL or COUNT";
        error
            .strip_prefix("recurrence rule ")
            .and_then(|rest| rest.strip_suffix(accepted))
            .map_or(error.clone(), str::to_owned)
    };
    insta::assert_snapshot!([
        "", "FREQ", "INTERVAL=2", "FREQ=YEARLY", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;BYHOUR=3", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=WEEKLY;BYDAY=1SU", "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYDAY=0SU", "FREQ=MONTHLY;BYDAY=6SU", "FREQ=MONTHLY;BYDAY=MON", "FREQ=MONTHLY;BYDAY=🦀", "FREQ=MONTHLY;BYDAY=,",
        "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=MONTHLY;BYMONTHDAY=30;INTERVAL=12;UNTIL=20260110", "FREQ=DAILY;INTERVAL=9999;COUNT=9",
        "FREQ=DAILY;UNTIL=20261231T000000",
        "FREQ=DAILY;UNTIL=20261301", "FREQ=DAILY;UNTIL=20261231;COUNT=2", "FREQ=DAILY;WKST=1MO",
    ].map(wrong).join("\n"), @r##"
    "": "" is no part of a rule
    "FREQ": "FREQ" is no part of a rule
    "INTERVAL=2": has no FREQ
    "FREQ=YEARLY": FREQ=YEARLY is not understood
    "FREQ=DAILY;FREQ=DAILY": "FREQ=DAILY" comes after another of its kind
    "FREQ=DAILY;INTERVAL=0": INTERVAL=0 is no number from 1 to 9999
    "FREQ=DAILY;COUNT=-1": COUNT=-1 is no number from 1 to 9999
    "FREQ=DAILY;BYHOUR=3": BYHOUR=3 is not understood
    "FREQ=MONTHLY;BYSETPOS=1": BYSETPOS=1 is not understood
    "FREQ=WEEKLY;BYDAY=1SU": numbers days of the week, which is for months
    "FREQ=WEEKLY;BYMONTHDAY=1": has days of months in weeks
    "FREQ=MONTHLY;BYDAY=0SU": BYDAY=0SU is no day
    "FREQ=MONTHLY;BYDAY=6SU": BYDAY=6SU is no day
    "FREQ=MONTHLY;BYDAY=MON": BYDAY=MON is no day
    "FREQ=MONTHLY;BYDAY=🦀": BYDAY=🦀 is no day
    "FREQ=MONTHLY;BYDAY=,": BYDAY=, is no day
    "FREQ=MONTHLY;BYMONTHDAY=32": BYMONTHDAY=32 is no day of a month
    recurrence rule "FREQ=MONTHLY;BYMONTHDAY=30;INTERVAL=12;UNTIL=20260110": does not come within a hundred years; give one that falls on a day from its start on
    recurrence rule "FREQ=DAILY;INTERVAL=9999;COUNT=9": takes more than a hundred years; give a smaller COUNT, or none
    "FREQ=DAILY;UNTIL=20261231T000000": UNTIL=20261231T000000 is no day and no time in UTC, such as 20261231 or 20261231T235959Z
    "FREQ=DAILY;UNTIL=20261301": UNTIL=20261301 is no day and no time in UTC, such as 20261231 or 20261231T235959Z
    "FREQ=DAILY;UNTIL=20261231;COUNT=2": ends twice, by UNTIL and by COUNT
    "FREQ=DAILY;WKST=1MO": WKST=1MO is no day
    "##);
    let wrong = |text: &str, length: Duration| Recurrence::parse(text, length).unwrap_err().to_string();
    let rule = "RRULE:FREQ=DAILY";
    insta::assert_snapshot!([
        wrong(rule, secs(60)),
        wrong("DTSTART:20260104T020000\nRRULE:FREQ=DAILY", secs(60)),
        wrong("DTSTART:20260230T020000Z\nRRULE:FREQ=DAILY", secs(60)),
        wrong("DTSTART;TZID=Europe/Berlin:20260104T020000Z\nRRULE:FREQ=DAILY", secs(60)),
        wrong("DTSTART;VALUE=DATE:20260104\nRRULE:FREQ=DAILY", secs(60)),
        wrong("DTSTART:20260104T020000Z\nRRULE:FREQ=DAILY\nEXDATE:20260105T020000Z", secs(60)),
        wrong("DTSTART:20260104T020000Z\nRRULE:FREQ=DAILY\nRRULE:FREQ=DAILY", secs(60)),
        wrong("DTSTART:20260104T020000Z\nRRULE:FREQ=DAILY", secs(0)),
        wrong("DTSTART:20260104T020000Z\nRRULE:FREQ=DAILY", secs(8 * DAY)),
        wrong("DTSTART:20260201T020000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=30;INTERVAL=12", secs(60)),
    ].join("\n"), @r##"
    recurrence rule "RRULE:FREQ=DAILY": is not whole; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "DTSTART:20260104T020000": does not say whose clock it is by; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "DTSTART:20260230T020000Z": has no time such as 20260104T020000; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "DTSTART;TZID=Europe/Berlin:20260104T020000Z": has a zone and ends in Z, which is UTC; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "DTSTART;VALUE=DATE:20260104": does not say whose clock it is by; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "EXDATE:20260105T020000Z": EXDATE is not understood; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "RRULE:FREQ=DAILY": comes twice; give a line such as DTSTART;TZID=Europe/Berlin:20260104T020000 and one such as RRULE:FREQ=MONTHLY;BYDAY=1SU
    recurrence rule "FREQ=DAILY": has times of no length, or longer than a week; give a length of a week at most
    recurrence rule "FREQ=DAILY": has times of no length, or longer than a week; give a length of a week at most
    recurrence rule "FREQ=MONTHLY;BYMONTHDAY=30;INTERVAL=12": does not come within a hundred years; give one that falls on a day from its start on
    "##);
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn some<'a>(&mut self, of: &[&'a str], most: u64) -> Vec<&'a str> {
        (0..1 + self.below(most)).map(|_| of[self.below(of.len() as u64) as usize]).collect()
    }
}

fn rule(dice: &mut Dice) -> String {
    let days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let numbered = ["1MO", "2TU", "3WE", "4TH", "5FR", "-1SA", "-2SU", "-5MO", "+1SU"];
    let month_days = ["1", "2", "13", "28", "29", "30", "31", "-1", "-2", "-31"];
    let frequency = ["DAILY", "WEEKLY", "MONTHLY"][dice.below(3) as usize];
    let mut rule = format!("FREQ={frequency}");
    if dice.below(2) == 0 {
        rule += &format!(";INTERVAL={}", 1 + dice.below(5));
    }
    if dice.below(2) == 0 {
        // Of both kinds in one rule dateutil takes what they have in common, and the standard all.
        let of = if frequency == "MONTHLY" && dice.below(2) == 0 { &numbered[..] } else { &days[..] };
        rule += &format!(";BYDAY={}", dice.some(of, 3).join(","));
    }
    if dice.below(3) == 0 && frequency != "WEEKLY" {
        rule += &format!(";BYMONTHDAY={}", dice.some(&month_days, 3).join(","));
    }
    if dice.below(3) == 0 {
        rule += &format!(";WKST={}", dice.some(&days, 1)[0]);
    }
    match dice.below(3) {
        0 => rule += &format!(";COUNT={}", 1 + dice.below(40)),
        1 => {
            rule += &format!(
                ";UNTIL={:04}{:02}{:02}T{:02}0000Z",
                2026 + dice.below(2),
                1 + dice.below(12),
                1 + dice.below(28),
                dice.below(24)
            )
        }
        _ => {}
    }
    rule
}

/// Random rules come to the same in Python's dateutil: in UTC, where there is nothing but the rule.
#[test]
fn as_dateutil_has_them() {
    let has_it = Command::new("python3").args(["-c", "import dateutil.rrule"]).stderr(Stdio::null()).status();
    if !has_it.is_ok_and(|status| status.success()) {
        return; // No referee here.
    }
    let mut dice = Dice(5545);
    let mut cases = Vec::new();
    while cases.len() < 400 {
        let start = format!(
            "2026{:02}{:02}T{:02}{:02}00",
            1 + dice.below(12),
            1 + dice.below(28),
            dice.below(24),
            dice.below(60)
        );
        cases.push((start, rule(&mut dice)));
    }
    let mut python = Command::new("python3")
        .args(["-c", include_str!("recurrences.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    let lines: String = cases
        .iter()
        .map(|(start, rule)| format!("{start}|{}|20260101T000000|20271231T235959\n", rule.replace('Z', "")))
        .collect();
    let writes = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writes.join().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), cases.len());
    let (mut never, mut times) = (0, 0);
    let seconds = |text: &str| {
        let at = DateTime::strptime("%Y%m%dT%H%M%S", text).unwrap();
        TimeZone::UTC.to_timestamp(at).unwrap().as_second() as u64
    };
    let (from, to) = (seconds("20260101T000000"), seconds("20271231T235959"));
    for ((start, rule), told) in cases.iter().zip(told) {
        let expect: Vec<&str> = told.split(',').filter(|text| !text.is_empty()).collect();
        match Recurrence::parse(&format!("DTSTART:{start}Z\nRRULE:{rule}"), secs(60)) {
            Ok(recurrence) => {
                let within = Correction::exclude(recurrence, "").within(Interval::new(
                    bellwether_core::Timestamp::from_unix_seconds(from - 1),
                    bellwether_core::Timestamp::from_unix_seconds(to + 1),
                ));
                let found: Vec<String> =
                    within.iter().map(|time| wall((time.start.unix_millis() / 1000) as i64, "UTC")).collect();
                assert_eq!(found, expect, "{start} {rule}");
                times += found.len();
            }
            Err(error) => {
                assert!(error.to_string().contains("does not come within"), "{error}");
                assert_eq!(expect, [""; 0], "{start} {rule}");
                never += 1;
            }
        }
    }
    assert!(never < 80 && times > 3000, "{never} come never, {times} times");
}
