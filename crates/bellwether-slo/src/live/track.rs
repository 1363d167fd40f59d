//! One objective as it is followed: what was counted so far, the slice under way, and the verdict.

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::Timestamp;

use super::objective::Objective;
use super::ring::{Rings, Totals, tiers};
use super::slices::Slices;
use crate::burn::{BurnRule, Counted, Verdict, judge};
use crate::measure::{PARTS, Presence, Slot, in_parts};
use crate::objective::{Correction, Count, Effect, Expressions, Indicator, Plan, Role, Slo};
use crate::period::Kind;
use crate::{Interval, Ratio, Sli};

/// One objective as it is followed.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) slo: Arc<Slo>,
    rules: Vec<BurnRule>,
    /// Running totals, and where they were at the ends of slots.
    totals: Totals,
    rings: Rings,
    /// Whether bad ones and all are counted, and not good ones.
    is_of_bad: bool,
    /// Where time has come to; `None` before it began.
    now: Option<Timestamp>,
    /// The calendar's period, and the totals when it began.
    opened: Option<(Interval, Totals)>,
    slices: Option<Slices>,
    /// What was counted since the last tick.
    good: u64,
    bad: u64,
    total: Option<u64>,
    expressed: Vec<Expressed>,
    pub(super) failed: Option<String>,
    pub(super) verdict: Option<Arc<Verdict>>,
    pub(super) shared: Objective,
}

/// An expression for a running total, and what it came to.
#[derive(Debug)]
struct Expressed {
    role: Role,
    expression: String,
    before: Before,
}

/// What an expression came to before.
#[derive(Debug, Clone, Copy)]
enum Before {
    /// It was not asked, or could not be told.
    Unknown,
    /// It had no value: what it counts has not begun.
    Nothing,
    At(u64),
}

impl Track {
    pub(super) fn new(slo: Slo, rules: Vec<BurnRule>, tick: Duration) -> Self {
        let longest = rules.iter().map(|rule| rule.long).max().unwrap_or_default();
        let rings = Rings::new(&tiers(tick, longest, slo.period.nominal()));
        let plan = slo.indicator.plan();
        let is_of_bad = plan.as_ref().is_some_and(|plan| plan.good.is_empty() && plan.total.is_some());
        let total = plan.as_ref().and_then(|plan| plan.total.as_ref()).map(|_| 0);
        let expressed = plan.iter().flat_map(Plan::counts).filter_map(|(role, count)| match count {
            Count::Expression(expression) => {
                Some(Expressed { role, expression: expression.clone(), before: Before::Unknown })
            }
            Count::Series { .. } => None,
        });
        Self {
            rules,
            totals: Totals::default(),
            rings,
            is_of_bad,
            opened: None,
            now: None,
            slices: Slices::of(&slo),
            good: 0,
            bad: 0,
            total,
            expressed: expressed.collect(),
            failed: None,
            verdict: None,
            shared: Objective::default(),
            slo: Arc::new(slo),
        }
    }

    /// Whether anything was told to it.
    pub(super) fn is_started(&self) -> bool {
        self.now.is_some()
    }

    /// Its time begins here, unless it has begun.
    pub(super) fn begin(&mut self, start: Timestamp) {
        if self.now.is_some() {
            return;
        }
        self.now = Some(start);
        self.rings.begin(start);
        if let Some(slices) = &mut self.slices {
            slices.begin(start);
        }
        if let Kind::Calendar(calendar) = self.slo.period.kind() {
            let just_after = Timestamp::from_unix_nanos(start.unix_nanos().saturating_add(1));
            self.opened = Some((calendar.at(just_after), Totals::default()));
        }
    }

    /// Takes what was counted in a slot of the past.
    pub(super) fn replay(&mut self, slot: &Slot) {
        self.begin(slot.over.start);
        let Sli { good, total } = slot.sli;
        let events = Events { good, bad: slot.sli.bad(), total, is_of_bad: self.is_of_bad };
        self.take(events, slot.over.end, |_| slot.coverage.mostly());
    }

    /// A histogram has no count at the bound that is asked for.
    pub(super) fn lacks_bound(&mut self, metric: &str, bound: f64) {
        self.failed = Some(format!(
            "{metric} has no count at {bound}, so how many are below it is not known exactly: declare it as a bound"
        ));
    }

    pub(super) fn count(&mut self, role: Role, events: u64) {
        let sum = match role {
            Role::Good => &mut self.good,
            Role::Bad => &mut self.bad,
            Role::Total => self.total.get_or_insert(0),
        };
        *sum = sum.saturating_add(events);
    }

    /// Takes what its expressions rose by, or a ratio's parts.
    pub(super) fn evaluate(&mut self, evaluate: impl Fn(&str) -> Result<Option<f64>, String>) {
        if let Indicator::Promql(Expressions::Ratio(expression)) = &self.slo.indicator {
            match evaluate(expression) {
                Ok(Some(ratio)) if (0.0..=1.0).contains(&ratio) => {
                    let parts = in_parts(Ratio::new((ratio * PARTS as f64) as u64, PARTS).unwrap_or(Ratio::ZERO));
                    (self.good, self.bad) = (parts.good, parts.bad());
                }
                Ok(Some(other)) => {
                    self.failed = Some(format!("{expression:?} is {other}, which is no share from 0 to 1"))
                }
                Ok(None) => {}
                Err(why) => self.failed = Some(why),
            }
            return;
        }
        let mut expressed = std::mem::take(&mut self.expressed);
        for Expressed { role, expression, before } in &mut expressed {
            match evaluate(expression) {
                Ok(Some(now)) if now.is_finite() && now >= 0.0 => {
                    let now = now as u64;
                    let since = match *before {
                        Before::Unknown => 0,
                        Before::At(before) if now >= before => now - before,
                        Before::At(_) | Before::Nothing => now,
                    };
                    *before = Before::At(now);
                    self.count(*role, since);
                }
                Ok(Some(other)) => self.failed = Some(format!("{expression:?} is {other}, which is no running total")),
                Ok(None) if matches!(before, Before::Unknown) => *before = Before::Nothing,
                Ok(None) => {}
                Err(why) => self.failed = Some(why),
            }
        }
        self.expressed = expressed;
    }

    /// Time has come to an instant; what was counted meanwhile belongs there. `seen` is how much of that time the process was
    /// there to see.
    pub(super) fn advance(&mut self, now: Timestamp, seen: Duration) {
        let events = self.counted_since();
        self.take(events, now, |over| if over.length() <= seen { Presence::Known } else { Presence::Unknown });
    }

    fn take(&mut self, events: Events, now: Timestamp, presence: impl Fn(Interval) -> Presence) {
        // A clock that went back stands still until it is where it was.
        let start = self.now.unwrap_or(now);
        let over = Interval::new(start, now.max(start));
        self.now = Some(over.end);
        let presence = presence(over);
        let effect = in_force(&self.slo.corrections, over.end).map(|correction| correction.effect);
        if let Some(slices) = &mut self.slices {
            self.totals = self.totals.plus(slices.catch_up(over, presence, effect));
        }
        let before = self.totals;
        if let Some((period, totals)) = &mut self.opened
            && over.end > period.end
        {
            (*period, *totals) = (self.slo.period.at(over.end), before);
        }
        let more = match &mut self.slices {
            Some(slices) => slices.take(events.sli(), over, presence, effect),
            None => events.totals(effect),
        };
        self.totals = before.plus(more);
        self.rings.advance(before, self.totals, over.end);
    }

    fn counted_since(&mut self) -> Events {
        let (good, bad) = (std::mem::take(&mut self.good), std::mem::take(&mut self.bad));
        match &mut self.total {
            Some(total) => Events { good, bad, total: std::mem::take(total), is_of_bad: self.is_of_bad },
            None => Events { good, bad, total: good.saturating_add(bad), is_of_bad: false },
        }
    }

    /// Judges anew, as of where time has come to.
    pub(super) fn judge(&mut self, hung: u64) {
        let now = self.now.unwrap_or_default();
        let before = self.verdict.take();
        let verdict = match self.failed.take() {
            Some(why) => Verdict::not_measured(&self.slo, why, now, before.as_deref()),
            None => {
                let so_far = SoFar { track: self, now };
                judge(&self.slo, &self.rules, &so_far, hung, now, before.as_deref())
            }
        };
        self.shared.tell(&verdict);
        self.verdict = Some(Arc::new(verdict));
    }
}

/// What was counted between two ticks.
struct Events {
    good: u64,
    bad: u64,
    total: u64,
    is_of_bad: bool,
}

impl Events {
    fn sli(&self) -> Sli {
        let good = if self.is_of_bad { self.total.saturating_sub(self.bad) } else { self.good };
        Sli::new(good, self.total)
    }

    /// What it adds to running totals. Two counters that are read one after the other may be a little apart; they are only
    /// compared over windows, so that nothing is lost.
    fn totals(&self, effect: Option<Effect>) -> Totals {
        let part = match (self.is_of_bad, effect) {
            (_, Some(Effect::Exclude)) => return Totals::default(),
            (true, Some(Effect::CountAsGood)) => 0,
            (true, None) => self.bad,
            (false, Some(Effect::CountAsGood)) => self.total,
            (false, None) => self.good,
        };
        Totals { part, total: self.total }
    }
}

/// What a track has counted up to now.
struct SoFar<'a> {
    track: &'a Track,
    now: Timestamp,
}

impl Counted for SoFar<'_> {
    fn counted(&self, over: Interval) -> (Sli, Interval) {
        let Track { totals, rings, opened, .. } = self.track;
        let opened =
            opened.filter(|(period, _)| period.start == over.start).map(|(period, totals)| (totals, period.start));
        let (before, start) = opened.unwrap_or_else(|| rings.at(over.start));
        let (part, total) = (totals.part - before.part, totals.total - before.total);
        let good = if self.track.is_of_bad && self.track.slices.is_none() { total.saturating_sub(part) } else { part };
        (Sli::new(good, total), Interval::new(start.max(rings.start()), self.now))
    }
}

/// The correction that an instant is in.
fn in_force(corrections: &[Correction], at: Timestamp) -> Option<&Correction> {
    let just_now = Interval::before(at, Duration::from_nanos(1));
    let in_force = corrections.iter().filter(|correction| !correction.within(just_now).is_empty());
    in_force.min_by_key(|correction| correction.effect)
}
