//! Samples as PromQL sees them: floats and native histograms, zeros where a counter begins, and marks where a series ends.

use std::borrow::Cow;

use bellwether_promql::{Hints, Labels, STALE_NAN, Sample, SampleValue, Selected};

use crate::chunk::{Shape, Words};
use crate::family::Facet;
use crate::native::Native;
use crate::parts::{Event, Part, Parts};
use crate::series::states_of;

/// Renders what a selector wants of one series after the other.
#[derive(Debug)]
pub(crate) struct Renderer<'h> {
    from: i64,
    to: i64,
    hints: &'h Hints,
}

/// The samples of one facet.
#[derive(Debug, Default)]
struct Track {
    samples: Vec<Sample>,
    /// Samples that hold for longer than PromQL looks back: which, and until when.
    held: Vec<(usize, i64)>,
}

impl<'h> Renderer<'h> {
    pub(crate) fn new(from: i64, to: i64, hints: &'h Hints) -> Self {
        Self { from, to, hints }
    }

    /// The facets of a series that have samples.
    pub(crate) fn render<'a>(&self, parts: &Parts, facets: Vec<(Facet, Labels)>) -> Vec<Selected<'a>> {
        let mut tracks: Vec<Track> = facets.iter().map(|_| Track::default()).collect();
        match facets.as_slice() {
            // What most queries want, without a detour.
            [(Facet::Whole, _)] => self.whole(parts, &mut tracks[0]),
            _ => self.facets(parts, &facets, &mut tracks),
        }
        let selected = facets.into_iter().zip(tracks).filter_map(|((_, labels), track)| {
            let samples = track.finish(self.from, self.to, self.hints);
            (!samples.is_empty()).then_some(Selected { labels, samples: Cow::Owned(samples) })
        });
        selected.collect()
    }

    fn whole(&self, parts: &Parts, track: &mut Track) {
        let mut native = Native::default();
        parts.each(|part, time, event| {
            let value = match event {
                Event::Words(words) => self.word(part, words),
                Event::Counts(counts, wider) => {
                    // It has to see all, since one is told by the one before, but need not show all.
                    native.see(wider);
                    if time < self.from || time > self.to {
                        native.skip();
                        return;
                    }
                    SampleValue::Histogram(native.show(counts))
                }
                Event::Ended => SampleValue::Float(f64::from_bits(STALE_NAN)),
                Event::Born if part.shape.is_none() => match track.samples.last() {
                    Some(last) if last.timestamp_ms >= time => return native.reset(),
                    _ => SampleValue::Histogram(native.born()),
                },
                Event::Born if part.family.is_cumulative() => SampleValue::Float(0.0),
                Event::Born => return,
            };
            self.push(track, part, time, value);
        });
    }

    fn facets(&self, parts: &Parts, facets: &[(Facet, Labels)], tracks: &mut [Track]) {
        let mut cumulative: Vec<u64> = Vec::new();
        let mut native = Native::default();
        parts.each(|part, time, event| {
            let snapshot = match event {
                Event::Counts(counts, wider) => {
                    native.see(wider);
                    if time < self.from || time > self.to {
                        return native.skip();
                    }
                    cumulative.clear();
                    part.family
                        .buckets
                        .cumulative(&counts.snapshot(&part.family.bounds), |count| cumulative.push(count));
                    Some(counts)
                }
                _ => None,
            };
            for ((facet, _), track) in facets.iter().zip(tracks.iter_mut()) {
                let value = match (&event, snapshot) {
                    (Event::Words(words), _) => match facet {
                        Facet::State(at) => self.state(*at, words[0]),
                        _ => self.word(part, *words),
                    },
                    (Event::Ended, _) => SampleValue::Float(f64::from_bits(STALE_NAN)),
                    (Event::Born, _) if !part.family.is_cumulative() => continue,
                    (Event::Born, _) if track.samples.last().is_some_and(|last| last.timestamp_ms >= time) => continue,
                    (Event::Born, _) if *facet == Facet::Whole => SampleValue::Histogram(native.born()),
                    (Event::Born, _) => SampleValue::Float(0.0),
                    (Event::Counts(..), Some(counts)) => match facet {
                        Facet::Whole => SampleValue::Histogram(native.show(counts)),
                        Facet::Sum => SampleValue::Float(f64::from_bits(counts.sum)),
                        Facet::Bucket(at) if usize::from(*at) < cumulative.len() => {
                            SampleValue::Float(cumulative[usize::from(*at)] as f64)
                        }
                        _ => SampleValue::Float(counts.total() as f64),
                    },
                    _ => continue,
                };
                self.push(track, part, time, value);
            }
        });
    }

    #[inline]
    fn push(&self, track: &mut Track, part: &Part, time: i64, value: SampleValue) {
        if time > self.to {
            return;
        }
        let held = part.held(time);
        if held > time && self.hints.range_ms == 0 {
            // It may be from before what was asked for, and still hold.
            track.held.push((track.samples.len(), held));
        } else if time < self.from {
            return;
        }
        track.samples.push(Sample { timestamp_ms: time, value });
    }

    #[inline]
    fn word(&self, part: &Part, words: Words) -> SampleValue {
        SampleValue::Float(match (part.shape, self.hints.function) {
            (Some(Shape::Count), _) => part.family.scale.of(words[0]),
            (Some(Shape::Extremes), Some("min_over_time")) => f64::from_bits(words[1]),
            (Some(Shape::Extremes), Some("max_over_time")) => f64::from_bits(words[2]),
            _ => f64::from_bits(words[0]),
        })
    }

    fn state(&self, at: u8, word: u64) -> SampleValue {
        let (is, seen) = states_of(word);
        let own = 1 << at;
        let holds = match self.hints.function {
            Some("max_over_time") => seen & own != 0,
            Some("min_over_time") => seen == own,
            _ => is == u64::from(at),
        };
        SampleValue::Float(f64::from(u8::from(holds)))
    }
}

impl Track {
    /// The samples of the wanted time. Those that hold for long are said again where an instant selector is evaluated.
    fn finish(self, from: i64, to: i64, hints: &Hints) -> Vec<Sample> {
        let Self { mut samples, held } = self;
        if held.is_empty() {
            return samples;
        }
        let mut all: Vec<Sample> = Vec::with_capacity(samples.len() * 2);
        let step = hints.step_ms.max(1);
        for (place, until) in held.iter().copied() {
            let Some(sample) = samples.get(place).cloned() else { continue };
            let next = samples.get(place + 1).map_or(i64::MAX, |next| next.timestamp_ms);
            let until = until.min(next.saturating_sub(1)).min(to);
            // The first instant after the sample.
            let skipped = (sample.timestamp_ms - hints.first_ms).div_euclid(step) + 1;
            let mut at = hints.first_ms.saturating_add(skipped.max(0).saturating_mul(step));
            all.push(sample.clone());
            while at <= until {
                all.push(Sample { timestamp_ms: at, value: sample.value.clone() });
                if hints.step_ms == 0 {
                    break;
                }
                at = at.saturating_add(step);
            }
        }
        // Those that are not held are not coarse, and after all that are.
        let mut places = held.iter().map(|(place, _)| *place).peekable();
        let mut place = 0;
        samples.retain(|_| {
            let keep = places.next_if_eq(&place).is_none();
            place += 1;
            keep
        });
        all.append(&mut samples);
        all.sort_by_key(|sample| sample.timestamp_ms);
        all.retain(|sample| (from..=to).contains(&sample.timestamp_ms));
        all
    }
}
