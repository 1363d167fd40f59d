//! Budgets: never more reserved and spent than there is, whatever happens to the calls and whenever periods end.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bellwether_breaker::{Amount, Budget, BudgetSnapshot, Reservation};
use bellwether_core::{Clock, Currency, Handle, Money, Registry, Timestamp};
use insta::assert_snapshot;
use proptest::prelude::*;

const MINUTE: Duration = Duration::from_secs(60);

fn tokens(tokens: u64) -> Amount {
    Amount::tokens(tokens)
}

fn cents(cents: i64) -> Amount {
    Money::cents(cents, Currency::USD).into()
}

fn per_minute(limit: u64) -> (Budget, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    (Budget::tokens(limit).per(MINUTE).clock(clock.clone()).start(), clock)
}

/// Spent, reserved, left, overrun, unsettled; in whole units.
fn book(budget: &Budget) -> [u128; 5] {
    let BudgetSnapshot { spent, reserved, left, overrun, unsettled, .. } = budget.snapshot();
    [spent, reserved, left, overrun, unsettled].map(Amount::rounded_up)
}

#[test]
fn p27_settled_released_and_dropped() {
    let (budget, _) = per_minute(100);
    let [settled, released, dropped] = [40, 30, 20].map(|amount| budget.reserve(tokens(amount)).unwrap());
    assert_eq!(settled.amount(), tokens(40));
    assert_eq!(book(&budget), [0, 90, 10, 0, 0]);
    settled.settle(tokens(25));
    assert_eq!(book(&budget), [25, 50, 25, 0, 0]);
    released.release();
    assert_eq!(book(&budget), [25, 20, 55, 0, 0]);
    // A stream that was cut midway is not free.
    drop(dropped);
    assert_eq!(book(&budget), [45, 0, 55, 0, 20]);
}

#[test]
fn p27_a_call_that_costs_more_than_was_reserved_is_counted_in_full() {
    let (budget, _) = per_minute(100);
    let [one, two] = [50, 50].map(|amount| budget.reserve(tokens(amount)).unwrap());
    one.settle(tokens(70));
    assert_eq!(book(&budget), [70, 50, 0, 20, 0]);
    two.settle(tokens(60));
    assert_eq!(book(&budget), [130, 0, 0, 30, 0]);
    budget.reserve(tokens(1)).unwrap_err();
    budget.reserve(tokens(0)).unwrap().release();
}

#[test]
fn p27_a_fallback_reserves_again() {
    let (cheap, _) = per_minute(100);
    let (dear, _) = per_minute(100);
    dear.reserve(tokens(80)).unwrap().settle(tokens(80));
    // The first provider fails without an answer; the second is another budget's matter.
    cheap.reserve(tokens(50)).unwrap().release();
    assert_eq!(dear.reserve(tokens(50)).unwrap_err().left, tokens(20));
    assert_eq!(book(&cheap), [0, 0, 100, 0, 0]);
}

#[test]
fn p27_refusals() {
    let refusal = |budget: &Budget, amount| budget.reserve(amount).unwrap_err();
    let (budget, clock) = per_minute(100);
    let _kept = budget.reserve(tokens(60)).unwrap();
    clock.advance(Duration::from_secs(15));
    let spent = refusal(&budget, tokens(41));
    assert_eq!((spent.asked, spent.left, spent.retry_after), (tokens(41), tokens(40), Some(MINUTE * 3 / 4)));
    assert_snapshot!(spent, @"not called: 41 tokens asked for, 40 tokens left in the budget; there will be more in 45.0s");
    // No period will be enough.
    assert_snapshot!(refusal(&budget, tokens(101)), @"not called: 101 tokens asked for, 40 tokens left in the budget");
    assert_snapshot!(refusal(&budget, cents(1)), @"not called: 1 USD (minor units) asked for, 40 tokens left in the budget");
    assert_eq!(budget.snapshot().refused, 3);
    let euros = Budget::money(Money::cents(100, Currency::EUR)).start();
    assert_eq!(refusal(&euros, cents(1)).retry_after, None);
    // There is no other period.
    assert_eq!(refusal(&euros, Amount::money(Money::cents(101, Currency::EUR))).retry_after, None);
    let none = Budget::money(Money::cents(-5, Currency::USD)).start();
    assert_eq!(refusal(&none, cents(1)).left, cents(0));
}

#[test]
fn settling_in_another_unit_says_nothing() {
    let (budget, _) = per_minute(100);
    budget.reserve(tokens(30)).unwrap().settle(cents(1));
    assert_eq!(book(&budget), [30, 0, 70, 0, 30]);
}

#[test]
fn p27_a_reservation_outlives_its_period() {
    let (budget, clock) = per_minute(100);
    let long = budget.reserve(tokens(70)).unwrap();
    budget.reserve(tokens(30)).unwrap().settle(tokens(30));
    clock.advance(MINUTE);
    // What was spent is forgotten; what is reserved may still be spent.
    assert_eq!(book(&budget), [0, 70, 30, 0, 0]);
    budget.reserve(tokens(31)).unwrap_err();
    long.settle(tokens(80));
    assert_eq!(book(&budget), [80, 0, 20, 10, 0]);
    clock.advance(MINUTE);
    assert_eq!(book(&budget), [0, 0, 100, 0, 0]);
}

#[test]
fn periods_follow_each_other_without_drift() {
    let (budget, clock) = per_minute(100);
    let resets_in = || budget.snapshot().resets_in.unwrap();
    assert_eq!(resets_in(), MINUTE);
    clock.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!(resets_in(), Duration::from_nanos(1));
    // Nobody looks for a while.
    clock.advance(MINUTE * 10 + Duration::from_secs(7));
    assert_eq!(resets_in(), Duration::from_secs(53) + Duration::from_nanos(1));
}

#[test]
fn clocks_that_stand_still_or_jump() {
    let (budget, clock) = per_minute(100);
    budget.reserve(tokens(100)).unwrap().settle(tokens(100));
    for wall in [0, u64::MAX] {
        clock.jump(Timestamp::from_unix_nanos(wall));
        assert_eq!(book(&budget), [100, 0, 0, 0, 0]);
    }
    clock.advance(Duration::from_secs(1 << 33));
    assert_eq!(book(&budget), [0, 0, 100, 0, 0]);
}

#[test]
fn the_shortest_and_the_longest_period() {
    let clock = Clock::manual(Timestamp::default());
    let instant = Budget::tokens(1).per(Duration::ZERO).clock(clock.clone()).start();
    instant.reserve(tokens(1)).unwrap().settle(tokens(1));
    instant.reserve(tokens(1)).unwrap_err();
    clock.advance(Duration::from_nanos(1));
    instant.reserve(tokens(1)).unwrap().release();

    let endless = Budget::tokens(1).per(Duration::MAX).clock(clock.clone()).start();
    endless.reserve(tokens(1)).unwrap().settle(tokens(1));
    clock.advance(Duration::from_nanos(u64::MAX >> 1));
    assert_eq!((book(&endless), endless.snapshot().resets_in), ([1, 0, 0, 0, 0], None));
}

#[test]
fn amounts() {
    let usd = |cents| Money::cents(cents, Currency::USD);
    assert_snapshot!(tokens(1200), @"1200 tokens");
    assert_snapshot!(cents(40), @"40 USD (minor units)");
    // A single token is not too cheap to be counted.
    assert_snapshot!(Amount::tokens_at(1, usd(15)), @"0.000015 USD (minor units)");
    assert_eq!(Amount::tokens_at(1_000_000, usd(15)), cents(15));
    assert_eq!(Amount::tokens_at(1, usd(15)).rounded_up(), 1);
    assert_eq!(Amount::tokens_at(5, usd(-15)), cents(0));
    assert_eq!(tokens(1).plus(cents(1)), None);
    assert_eq!(tokens(1).partial_cmp(&cents(1)), None);
    let most = Amount::tokens_at(u64::MAX, usd(i64::MAX));
    assert_eq!(most.plus(most).and_then(|sum| sum.plus(most)).unwrap().rounded_up(), u128::MAX.div_ceil(1_000_000));
    let budget = Budget::money(usd(i64::MAX)).start();
    budget.reserve(cents(i64::MAX)).unwrap().settle(most);
    assert_eq!(budget.snapshot().left, cents(0));
}

#[test]
fn p27_threads_never_reserve_more_than_there_is() {
    let budget = Budget::tokens(1000).start();
    let (reserved, spent) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (budget, reserved, spent) = (budget.clone(), &reserved, &spent);
            scope.spawn(move || {
                for round in 0..2000 {
                    let amount = 100 + (thread * 31 + round * 17) % 300;
                    let Ok(reservation) = budget.reserve(tokens(amount)) else { continue };
                    let others = reserved.fetch_add(amount, Relaxed);
                    assert!(others + amount + spent.load(Relaxed) <= 1000);
                    reserved.fetch_sub(amount, Relaxed);
                    if round % 200 == 0 {
                        spent.fetch_add(1, Relaxed);
                        reservation.settle(tokens(1));
                    } else {
                        reservation.release();
                    }
                }
            });
        }
    });
    let end = budget.snapshot();
    assert_eq!((end.spent, end.reserved), (tokens(spent.into_inner()), tokens(0)));
}

#[derive(Debug, Clone)]
enum Step {
    Reserve(u64),
    /// Of what was reserved, which one, and what it cost.
    Settle(usize, u64),
    Release(usize),
    Drop(usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..60_u64).prop_map(Step::Reserve),
        2 => (any::<usize>(), 0..80_u64).prop_map(|(which, cost)| Step::Settle(which, cost)),
        1 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => (0..25_u64).prop_map(Step::Advance),
    ]
}

proptest! {
    /// A model that keeps everything that ever happened and adds it up each time.
    #[test]
    fn p27_a_budget_equals_its_model(steps in prop::collection::vec(step(), 0..80)) {
        let clock = Clock::manual(Timestamp::default());
        let budget = Budget::tokens(100).per(Duration::from_secs(20)).clock(clock.clone()).start();
        let mut seconds = 0;
        let mut under_way: Vec<(u64, Reservation)> = Vec::new();
        // Period, cost, what of it was not reserved.
        let mut bills: Vec<(u64, u64, u64)> = Vec::new();
        for step in steps {
            let period = seconds / 20;
            let mut take = |which: usize| (!under_way.is_empty()).then(|| under_way.swap_remove(which % under_way.len()));
            match step {
                Step::Advance(by) => {
                    seconds += by;
                    clock.advance(Duration::from_secs(by));
                }
                Step::Settle(which, cost) => if let Some((reserved, reservation)) = take(which) {
                    reservation.settle(tokens(cost));
                    bills.push((period, cost, cost.saturating_sub(reserved)));
                },
                Step::Release(which) => if let Some((_, reservation)) = take(which) {
                    reservation.release();
                },
                Step::Drop(which) => if let Some((reserved, _)) = take(which) {
                    bills.push((period, reserved, 0));
                },
                Step::Reserve(amount) => {
                    let reserved: u64 = under_way.iter().map(|(amount, _)| amount).sum();
                    let spent: u64 = bills.iter().filter(|bill| bill.0 == period).map(|bill| bill.1).sum();
                    let answer = budget.reserve(tokens(amount));
                    prop_assert_eq!(answer.is_ok(), amount <= 100_u64.saturating_sub(reserved + spent));
                    match answer {
                        Ok(reservation) => under_way.push((amount, reservation)),
                        Err(spent) => prop_assert_eq!(spent.retry_after, Some(Duration::from_secs(20 - seconds % 20))),
                    }
                }
            }
            let of_now = || bills.iter().filter(|bill| bill.0 == seconds / 20);
            let reserved: u64 = under_way.iter().map(|(amount, _)| amount).sum();
            let (spent, overrun) = (of_now().map(|bill| bill.1).sum(), of_now().map(|bill| bill.2).sum());
            let snapshot = budget.snapshot();
            prop_assert_eq!((snapshot.spent, snapshot.reserved), (tokens(spent), tokens(reserved)));
            prop_assert_eq!(snapshot.overrun, tokens(overrun));
            prop_assert_eq!(snapshot.left, tokens(100_u64.saturating_sub(spent + reserved)));
            prop_assert!(reserved <= 100);
        }
    }
}

#[test]
fn it_shows_where_it_is() {
    let (clock, registry) = (Clock::manual(Timestamp::from_unix_seconds(1_700_000_000)), Registry::new());
    let budget =
        Budget::money(Money::cents(100, Currency::USD)).per(Duration::from_secs(60)).clock(clock.clone()).start();
    budget.show(&registry, "llm").unwrap();
    let cents = |cents| Amount::money(Money::cents(cents, Currency::USD));
    budget.reserve(cents(20)).unwrap().settle(cents(30));
    drop(budget.reserve(cents(10)).unwrap());
    let reserved = budget.reserve(cents(40)).unwrap();
    budget.reserve(cents(40)).unwrap_err();
    clock.advance(Duration::from_secs(15));

    let read = |metric: &str| {
        let metric = registry.metric(metric).unwrap();
        let series = metric.series().next().unwrap();
        assert_eq!(series.label("budget"), Some("llm"));
        match series.handle() {
            Handle::Gauge(gauge) => gauge.known(),
            Handle::Counter(counter) => Some(counter.value() as f64),
            _ => None,
        }
    };
    let all = ["limit", "spent", "reserved", "left", "overrun", "unsettled", "refused", "reset"];
    let values = |read: &dyn Fn(&str) -> Option<f64>| all.map(|name| read(&format!("budget.{name}")));
    assert_eq!(values(&read), [100.0, 40.0, 40.0, 20.0, 10.0, 10.0, 1.0, 45.0].map(Some));
    let unit = registry.metric("budget.left").unwrap().series().next().unwrap().label("unit").map(str::to_owned);
    assert_eq!(unit.as_deref(), Some("USD"));
    // Gone, it is not 0, and what was refused was.
    drop((reserved, budget));
    assert_eq!((read("budget.left"), read("budget.refused")), (None, Some(1.0)));
}
