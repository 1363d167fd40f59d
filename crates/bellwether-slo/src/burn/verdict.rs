//! The verdict on an objective: a pure function of what was counted and of now.

use std::time::Duration;

use bellwether_core::Timestamp;

use super::alerting::Detection;
use super::rule::{BurnRule, DAY, HOUR, Severity, over};
use crate::{ErrorBudget, Interval, Ratio, Sli, Slo};

/// Whoever can say what was counted within a stretch of time.
pub trait Counted {
    /// What was counted, and the time that this is of: that asked for, or what is known of it. Left-open, as all intervals.
    fn counted(&self, over: Interval) -> (Sli, Interval);
}

/// What is to be thought of an objective now.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether the promise is kept in the period so far.
    pub status: Status,
    /// The most severe of the burn rules that are true; lesser ones are implied. `None` if none is, or while a correction
    /// is in force.
    pub severity: Option<Severity>,
    /// Since when status and severity are what they are.
    pub since: Timestamp,
    /// What the verdict rests on.
    pub evidence: Evidence,
}

/// Whether the promise is kept in the period so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// No more is spent than allowed.
    Ok,
    /// More is spent than allowed.
    Breached,
    /// It cannot be told.
    Unknown(Why),
}

/// Why a verdict cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Nothing that counts happened in the period.
    NoTraffic,
    /// It could not be measured: for what reason.
    NotMeasured(String),
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Evidence {
    /// The period, up to now.
    pub over: Interval,
    /// What was counted in it, what hangs included.
    pub sli: Sli,
    /// Operations under way that have taken longer than promised already. They count as bad ones of now, and are counted
    /// for good when they end.
    pub hung: u64,
    /// The budget of the period so far; `None` without events.
    pub budget: Option<ErrorBudget>,
    /// The burn rate in the long window of the first rule, or in a 720th of the period; `None` without events.
    pub burn_rate: Option<Ratio>,
    /// How long the budget lasts at that rate; `None` if for ever. A period of the calendar may end before, and the next
    /// begins with a whole budget.
    pub time_to_exhaustion: Option<Duration>,
    /// The 95 % interval of the failure ratio.
    pub failure_interval: Option<(f64, f64)>,
    /// The budget is less than one event: nothing follows from the verdict.
    pub too_few: bool,
    /// Why no rule may alert now: the reason of the correction in force.
    pub muted: Option<String>,
    /// Each rule's clauses, true or not.
    pub clauses: Vec<Clause>,
}

/// A burn rule, and whether each part of it is true.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Clause {
    /// The rule, as it is for this period.
    pub rule: BurnRule,
    /// Its long window.
    pub long: Window,
    /// Its short window.
    pub short: Window,
    /// Whether there were events enough in the long window, and bad ones.
    pub enough: bool,
}

/// A window of a rule.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Window {
    /// The time it is of: shorter than the rule's where less is known, longer by less than a slot where its start is within
    /// one.
    pub over: Interval,
    /// What was counted, what hangs included.
    pub sli: Sli,
    /// The burn rate; `None` without events.
    pub burn_rate: Option<Ratio>,
    /// Whether that is too much.
    pub holds: bool,
}

impl Clause {
    /// Whether the rule is true.
    pub fn holds(&self) -> bool {
        self.long.holds && self.short.holds && self.enough
    }
}

impl Verdict {
    /// That it could not be measured.
    pub fn not_measured(slo: &Slo, why: impl Into<String>, now: Timestamp, before: Option<&Self>) -> Self {
        let over = Interval::new(slo.period.at(now).start, now);
        let evidence = Evidence {
            over,
            sli: Sli::default(),
            hung: 0,
            budget: None,
            burn_rate: None,
            time_to_exhaustion: None,
            failure_interval: None,
            too_few: true,
            muted: None,
            clauses: Vec::new(),
        };
        Self { status: Status::Unknown(Why::NotMeasured(why.into())), severity: None, since: now, evidence }
            .after(before)
    }

    fn after(mut self, before: Option<&Self>) -> Self {
        match before {
            Some(before) if before.status == self.status && before.severity == self.severity => {
                self.since = before.since
            }
            _ => {}
        }
        self
    }
}

/// Judges an objective by what was counted up to `now`; `hung` operations under way have taken longer than promised, and
/// `before` is the verdict of the last time, if there was one. `rules` are the objective's
/// ([`Alerting::rules_of`](crate::Alerting::rules_of)), asked for once rather than every time.
pub fn judge(
    slo: &Slo,
    rules: &[BurnRule],
    counted: &dyn Counted,
    hung: u64,
    now: Timestamp,
    before: Option<&Verdict>,
) -> Verdict {
    let look = Look { slo, counted, hung, now, period: slo.period.nominal() };
    let over = Interval::new(slo.period.at(now).start, now);
    let (sli, over) = look.at(over);
    let events = look.events_of_a_period();
    let clauses: Vec<Clause> = rules.iter().map(|rule| look.clause(rule, events)).collect();
    let budget = (sli.total > 0).then(|| ErrorBudget::new(sli, slo.target));
    let burn_rate = match clauses.first() {
        Some(clause) => clause.long.burn_rate,
        None => look.last(look.period / 720).0.burn_rate(slo.target),
    };
    let muted = slo.corrections.iter().find(|correction| {
        let just_now = Interval::before(now, Duration::from_nanos(1));
        !correction.within(just_now).is_empty()
    });
    let muted = muted.map(|correction| correction.reason.clone());
    let firing = clauses.iter().filter(|clause| clause.holds()).map(|clause| clause.rule.severity).max();
    let status = match budget {
        None => Status::Unknown(Why::NoTraffic),
        Some(budget) if budget.is_kept() => Status::Ok,
        Some(_) => Status::Breached,
    };
    let evidence = Evidence {
        over,
        sli,
        hung,
        time_to_exhaustion: budget
            .zip(burn_rate)
            .and_then(|(budget, rate)| budget.time_to_exhaustion(rate, look.period)),
        budget,
        burn_rate,
        failure_interval: sli.failure_interval(),
        too_few: events.floor() <= 0 || slo.target.budget().checked_mul(events).is_some_and(|bad| bad < Ratio::ONE),
        muted,
        clauses,
    };
    Verdict { status, severity: firing.filter(|_| evidence.muted.is_none()), since: now, evidence }.after(before)
}

/// What is looked at, and from when.
struct Look<'a> {
    slo: &'a Slo,
    counted: &'a dyn Counted,
    hung: u64,
    now: Timestamp,
    period: Duration,
}

impl Look<'_> {
    fn at(&self, over: Interval) -> (Sli, Interval) {
        let (sli, over) = self.counted.counted(over);
        (sli.plus(Sli { good: 0, total: self.hung }), over)
    }

    fn last(&self, length: Duration) -> (Sli, Interval) {
        self.at(Interval::before(self.now, length))
    }

    /// How many events a whole period has: those of the last one, or what the last day or hour would come to if that is
    /// more, as it is of a service that is young.
    fn events_of_a_period(&self) -> Ratio {
        let of = |length: Duration| {
            let events = Ratio::from(self.last(length).0.total);
            over(self.period, length).and_then(|times| events.checked_mul(times)).unwrap_or(Ratio::ZERO)
        };
        let shorter = [DAY, HOUR].map(Duration::from_secs).into_iter().filter(|length| *length < self.period);
        shorter.map(of).fold(of(self.period), Ratio::max)
    }

    fn clause(&self, rule: &BurnRule, events: Ratio) -> Clause {
        let alerting = &self.slo.alerting;
        let limit = rule.failure_ratio(self.period, self.slo.target);
        let window = |length: Duration| {
            let (sli, over) = self.last(length);
            let holds = match alerting.detection {
                Detection::BurnRate => sli.failure_ratio().is_some_and(|ratio| ratio > limit),
                Detection::BudgetShare => self.is_beyond(sli.bad(), limit, length, events),
            };
            Window { over, sli, burn_rate: sli.burn_rate(self.slo.target), holds }
        };
        let (long, short) = (window(rule.long), window(rule.short));
        let enough = long.sli.bad() >= alerting.min_bad && long.sli.total >= alerting.min_events;
        Clause { rule: rule.clone(), long, short, enough }
    }

    /// Whether so many bad events in a window are more than its part of the budget:
    /// bad ÷ events of a period > limit × window ÷ period.
    fn is_beyond(&self, bad: u64, limit: Ratio, window: Duration, events: Ratio) -> bool {
        let share = Ratio::from(bad).checked_div(events);
        let allowed = over(window, self.period).and_then(|part| part.checked_mul(limit));
        share.zip(allowed).is_some_and(|(share, allowed)| share > allowed)
    }
}
