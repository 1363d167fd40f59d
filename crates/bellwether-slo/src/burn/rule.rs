//! A burn rule: a severity, a share of the budget, and two windows. The table of them is here, and only here.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::{Ratio, Share, Target};

/// How soon somebody must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nobody must; it is good to know.
    Info,
    /// Somebody, on the next working day.
    Ticket,
    /// Somebody, now.
    Page,
}

/// Spending this share of the budget within the long window is too fast, if the short one says that it still goes on.
///
/// The long window proves that it matters, the short one, a twelfth of it, that it still happens: it is what lets an alert
/// end soon after the trouble. There is no further time to wait, which would only hide trouble that comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnRule {
    /// What it is called, to be left out by this name.
    pub name: Cow<'static, str>,
    /// How soon somebody must look.
    pub severity: Severity,
    /// The share of the period's budget that is too much for the long window.
    pub budget: Share,
    /// The long window.
    pub long: Duration,
    /// The short window.
    pub short: Duration,
}

impl BurnRule {
    /// The rules that the Site Reliability Workbook recommends ("Alerting on SLOs"), for a period of 30 days: factors of
    /// 14.4, 6, 3 and 1. The third stands in the workbook's rules, not in its table 5-8.
    pub const WORKBOOK: [Self; 4] = [
        Self::row("page-quick", Severity::Page, 2, HOUR, 5 * MINUTE),
        Self::row("page-slow", Severity::Page, 5, 6 * HOUR, 30 * MINUTE),
        Self::row("ticket-quick", Severity::Ticket, 10, DAY, 2 * HOUR),
        Self::row("ticket-slow", Severity::Ticket, 10, 3 * DAY, 6 * HOUR),
    ];

    /// For promises so high that five minutes are long: 1 % of 30 days' budget within two minutes, still so in the last ten
    /// seconds. Beside the others, and with ticks of a second or so.
    pub const FAST: Self = Self::row("page-fast", Severity::Page, 1, 2 * MINUTE, 10);

    const fn row(name: &'static str, severity: Severity, percent: u64, long: u64, short: u64) -> Self {
        Self {
            name: Cow::Borrowed(name),
            severity,
            budget: Share::percent(percent),
            long: Duration::from_secs(long),
            short: Duration::from_secs(short),
        }
    }

    /// The burn rate from which on it is too fast: share × period ÷ long window.
    pub fn factor(&self, period: Duration) -> Ratio {
        over(period, self.long).and_then(|times| self.budget.ratio().checked_mul(times)).unwrap_or(Ratio::ZERO)
    }

    /// The failure ratio from which on it is too fast: factor × (1 − target). From 1 on it can never be true.
    pub fn failure_ratio(&self, period: Duration, target: Target) -> Ratio {
        self.factor(period).checked_mul(target.budget()).unwrap_or(Ratio::ONE)
    }

    /// How long a failure ratio, of steady traffic after none, lasts before the rule is true; `None` if it never is.
    ///
    /// factor × (1 − target) × long ÷ ratio. A total outage of a promise of 99.9 % pages after 51.84 s. The first tick at or
    /// after that time sees it.
    pub fn detection_time(&self, period: Duration, target: Target, failure_ratio: Ratio) -> Option<Duration> {
        let enough = self.failure_ratio(period, target);
        if failure_ratio <= enough || failure_ratio > Ratio::ONE {
            return None;
        }
        Some(times(self.long, enough.checked_div(failure_ratio)?))
    }

    /// How long after a total outage the rule ceases to be true, if the outage was longer than the short window:
    /// short × (1 − factor × (1 − target)).
    pub fn reset_time(&self, period: Duration, target: Target) -> Option<Duration> {
        let left = Ratio::ONE.checked_sub(self.failure_ratio(period, target))?;
        (left > Ratio::ZERO).then(|| times(self.short, left))
    }

    /// How long a series may be missing before that is as bad as this rule: a total outage's detection and what is waited
    /// beyond, in whole minutes begun.
    pub fn absence_after(&self, period: Duration, target: Target, pending_for: Duration) -> Duration {
        let silence = times(self.long, self.failure_ratio(period, target)).saturating_add(pending_for);
        let minutes = silence.as_nanos().div_ceil(u128::from(MINUTE) * 1_000_000_000);
        Duration::from_secs(u64::try_from(minutes).unwrap_or(u64::MAX).saturating_mul(MINUTE))
    }

    /// The rule with both windows as much longer or shorter as the period is against 30 days; its factor stays.
    pub(super) fn scaled(&self, period: Duration) -> Self {
        let by = |window: Duration| times(window, over(period, BASE).unwrap_or(Ratio::ONE));
        Self { long: by(self.long), short: by(self.short), ..self.clone() }
    }
}

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// The period that the table is for.
const BASE: Duration = Duration::from_secs(30 * DAY);

/// How many times one length goes into another.
pub(crate) fn over(length: Duration, by: Duration) -> Option<Ratio> {
    Ratio::new(i128::try_from(length.as_nanos()).ok()?, i128::try_from(by.as_nanos()).ok()?)
}

/// A length so many times, to the nanosecond.
fn times(length: Duration, factor: Ratio) -> Duration {
    let nanos = i128::try_from(length.as_nanos()).ok().and_then(|nanos| Ratio::new(nanos, 1)?.checked_mul(factor));
    let nanos = nanos.and_then(|nanos| u64::try_from(nanos.floor()).ok());
    nanos.map_or(length.mul_f64(factor.to_f64().max(0.0)), Duration::from_nanos)
}

impl Severity {
    /// The word used in labels, logs and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
