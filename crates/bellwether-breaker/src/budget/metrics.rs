//! What a budget shows: series that ask it when somebody reads.

use std::sync::Arc;

use bellwether_core::{Error, Registry};

use super::{Amount, Budget, BudgetSnapshot};

/// A gauge: its name, its description, and what it reads.
type Row = (&'static str, &'static str, fn(&BudgetSnapshot) -> Amount);

const ROWS: [Row; 6] = [
    ("budget.limit", "What may be spent in a period.", |of| of.limit),
    ("budget.spent", "What was spent in this period.", |of| of.spent),
    ("budget.reserved", "What is set aside for calls under way.", |of| of.reserved),
    ("budget.left", "What can be reserved.", |of| of.left),
    ("budget.overrun", "By how much calls of this period cost more than was reserved for them.", |of| of.overrun),
    ("budget.unsettled", "What was taken to be spent in this period, since nobody said what it cost.", |of| {
        of.unsettled
    }),
];

impl Budget {
    /// Shows the budget in a registry, by this name as the label `budget`, in tokens or in minor units of a currency, which
    /// the label `unit` says:
    ///
    /// | metric | what it is |
    /// |---|---|
    /// | `budget.limit` | what may be spent in a period |
    /// | `budget.spent`, `budget.reserved`, `budget.left` | where it is |
    /// | `budget.overrun`, `budget.unsettled` | of what was spent: more than was reserved; what nobody settled |
    /// | `budget.refused` | reservations that were refused, without `unit` |
    /// | `budget.reset` | seconds until the next period; absent if there is only one |
    ///
    /// ```
    /// use bellwether_breaker::{Amount, Budget};
    /// use bellwether_core::{Handle, Registry};
    ///
    /// let registry = Registry::new();
    /// let budget = Budget::tokens(10_000).start();
    /// budget.show(&registry, "llm")?;
    /// let _reserved = budget.reserve(Amount::tokens(8_000)).expect("there is room");
    ///
    /// let left = registry.metric("budget.left").expect("it is shown");
    /// let series = left.series().next().expect("one budget");
    /// assert_eq!((series.label("budget"), series.label("unit")), (Some("llm"), Some("tokens")));
    /// let Handle::Gauge(left) = series.handle() else { panic!("a gauge") };
    /// assert_eq!(left.known(), Some(2_000.0));
    /// # Ok::<(), bellwether_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn show(&self, registry: &Registry, name: &str) -> Result<(), Error> {
        let weak = Arc::downgrade(&self.0);
        let ask = move || Some(Self(weak.upgrade()?).snapshot());
        let unit = self.0.limit.unit();
        for (metric, description, read) in ROWS {
            let family =
                registry.gauge(metric).unit("1").description(description).labels(["budget", "unit"]).family()?;
            let ask = ask.clone();
            family.get([name, unit]).observe(move || Some(read(&ask()?).value()));
        }
        let reset = registry.gauge("budget.reset").unit("s").description("How long until the next period of a budget.");
        let of_reset = ask.clone();
        reset.labels(["budget"]).family()?.get([name]).observe(move || Some(of_reset()?.resets_in?.as_secs_f64()));
        let refused = registry.counter("budget.refused").unit("{call}");
        let refused = refused.description("Reservations that a budget refused.").labels(["budget"]).family()?;
        // Gone, it leaves what it had come to when it was last asked.
        drop(refused.get([name]).observe(move || Some(ask()?.refused)));
        Ok(())
    }
}
