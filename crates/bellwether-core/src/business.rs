//! What requests meant to the business: transactions, their worth, and the steps of journeys, by outcome.

use std::num::NonZero;

use crate::counter::Counter;
use crate::error::Error;
use crate::operation::Outcome;
use crate::registry::{Family, Registry};
use crate::scope::{Facts, Scope};

/// Counts what scopes declare, once per request, when its outcome is known.
///
/// ```
/// use bellwether_core::{Business, Currency, Money, Outcome, Registry, Scope, TraceContext};
///
/// let registry = Registry::new();
/// let business = Business::new(&registry)?;
/// let scope = Scope::builder(TraceContext::root(false)).open();
/// scope.transaction("voice_turn").amount(Money::cents(40, Currency::USD)).step("transcribed");
/// business.record(&scope, Outcome::Success);
///
/// let amounts = registry.metric("bellwether.transaction.amount").unwrap();
/// let series = amounts.series().next().unwrap();
/// assert_eq!((series.label("currency"), series.label("outcome")), (Some("USD"), Some("success")));
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Business {
    transactions: Family<Counter, 2>,
    amount: Family<Counter, 3>,
    refund: Family<Counter, 3>,
    steps: Family<Counter, 3>,
}

impl Business {
    /// Registers the business metrics.
    ///
    /// # Errors
    /// If their names are taken by other metrics.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        let by_outcome = ["transaction", "outcome"];
        let by_currency = ["transaction", "currency", "outcome"];
        Ok(Self {
            transactions: registry
                .counter("bellwether.transactions")
                .unit("{transaction}")
                .description("Business transactions that requests declared, by how the request ended.")
                .labels(by_outcome)
                .family()?,
            amount: registry
                .counter("bellwether.transaction.amount")
                .unit("{minor_unit}")
                .description("What those transactions were worth, in minor units of the currency.")
                .labels(by_currency)
                .family()?,
            refund: registry
                .counter("bellwether.transaction.refund")
                .unit("{minor_unit}")
                .description("Negative amounts, in minor units of the currency, as positive numbers.")
                .labels(by_currency)
                .family()?,
            steps: registry
                .counter("bellwether.journey.steps")
                .unit("{step}")
                .description("Steps of journeys that requests reached, by how the request ended.")
                .labels(["transaction", "step", "outcome"])
                .family()?,
        })
    }

    /// Counts what the scope of a request that has now ended declares. Call it once.
    #[inline]
    pub fn record(&self, scope: &Scope, outcome: Outcome) {
        scope.look_if_said(|facts| self.count(facts, outcome.as_str()));
    }

    fn count(&self, facts: &Facts, outcome: &str) {
        let transaction = facts.transaction.as_deref();
        if let Some(name) = transaction {
            self.transactions.get([name, outcome]).inc();
        }
        let transaction = transaction.unwrap_or_default();
        for money in &facts.amounts {
            let minor = money.minor_units();
            let family = if minor < 0 { &self.refund } else { &self.amount };
            if let Some(minor) = NonZero::new(minor.unsigned_abs()) {
                family.get([transaction, money.currency().as_str(), outcome]).add(minor.get());
            }
        }
        for step in &facts.steps {
            self.steps.get([transaction, step, outcome]).inc();
        }
    }
}
