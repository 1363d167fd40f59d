//! A model that keeps every event, and works out each window from all of them.

use bellwether_dependency::Failure;
use bellwether_dependency::cascade::{Calls, Failures, Flow, Latency};

use super::units;

/// A request or a call, from beginning to end.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) node: usize,
    pub(crate) parent: Option<usize>,
    /// In units, and the number of the event.
    began: (u64, usize),
    ended: Option<(u64, usize)>,
    failure: Option<Failure>,
    /// Whom its failure is blamed on: a node, and whether it was given up there; nobody else.
    by: Option<(usize, bool)>,
    /// It was tried again what had failed in this class.
    retries: Option<Failure>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) now: u64,
    events: usize,
}

/// From when to when, in units and in events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    from: (u64, usize),
    until: (u64, usize),
}

impl Model {
    pub(crate) fn begin(&mut self, node: usize, parent: Option<usize>) -> usize {
        self.events += 1;
        let failed = parent.and_then(|parent| self.failed_last(parent));
        let retries = failed.filter(|failed| failed.0 == node && !failed.2).map(|failed| failed.1);
        let began = (self.now, self.events);
        self.pieces.push(Piece { node, parent, began, ended: None, failure: None, by: None, retries });
        self.pieces.len() - 1
    }

    /// It ends as it says itself, unless it is a request: that fails as what it failed for.
    pub(crate) fn end(&mut self, piece: usize, failure: Option<Failure>) {
        let failed = failure.and_then(|_| self.failed_last(piece));
        let is_request = self.pieces[piece].parent.is_none() && self.pieces[piece].node < super::any::ROUTES;
        let (mut class, mut by) = (failure, None);
        if let (Some(own), Some((node, of, cut))) = (failure, failed) {
            if is_request && own.is_loss() {
                class = Some(if cut { Failure::Timeout } else { of });
                by = Some((node, cut));
            } else if !is_request && (!cut || own == Failure::Timeout) {
                by = Some((node, cut));
            }
        }
        self.events += 1;
        let end = (self.now, self.events);
        let this = &mut self.pieces[piece];
        (this.ended, this.failure, this.by) = (Some(end), class, by);
    }

    /// The node, class, and whether it was given up, of the call that failed last and was not made up for.
    fn failed_last(&self, piece: usize) -> Option<(usize, Failure, bool)> {
        let is_child = |child: &&Piece| child.parent == Some(piece) && child.ended.is_some();
        let alive = |child: &&Piece| self.pieces[piece].ended.is_none_or(|end| child.ended < Some(end));
        let mut children: Vec<&Piece> = self.pieces.iter().filter(is_child).filter(alive).collect();
        children.sort_by_key(|child| child.ended.map(|end| end.1));
        let mut last: Option<(usize, Failure, bool, u64)> = None;
        for child in children {
            let at = child.ended.map_or(0, |end| end.0);
            match child.failure {
                None if last.is_some_and(|last| child.began.0 >= last.3) => last = None,
                None | Some(Failure::BadRequest) => {}
                Some(class) => {
                    let cut = class == Failure::Cancelled;
                    if last.is_none_or(|last| last.2 || !cut) {
                        last = Some((child.node, class, cut, at));
                    }
                }
            }
        }
        last.map(|(node, class, cut, _)| (node, class, cut))
    }

    pub(crate) fn tick(&mut self, last: Span) -> Span {
        Span { from: last.until, until: (self.now, self.events) }
    }

    pub(crate) fn calls(&self, node: usize, span: Span) -> Calls {
        let mut calls = Calls::default();
        let mut retried = Failures::default();
        for (i, piece) in self.pieces.iter().enumerate().filter(|(_, piece)| piece.node == node) {
            if span.has(piece.began) {
                calls.started += 1;
                if let Some(class) = piece.retries {
                    retried[class] += 1;
                }
            }
            let own = self.own(i, (0, u64::MAX));
            if piece.ended.is_some_and(|end| span.has(end)) {
                calls.attempts += 1;
                calls.latency.record(units(piece.ended.unwrap().0 - piece.began.0));
                calls.own_time.record(units(own));
                if let Some(class) = piece.failure {
                    calls.attempts_failed[class] += 1;
                    calls.own[class] += u64::from(piece.by.is_none());
                }
            }
            if piece.ended.is_none() {
                calls.in_flight += 1;
                calls.ages.record(units(span.until.0 - piece.began.0));
            }
            calls.busy += units(piece.during(span)).as_secs_f64();
            calls.own_busy += units(self.own(i, (span.from.0, span.until.0))).as_secs_f64();
        }
        calls.started = calls.started.saturating_sub(retried.total());
        calls.ended = calls.attempts.saturating_sub(retried.total());
        for class in Failure::ALL {
            calls.failed[class] = calls.attempts_failed[class].saturating_sub(retried[class]);
        }
        calls
    }

    /// The time within which it waited for no call: its own, less the union of those of its calls.
    fn own(&self, piece: usize, within: (u64, u64)) -> u64 {
        let this = &self.pieces[piece];
        let clip = |from: u64, until: u64| (from.clamp(within.0, within.1), until.clamp(within.0, within.1));
        let end = this.ended.map_or(self.now, |end| end.0);
        let mut children: Vec<(u64, u64)> = (self.pieces.iter())
            .filter(|child| child.parent == Some(piece))
            .map(|child| clip(child.began.0.min(end), child.ended.map_or(end, |own| own.0.min(end))))
            .collect();
        children.sort_unstable();
        let (from, until) = clip(this.began.0, end);
        let (mut own, mut at) = (until - from, from);
        for (from, until) in children {
            let from = from.max(at);
            own -= until.saturating_sub(from);
            at = at.max(until);
        }
        own
    }

    pub(crate) fn flow(&self, from: usize, to: usize, span: Span) -> Flow {
        let mut flow = Flow::default();
        let parent = |piece: &Piece| piece.parent.map(|parent| self.pieces[parent].node);
        for piece in self.pieces.iter().filter(|piece| piece.node == to && parent(piece) == Some(from)) {
            flow.started += u64::from(span.has(piece.began));
            flow.busy += units(piece.during(span)).as_secs_f64();
        }
        for piece in self.pieces.iter().filter(|piece| piece.node == from) {
            if piece.ended.is_some_and(|end| span.has(end)) {
                flow.failed += u64::from(piece.by == Some((to, false)));
                flow.cut += u64::from(piece.by == Some((to, true)));
            }
        }
        flow
    }

    pub(crate) fn is_under_way(&self, piece: usize) -> bool {
        self.pieces[piece].ended.is_none()
    }
}

impl Piece {
    /// How much of it was in a window.
    fn during(&self, span: Span) -> u64 {
        let end = self.ended.map_or(span.until.0, |end| end.0.min(span.until.0));
        end.saturating_sub(self.began.0.max(span.from.0))
    }
}

impl Span {
    fn has(self, event: (u64, usize)) -> bool {
        event.1 > self.from.1 && event.1 <= self.until.1
    }
}

/// What two windows say of a node is the same.
#[track_caller]
pub(crate) fn same(what: &str, read: &Calls, model: &Calls) {
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{what}: {a} and {b}");
    near(read.busy, model.busy);
    near(read.own_busy, model.own_busy);
    let rest = |calls: &Calls| Calls { busy: 0.0, own_busy: 0.0, lost_in: 0, ..calls.clone() };
    let sizes = |latency: &Latency| latency.count();
    assert_eq!(
        (sizes(&read.latency), sizes(&read.own_time), sizes(&read.ages)),
        (sizes(&model.latency), sizes(&model.own_time), sizes(&model.ages)),
        "{what}"
    );
    assert_eq!(rest(read), rest(model), "{what}");
}
