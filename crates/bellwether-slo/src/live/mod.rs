//! Many objectives, judged again at every tick from running totals; the work goes with the series, not with the past.

mod index;
mod objective;
mod readings;
mod ring;
mod slices;
mod track;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Clock, Instant, Timestamp};

use crate::measure::Slots;
use crate::objective::{Correction, Slo};
use crate::{Error, Verdict};
use index::{Index, Look};
pub use objective::Objective;
pub use readings::{Read, Readings};
use track::Track;

/// When a tick is: on the clock on the wall, which may jump, and on the one that does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Which slot it is.
    pub wall: Timestamp,
    /// Whether the wall clock jumped.
    pub monotonic: Instant,
}

impl Moment {
    /// Now.
    pub fn now(clock: &Clock) -> Self {
        Self { wall: clock.timestamp(), monotonic: clock.now() }
    }
}

/// Judges objectives at every tick.
///
/// It is fed running totals and keeps what they rose by; what is there at the first tick came before it. Memory is that of
/// the slots that the objectives' windows need, and does not grow.
///
/// Verdicts are those of the pure function [`judge`](crate::judge), asked of slots: a window begins at the end of a slot,
/// which is exact where its start is a multiple of the slots that reach so far (of ticks for an hour, of a minute for six, of
/// ten minutes for the longest window of a rule, of an hour for the period), and otherwise up to a slot earlier. A period of
/// the calendar begins at the tick that passes its border.
#[derive(Debug)]
pub struct Judge {
    tracks: Vec<Track>,
    by_name: BTreeMap<String, usize>,
    index: Index,
    tick: Duration,
    /// The last tick.
    last: Option<Moment>,
}

/// What came of a tick beside verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Ticked {
    /// The wall clock went another way than the monotonic one, by more than a tick.
    pub clock_jump: Option<ClockJump>,
    /// How many series counted less than before, and so have started anew.
    pub resets: usize,
    /// How many series were turned away, since there are more than a million.
    pub turned_away: usize,
}

/// By how much the wall clock jumped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockJump {
    /// It is later than it would be.
    Forward(Duration),
    /// It is earlier than it would be. Until it has caught up, all counts into the slot that was open.
    Back(Duration),
}

impl Judge {
    /// The most corrections that an objective has: all of them are looked at in each tick and in each report.
    pub const MAX_CORRECTIONS: usize = 512;

    /// Judges these objectives, at ticks of five seconds.
    ///
    /// # Errors
    /// If one of them does not [`check`](Slo::check), or two have the same name.
    pub fn new(slos: impl IntoIterator<Item = Slo>) -> Result<Self, Error> {
        Self::ticking(Duration::from_secs(5), slos)
    }

    /// Judges these objectives, at ticks so far apart: 100 milliseconds to a minute.
    ///
    /// # Errors
    /// As [`new`](Self::new), or if the ticks are closer or farther.
    pub fn ticking(tick: Duration, slos: impl IntoIterator<Item = Slo>) -> Result<Self, Error> {
        if !(Duration::from_millis(100)..=Duration::from_secs(60)).contains(&tick) {
            let accepted = "give 100 milliseconds to a minute; 5 s is the default";
            return Err(Error::illegal("tick", format!("{tick:?}"), "is too short or too long", accepted));
        }
        let mut judge =
            Self { tracks: Vec::new(), by_name: BTreeMap::new(), index: Index::default(), tick, last: None };
        for slo in slos {
            slo.check()?;
            let rules = slo.alerting.rules_of(&slo)?;
            let at = judge.tracks.len();
            if judge.by_name.insert(slo.name.clone(), at).is_some() {
                return Err(Error::objective(&slo.name, "two objectives have this name; give each its own"));
            }
            judge.index.want(at, &slo);
            judge.tracks.push(Track::new(slo, rules, tick));
        }
        Ok(judge)
    }

    /// Takes what was counted before this process began, as history kept it: to be called for each objective before the
    /// first tick. An objective judged by slices is to be told in slots that are no longer.
    ///
    /// # Errors
    /// If there is no such objective, or ticks have begun.
    pub fn replay(&mut self, name: &str, slots: &Slots) -> Result<(), Error> {
        let refuse = |wrong| Err(Error::objective(name, wrong));
        let Some(track) = self.by_name.get(name).and_then(|at| self.tracks.get_mut(*at)) else {
            return refuse(UNKNOWN);
        };
        if self.last.is_some() || track.is_started() {
            return refuse("what was before is to be told once, before the first tick");
        }
        slots.iter().for_each(|slot| track.replay(slot));
        Ok(())
    }

    /// Corrects time of an objective from here on: maintenance that begins. What was counted already stays as it was counted;
    /// reports, which count anew, see the correction wherever it lies.
    ///
    /// # Errors
    /// If there is no such objective, the correction is at no time of a day, or there are
    /// [so many](Self::MAX_CORRECTIONS) already.
    pub fn correct(&mut self, name: &str, correction: Correction) -> Result<(), Error> {
        correction.check()?;
        let Some(track) = self.by_name.get(name).and_then(|at| self.tracks.get_mut(*at)) else {
            return Err(Error::objective(name, UNKNOWN));
        };
        if track.slo.corrections.len() >= Self::MAX_CORRECTIONS {
            let most = format!("there are {} corrections of it, which is the limit", Self::MAX_CORRECTIONS);
            return Err(Error::objective(name, most + "; take some back, or give one that repeats instead of many"));
        }
        Arc::make_mut(&mut track.slo).corrections.push(correction);
        Ok(())
    }

    /// Takes back the corrections of an objective that were set at an instant. What was counted already stays as it was
    /// counted. Returns whether there were any.
    ///
    /// # Errors
    /// If there is no such objective.
    pub fn take_back(&mut self, name: &str, set_at: Timestamp) -> Result<bool, Error> {
        let Some(track) = self.by_name.get(name).and_then(|at| self.tracks.get_mut(*at)) else {
            return Err(Error::objective(name, UNKNOWN));
        };
        let corrections = &mut Arc::make_mut(&mut track.slo).corrections;
        let before = corrections.len();
        corrections.retain(|correction| correction.set_at != Some(set_at));
        Ok(corrections.len() < before)
    }

    /// Reads everything, and judges.
    pub fn tick(&mut self, now: Moment, readings: &dyn Readings) -> Ticked {
        let first = self.last.is_none();
        let before = self.last.unwrap_or(now);
        let clock_jump = jump(before, now).filter(|jump| jump.is_beyond(self.tick));
        let mut ticked = Ticked { clock_jump, ..Ticked::default() };
        self.tracks.iter_mut().for_each(|track| track.begin(now.wall));
        let (tracks, index) = (&mut self.tracks, &mut self.index);
        readings.each(&mut |read| {
            let look = index.look(read, first, |at, counted| {
                let Some(track) = tracks.get_mut(at) else { return };
                match counted {
                    Ok((role, events)) => track.count(role, events),
                    Err(bound) => track.lacks_bound(read.metric(), bound),
                }
            });
            match look {
                Look::Fine => {}
                Look::Reset => ticked.resets += 1,
                Look::TurnedAway => ticked.turned_away += 1,
            }
        });
        let seen = now.monotonic.since(before.monotonic).saturating_add(self.tick);
        for track in &mut self.tracks {
            track.evaluate(|expression| readings.evaluate(expression));
            track.advance(now.wall, seen);
            let hung = if track.slo.threshold().is_some() { readings.hung(&track.slo) } else { 0 };
            track.judge(hung);
        }
        self.last = Some(now);
        ticked
    }

    /// The objectives and their verdicts as of the last tick, by name, to be looked at or kept. None before the first.
    pub fn verdicts(&self) -> impl Iterator<Item = (&Arc<Slo>, &Arc<Verdict>)> {
        let tracks = self.by_name.values().filter_map(|at| self.tracks.get(*at));
        tracks.filter_map(|track| Some((&track.slo, track.verdict.as_ref()?)))
    }

    /// The verdict on an objective as of the last tick.
    pub fn verdict(&self, name: &str) -> Option<&Verdict> {
        self.track(name)?.verdict.as_deref()
    }

    /// A handle to an objective, to be kept by the code that asks.
    pub fn objective(&self, name: &str) -> Option<Objective> {
        Some(self.track(name)?.shared.clone())
    }

    fn track(&self, name: &str) -> Option<&Track> {
        self.tracks.get(*self.by_name.get(name)?)
    }
}

const UNKNOWN: &str = "there is no objective of this name";

fn jump(before: Moment, now: Moment) -> Option<ClockJump> {
    let real = now.monotonic.since(before.monotonic);
    let expected = before.wall.after(real);
    match now.wall.cmp(&expected) {
        std::cmp::Ordering::Less => Some(ClockJump::Back(expected.since(now.wall))),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(ClockJump::Forward(now.wall.since(expected))),
    }
}

impl ClockJump {
    fn is_beyond(self, tick: Duration) -> bool {
        let (Self::Forward(by) | Self::Back(by)) = self;
        by > tick
    }
}
