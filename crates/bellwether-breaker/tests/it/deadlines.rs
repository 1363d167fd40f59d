//! The four deadlines: which one elapses when, for every order in which an answer can come, or not come.

use std::time::Duration;

use bellwether_breaker::{Deadline, Deadlines, Elapsed, Progress};
use bellwether_core::Instant;
use insta::assert_snapshot;
use proptest::prelude::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(millis: u64) -> Instant {
    Instant::default().after(ms(millis))
}

/// Headers within 10 ms, content within 100, then something every 30, all within 300.
fn all() -> Deadlines {
    Deadlines::new().headers(ms(10)).first_content(ms(100)).idle(ms(30)).total(ms(300))
}

#[derive(Debug, Clone, Copy)]
enum Came {
    Headers,
    Work,
    Content(u64),
    Nothing,
}
use Came::{Content, Headers, Nothing, Work};

fn tell(progress: &mut Progress, now: Instant, came: Came) -> Result<(), Elapsed> {
    match came {
        Headers => progress.headers(now),
        Work => progress.work(now),
        Content(units) => progress.content(now, units),
        Nothing => progress.check(now),
    }
}

/// What came when; then the deadline that elapsed at the last of them, or the next one due and when.
fn check(deadlines: Deadlines, came: &[(u64, Came)], elapsed: Option<Deadline>, due: Option<u64>) {
    let mut progress = deadlines.start(at(0));
    let (last, before) = came.split_last().expect("something came");
    for (when, what) in before {
        tell(&mut progress, at(*when), *what).unwrap_or_else(|elapsed| panic!("{elapsed} at {when} of {came:?}"));
    }
    let end = tell(&mut progress, at(last.0), last.1);
    assert_eq!(end.err().map(|elapsed| elapsed.deadline), elapsed, "{came:?}");
    if elapsed.is_none() {
        assert_eq!(progress.due(), due.map(at), "{came:?}");
    }
}

fn late(came: &[(u64, Came)], elapsed: Deadline) {
    check(all(), came, Some(elapsed), None);
}

fn in_time(came: &[(u64, Came)], due: u64) {
    check(all(), came, None, Some(due));
}

#[test]
fn each_phase_has_its_deadline() {
    in_time(&[(0, Nothing)], 10);
    in_time(&[(9, Headers)], 100);
    in_time(&[(9, Headers), (99, Content(1))], 129);
    in_time(&[(9, Headers), (99, Content(1)), (128, Content(1))], 158);
    late(&[(10, Nothing)], Deadline::Headers);
    late(&[(9, Headers), (100, Nothing)], Deadline::FirstContent);
    late(&[(9, Headers), (50, Content(1)), (80, Nothing)], Deadline::Idle);
    let steady: Vec<_> = (0..30).map(|tick| (tick * 10, Content(1))).chain([(300, Content(1))]).collect();
    late(&steady, Deadline::Total);
}

#[test]
fn silence_before_the_first_content_is_not_idleness() {
    in_time(&[(1, Headers), (95, Nothing)], 100);
    // Nor are lifecycle frames content.
    in_time(&[(1, Headers), (2, Work), (60, Work), (95, Work)], 100);
    late(&[(1, Headers), (2, Work), (60, Work), (99, Work), (100, Work)], Deadline::FirstContent);
}

#[test]
fn headers_and_then_nothing() {
    late(&[(1, Headers), (37_000, Nothing)], Deadline::FirstContent);
    check(Deadlines::new().idle(ms(5)), &[(1, Headers), (37_000, Nothing)], None, None);
}

#[test]
fn work_keeps_an_answer_from_being_idle() {
    in_time(&[(1, Content(1)), (25, Work), (50, Work)], 80);
    late(&[(1, Content(1)), (25, Work), (55, Nothing)], Deadline::Idle);
}

#[test]
fn an_answer_that_dribbles_is_late_for_its_first_content() {
    let sentence = || all().usable(20);
    check(sentence(), &[(1, Content(5)), (40, Content(5)), (80, Content(9))], None, Some(100));
    check(
        sentence(),
        &[(1, Content(5)), (40, Content(5)), (80, Content(9)), (100, Content(1))],
        Some(Deadline::FirstContent),
        None,
    );
    check(sentence(), &[(1, Content(5)), (40, Content(5)), (99, Content(10))], None, Some(129));
    check(sentence(), &[(1, Content(u64::MAX)), (2, Content(u64::MAX))], None, Some(32));
    // Nothing is no content, however little is enough.
    check(all().usable(0), &[(1, Content(0))], None, Some(100));
}

#[test]
fn what_comes_too_late_comes_in_vain() {
    late(&[(1, Content(1)), (31, Content(1))], Deadline::Idle);
    late(&[(10, Headers)], Deadline::Headers);
    // The one that elapsed first is named, though nobody looked before the last was over too.
    late(&[(1, Headers), (9000, Content(1))], Deadline::FirstContent);
    let mut progress = all().start(at(0));
    let elapsed = progress.check(at(10)).unwrap_err();
    for came in [Headers, Work, Content(7), Nothing] {
        // Also if the clock goes back.
        assert_eq!(tell(&mut progress, at(3), came), Err(elapsed));
    }
    assert_eq!((progress.headers_after(), progress.first_content_after()), (None, None));
    assert_eq!(progress.due(), Some(at(10)));
}

#[test]
fn the_shortest_and_the_longest() {
    let zero = Duration::ZERO;
    for (deadlines, deadline) in [
        (Deadlines::new().headers(zero), Deadline::Headers),
        (Deadlines::new().first_content(zero), Deadline::FirstContent),
        (Deadlines::new().total(zero), Deadline::Total),
        (Deadlines::new().headers(zero).first_content(zero).idle(zero).total(zero), Deadline::Headers),
    ] {
        check(deadlines, &[(0, Nothing)], Some(deadline), None);
    }
    check(Deadlines::new().idle(zero), &[(0, Content(1)), (0, Nothing)], Some(Deadline::Idle), None);
    let max = Duration::MAX;
    let forever = Deadlines::new().headers(max).first_content(max).idle(max).total(max);
    check(forever, &[(u64::MAX, Nothing), (u64::MAX, Content(1)), (u64::MAX, Nothing)], None, None);
    check(Deadlines::default(), &[(u64::MAX, Nothing)], None, None);
}

#[test]
fn what_is_measured() {
    let mut progress = all().usable(2).start(at(5));
    progress.headers(at(8)).unwrap();
    progress.headers(at(9)).unwrap();
    assert_eq!((progress.headers_after(), progress.first_content_after()), (Some(ms(3)), None));
    progress.content(at(20), 1).unwrap();
    progress.content(at(30), 1).unwrap();
    progress.content(at(40), 1).unwrap();
    assert_eq!(progress.first_content_after(), Some(ms(25)));
    // Content without headers: they must have come.
    let mut progress = all().start(at(0));
    progress.content(at(7), 1).unwrap();
    assert_eq!(progress.headers_after(), Some(ms(7)));
}

#[test]
fn refusals_say_what_was_missing() {
    let elapsed = |came: &[(u64, Came)]| {
        let mut progress = all().start(at(0));
        came.iter().find_map(|(when, what)| tell(&mut progress, at(*when), *what).err()).unwrap()
    };
    assert_snapshot!(elapsed(&[(99, Nothing)]), @"given up: no headers within 10ms");
    assert_snapshot!(elapsed(&[(1, Headers), (200, Nothing)]), @"given up: no content within 100ms");
    assert_snapshot!(elapsed(&[(1, Content(1)), (50, Nothing)]), @"given up: nothing more came within 30ms");
    let only_total = Deadlines::new().total(ms(1500)).start(at(0)).check(at(1500)).unwrap_err();
    assert_snapshot!(only_total, @"given up: no end within 1.5s");
    assert_eq!(only_total.deadline.to_string(), "total");
}

fn limit() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(0..60_u64)
}

proptest! {
    /// A model that goes through time in steps of one and asks at each whether something is over.
    #[test]
    fn deadlines_equal_their_model(
        limits in (limit(), limit(), limit(), limit()),
        usable in 0..5_u64,
        came in prop::collection::vec((0..20_u64, 0..4_u8, 0..4_u64), 0..12),
    ) {
        let (headers, first, idle, total) = limits;
        let mut deadlines = Deadlines::new().usable(usable);
        if let Some(limit) = headers { deadlines = deadlines.headers(ms(limit)); }
        if let Some(limit) = first { deadlines = deadlines.first_content(ms(limit)); }
        if let Some(limit) = idle { deadlines = deadlines.idle(ms(limit)); }
        if let Some(limit) = total { deadlines = deadlines.total(ms(limit)); }
        let mut progress = deadlines.start(at(0));

        let (mut now, mut has_headers, mut has_content, mut units, mut active) = (0, false, false, 0, 0);
        for (pause, what, amount) in came {
            let elapsed = (now..=now + pause).find_map(|t| {
                let over = |limit: Option<u64>, since| limit.is_some_and(|limit| t >= since + limit);
                if !has_headers && over(headers, 0) { return Some(Deadline::Headers) }
                if !has_content && over(first, 0) { return Some(Deadline::FirstContent) }
                if has_content && over(idle, active) { return Some(Deadline::Idle) }
                over(total, 0).then_some(Deadline::Total)
            });
            now += pause;
            let came = [Nothing, Headers, Work, Content(amount)][usize::from(what)];
            let due = progress.due();
            prop_assert_eq!(tell(&mut progress, at(now), came).err().map(|elapsed| elapsed.deadline), elapsed);
            prop_assert_eq!(elapsed.is_some(), due.is_some_and(|due| due <= at(now)));
            if elapsed.is_some() { return Ok(()) }
            has_headers |= !matches!(came, Nothing);
            if let Content(amount) = came { units += amount }
            if matches!(came, Content(_)) { has_content |= units >= usable.max(1) }
            if matches!(came, Work | Content(_)) { active = now }
        }
    }
}
