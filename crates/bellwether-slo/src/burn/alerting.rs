//! Which burn rules an objective has, and how their clauses are decided.

use std::collections::BTreeSet;

use super::BurnRule;
use crate::period::short;
use crate::{Error, Ratio, Slo};

/// When spending the budget is too fast.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alerting {
    /// The rules, for a period of 30 days.
    pub rules: Vec<BurnRule>,
    /// Names of rules that are left out, since they could never be true for this target or are not wanted.
    pub without: BTreeSet<String>,
    /// What another period than 30 days changes.
    pub scaling: Scaling,
    /// What the windows are compared with.
    pub detection: Detection,
    /// The least number of bad events in the long window. Two by default, so that one failure alone wakes nobody, while a
    /// few of a few still do.
    pub min_bad: u64,
    /// The least number of events in the long window, good or bad. None by default: an idle service that fails is a service
    /// that fails.
    pub min_events: u64,
}

/// What another period than 30 days changes of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scaling {
    /// The windows: as many times longer or shorter as the period is. Factors stay, so what is feasible is so for any period.
    #[default]
    Windows,
    /// The factors: windows stay, and so does the share of the budget that they are for. As sloth does it.
    Factors,
}

/// What the bad events of a window are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detection {
    /// With the budget: bad events > share × (1 − target) × events of a whole period. In the quiet of a night one failure is
    /// a large part of what happens, but a small one of the budget. Where traffic is steady, this and the burn rate are the
    /// same.
    #[default]
    BudgetShare,
    /// With the events of the same window: failure ratio > factor × (1 − target), as Prometheus rules do it.
    BurnRate,
}

impl Default for Alerting {
    fn default() -> Self {
        Self {
            rules: BurnRule::WORKBOOK.to_vec(),
            without: BTreeSet::new(),
            scaling: Scaling::default(),
            detection: Detection::default(),
            min_bad: 2,
            min_events: 0,
        }
    }
}

impl Alerting {
    /// No rules: the budget is counted, and nobody is alerted.
    pub fn none() -> Self {
        Self { rules: Vec::new(), ..Self::default() }
    }

    /// One more rule, such as [`BurnRule::FAST`].
    pub fn rule(mut self, rule: BurnRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Leaves out the rule of this name.
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.without.insert(name.into());
        self
    }

    /// What another period than 30 days changes.
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// What the windows are compared with.
    pub fn detection(mut self, detection: Detection) -> Self {
        self.detection = detection;
        self
    }

    /// The least number of bad events in the long window.
    pub fn min_bad(mut self, events: u64) -> Self {
        self.min_bad = events;
        self
    }

    /// The least number of events in the long window.
    pub fn min_events(mut self, events: u64) -> Self {
        self.min_events = events;
        self
    }

    /// The rules as they are for an objective's period, target and slices: a short window has room for a slice.
    ///
    /// # Errors
    /// If one could never be true, since even a total outage burns more slowly, if one were true while the budget is spent
    /// no faster than it may be, if windows are the wrong way round, longer than the period or as short as a slice, or a
    /// name is no rule's.
    pub fn rules_of(&self, slo: &Slo) -> Result<Vec<BurnRule>, Error> {
        let refuse = |wrong: String| Error::objective(&slo.name, wrong);
        let names: BTreeSet<&str> = self.rules.iter().map(|rule| &*rule.name).collect();
        if names.len() < self.rules.len() {
            return Err(refuse("two burn rules have the same name; give each its own".to_owned()));
        }
        if let Some(unknown) = self.without.iter().find(|name| !names.contains(name.as_str())) {
            let names: Vec<&str> = names.into_iter().collect();
            return Err(refuse(format!(
                "there is no burn rule {unknown:?} to leave out; there are {}",
                names.join(", ")
            )));
        }
        let wanted = self.rules.iter().filter(|rule| !self.without.contains(&*rule.name));
        wanted.map(|rule| self.scaled(rule, slo).map_err(refuse)).collect()
    }

    fn scaled(&self, rule: &BurnRule, slo: &Slo) -> Result<BurnRule, String> {
        let period = slo.period.nominal();
        let rule = match self.scaling {
            Scaling::Windows => rule.scaled(period),
            Scaling::Factors => rule.clone(),
        };
        // A window that no slice fits into could say nothing.
        let slice = slo.budgeting.slice().unwrap_or_default();
        let rule = BurnRule { short: rule.short.max(slice), ..rule };
        let BurnRule { name, long, short: brief, .. } = &rule;
        let windows = format!("burn rule {name} ({} and {})", short(*long), short(*brief));
        let refuse = |wrong: String| {
            format!("{windows}: {wrong}; leave it out by without({name:?}), or change its budget or its windows")
        };
        if *long <= slice {
            return Err(refuse(format!("its long window must be longer than a slice, which is {}", short(slice))));
        }
        if brief.is_zero() || brief >= long || *long > period {
            let wrong = "the short window must be shorter than the long one, and that no longer than the period";
            return Err(format!("{windows}: {wrong}"));
        }
        let factor = rule.factor(period);
        if factor < Ratio::ONE {
            let factor = factor.to_f64();
            let wrong = format!("its factor of {factor:.3} is below 1, so it would be true while the budget lasts");
            return Err(refuse(wrong));
        }
        let needed = rule.failure_ratio(period, slo.target);
        if needed >= Ratio::ONE {
            let (needed, target) = (needed.percent(1), slo.target);
            return Err(refuse(format!(
                "it needs {needed} % of events to be bad, which never happens with a target of {target}"
            )));
        }
        Ok(rule)
    }
}
