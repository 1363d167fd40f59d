//! What scopes declare is counted once, by name and outcome, in whole minor units, within a budget.

use bellwether_core::{Business, Currency, Handle, Money, Outcome, Registry, Scope, TraceContext};

/// Records what was said to a scope; every series as `metric{values} total`.
fn recorded(outcome: Outcome, say: impl FnOnce(&Scope)) -> String {
    let registry = Registry::new();
    let business = Business::new(&registry).unwrap();
    let scope = Scope::builder(TraceContext::root(false)).open();
    say(&scope);
    business.record(&scope, outcome);
    let mut lines = Vec::new();
    for metric in registry.metrics() {
        for series in metric.series() {
            let labels: Vec<String> = series.labels().map(|(name, value)| format!("{name}={value}")).collect();
            let Handle::Counter(counter) = series.handle() else { panic!("{series:?}") };
            lines.push(format!("{}{{{}}} {}", metric.name(), labels.join(","), counter.value()));
        }
    }
    lines.join("\n")
}

#[test]
fn a_transaction_with_all_there_is() {
    let all = recorded(Outcome::Failure, |scope| {
        scope.transaction("order").step("cart").step("paid");
        scope.amount(Money::cents(1999, Currency::USD)).amount(Money::cents(1, Currency::USD));
        scope.amount(Money::cents(-300, Currency::EUR)).amount(Money::cents(0, Currency::GBP));
    });
    insta::assert_snapshot!(all, @r"
    bellwether.journey.steps{outcome=failure,step=cart,transaction=order} 1
    bellwether.journey.steps{outcome=failure,step=paid,transaction=order} 1
    bellwether.transaction.amount{currency=USD,outcome=failure,transaction=order} 2000
    bellwether.transaction.refund{currency=EUR,outcome=failure,transaction=order} 300
    bellwether.transactions{outcome=failure,transaction=order} 1
    ");
}

#[test]
fn money_and_steps_without_a_transaction() {
    let some = recorded(Outcome::Success, |scope| {
        scope.step("landing").amount(Money::minor(i64::MIN, Currency::USD));
    });
    insta::assert_snapshot!(some, @r"
    bellwether.journey.steps{outcome=success,step=landing,transaction=} 1
    bellwether.transaction.refund{currency=USD,outcome=success,transaction=} 9223372036854775808
    ");
}

#[test]
fn nothing_said_nothing_counted() {
    assert_eq!(recorded(Outcome::Success, |_| ()), "");
}

#[test]
fn outside_of_any_request_nothing_is_counted() {
    let registry = Registry::new();
    Business::new(&registry).unwrap().record(&Scope::empty(), Outcome::Success);
    assert!(registry.metrics().iter().all(|metric| metric.is_empty()));
}

#[test]
fn every_outcome_has_its_word() {
    let words = Outcome::ALL.map(|outcome| recorded(outcome, |scope| _ = scope.transaction("t")));
    assert_eq!(words[5], "bellwether.transactions{outcome=cancelled,transaction=t} 1");
    let distinct: std::collections::HashSet<_> = words.into_iter().collect();
    assert_eq!(distinct.len(), Outcome::ALL.len());
}

#[test]
fn names_of_anybodys_making_stay_in_the_budget() {
    let registry = Registry::new();
    let business = Business::new(&registry).unwrap();
    for number in 0..3000 {
        let scope = Scope::builder(TraceContext::root(false)).open();
        scope.transaction(format!("transaction {number}"));
        business.record(&scope, Outcome::Success);
    }
    let metric = registry.metric("bellwether.transactions").unwrap();
    assert_eq!((metric.len(), metric.overflowed()), (2000, 1000));
    assert_eq!(metric.overflow().unwrap().label, "transaction");
}

#[test]
fn names_that_are_taken_are_an_error() {
    let registry = Registry::new();
    let _taken = registry.gauge("bellwether.transactions").build().unwrap();
    assert!(Business::new(&registry).unwrap_err().is_conflict());
}

#[test]
fn currencies() {
    let check = |code: &str, legal: bool| {
        let currency = Currency::new(code);
        assert_eq!(currency.as_ref().ok().map(Currency::as_str), legal.then_some(code), "{code:?}");
        assert!(currency.err().is_none_or(|error| error.is_illegal()));
    };
    ["USD", "JPY", "XXX"].iter().for_each(|code| check(code, true));
    ["", "US", "USDT", "usd", "U D", "U1D", "äö", "€"].iter().for_each(|code| check(code, false));
    assert_eq!(Money::cents(-5, Currency::EUR), Money::minor(-5, Currency::EUR));
    assert_eq!(Money::minor(-5, Currency::EUR).to_string(), "-5 EUR (minor units)");
}
