//! `histogram_quantile` and its kin, over native histograms and over classic ones with a series a bucket.

use super::frame::{Cell, Frame, Map, Row, SAME_LABELS};
use super::label::text;
use super::{Evaluator, Steps};
use crate::labels::is_metadata;
use crate::notes::{Dent, Note};
use crate::number::open_metrics;
use crate::parse::ast::{Expr, Span};
use crate::{Error, Histogram, Labels};

/// Functions that make a number of a native histogram.
pub(super) fn histogram_number(name: &str) -> Option<fn(&Histogram) -> f64> {
    Some(match name {
        "histogram_count" => |h| h.count(),
        "histogram_sum" => |h| h.sum(),
        "histogram_avg" => |h| h.sum() / h.count(),
        "histogram_stdvar" => |h| h.variance(),
        "histogram_stddev" => |h| h.variance().sqrt(),
        _ => return None,
    })
}

/// A bucket of a classic histogram: its upper bound, and how many observations are up to there.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    upper: f64,
    count: f64,
}

/// A histogram's rows: those of its buckets, or the one of a native histogram.
#[derive(Default)]
struct Rows {
    buckets: Vec<(f64, usize)>,
    native: Option<usize>,
}

/// What is asked at each step, if anything.
type Ask<'a> = dyn Fn(usize) -> Option<Question> + 'a;

/// The place of the histogram with these labels.
fn entry(known: &mut Map<Labels, usize>, all: &mut Vec<(Labels, Rows)>, labels: Labels) -> usize {
    let at = *known.entry(labels.clone()).or_insert(all.len());
    if at == all.len() {
        all.push((labels, Rows::default()));
    }
    at
}

/// What is asked of a histogram.
#[derive(Clone, Copy)]
enum Question {
    Quantile(f64),
    Fraction(f64, f64),
}

impl Evaluator<'_> {
    pub(super) fn histogram_quantile(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let q = self.quantiles(&args[0], steps)?;
        self.histograms(&args[1], steps, &|step| Some(Question::Quantile(q[step])))
    }

    pub(super) fn histogram_quantiles(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let label = text(&args[1]);
        let mut all = Vec::new();
        for arg in &args[2..] {
            all.push(self.quantiles(arg, steps)?);
        }
        let frame = self.vector(&args[0], steps)?;
        let mut out = Frame::new(steps.count);
        let rows = self.histogram_rows(&frame, args[0].span);
        for q in &all {
            // A quantile may be another at each step, and so may its label.
            let mut distinct: Vec<f64> = Vec::new();
            for x in q {
                if !distinct.iter().any(|known| known.to_bits() == x.to_bits()) {
                    distinct.push(*x);
                }
            }
            for x in distinct {
                let ask = |step: usize| (q[step].to_bits() == x.to_bits()).then_some(Question::Quantile(x));
                let label = Some((label, open_metrics(x)));
                self.answer(&mut out, (&frame, &rows, args[0].span), steps, label, &ask)?;
            }
        }
        out.merge(SAME_LABELS)
    }

    pub(super) fn histogram_fraction(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let (lower, upper) = (self.scalars(&args[0], steps)?, self.scalars(&args[1], steps)?);
        self.histograms(&args[2], steps, &|step| Some(Question::Fraction(lower[step], upper[step])))
    }

    fn quantiles(&self, arg: &Expr, steps: Steps) -> Result<Vec<f64>, Error> {
        let q = self.scalars(arg, steps)?;
        self.note_quantiles(&q, arg.span);
        Ok(q)
    }

    fn histograms(&self, arg: &Expr, steps: Steps, ask: &Ask<'_>) -> Result<Frame, Error> {
        let frame = self.vector(arg, steps)?;
        let rows = self.histogram_rows(&frame, arg.span);
        let mut out = Frame::new(steps.count);
        self.answer(&mut out, (&frame, &rows, arg.span), steps, None, ask)?;
        if self.options.delayed_name_removal { Ok(out) } else { out.merge(SAME_LABELS) }
    }

    /// The histograms in a vector by their labels without `le`.
    fn histogram_rows(&self, frame: &Frame, span: Span) -> Vec<(Labels, Rows)> {
        let mut known: Map<Labels, usize> = Map::default();
        let mut all: Vec<(Labels, Rows)> = Vec::new();
        for (row, (of, cells)) in frame.iter().enumerate() {
            let floats = cells.iter().any(|cell| matches!(cell, Cell::Float(_)));
            let native = cells.iter().any(|cell| matches!(cell, Cell::Histogram(_)));
            if floats {
                let le = of.labels.get("le").unwrap_or_default();
                match le.parse::<f64>() {
                    Ok(upper) if !le.is_empty() => {
                        let at = entry(&mut known, &mut all, of.labels.filter(|name| name != "le"));
                        all[at].1.buckets.push((upper, row));
                    }
                    _ => {
                        let metric = of.labels.metric_name().unwrap_or_default().to_owned();
                        self.note(Note::BadBucketLabel { metric, label: le.to_owned() }, span);
                    }
                }
            }
            if native {
                let at = entry(&mut known, &mut all, of.labels.clone());
                all[at].1.native = Some(row);
            }
        }
        for (_, rows) in &mut all {
            rows.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
        all
    }

    /// Adds a row for each histogram with the answer to a question; `label` is added to its labels.
    fn answer(
        &self,
        out: &mut Frame,
        (frame, all, span): (&Frame, &[(Labels, Rows)], Span),
        steps: Steps,
        label: Option<(&str, String)>,
        ask: &Ask<'_>,
    ) -> Result<(), Error> {
        let delayed = self.options.delayed_name_removal;
        let mut buckets = Vec::new();
        for (labels, rows) in all {
            self.budget.work(steps.count.saturating_mul(rows.buckets.len() + 1))?;
            // The name is gone by the time that Prometheus speaks of it, unless it goes late.
            let metric = if delayed { labels.metric_name().unwrap_or_default() } else { "" };
            let mut named = match &label {
                Some((name, value)) => labels.with(name, Some(&value.as_str().into())),
                None => labels.clone(),
            };
            if !delayed {
                named = named.filter(|name| !is_metadata(name));
            }
            self.budget.samples(steps.count)?;
            let cells = out.push(Row { labels: named, drop_name: delayed });
            for (step, place) in cells.iter_mut().enumerate() {
                let Some(question) = ask(step) else { continue };
                buckets.clear();
                buckets.extend(rows.buckets.iter().filter_map(|(upper, row)| match frame.cells(*row)[step] {
                    Cell::Float(count) => Some(Bucket { upper: *upper, count }),
                    _ => None,
                }));
                let native = rows.native.map(|row| &frame.cells(row)[step]);
                match native {
                    Some(Cell::Histogram(_)) if !buckets.is_empty() => {
                        let metric = labels.metric_name().unwrap_or_default().to_owned();
                        self.note(Note::MixedClassicNative(metric), span);
                    }
                    Some(Cell::Histogram(h)) => *place = Cell::Float(self.ask_native(h, question, metric, span)),
                    _ if !buckets.is_empty() => {
                        let at_ms = steps.at(step);
                        *place = Cell::Float(self.ask_classic(&mut buckets, question, metric, span, at_ms));
                    }
                    _ => {}
                }
            }
            out.pop_empty();
        }
        Ok(())
    }

    fn ask_native(&self, h: &Histogram, question: Question, metric: &str, span: Span) -> f64 {
        // Observations that are not a number are counted, but in no bucket.
        let nan = h.sum().is_nan() && h.count() > 0.0 && h.count_in_buckets() < h.count();
        match question {
            Question::Quantile(q) => {
                let value = h.quantile(q);
                if nan && (0.0..=1.0).contains(&q) {
                    let note = if value.is_nan() { Note::QuantileNan } else { Note::QuantileSkewed };
                    self.note(note(metric.to_owned()), span);
                }
                value
            }
            Question::Fraction(lower, upper) => {
                if nan {
                    self.note(Note::FractionNan(metric.to_owned()), span);
                }
                h.fraction(lower, upper)
            }
        }
    }

    fn ask_classic(&self, buckets: &mut Vec<Bucket>, question: Question, metric: &str, span: Span, at_ms: i64) -> f64 {
        match question {
            Question::Quantile(q) if q.is_nan() => return f64::NAN,
            Question::Quantile(q) if q < 0.0 => return f64::NEG_INFINITY,
            Question::Quantile(q) if q > 1.0 => return f64::INFINITY,
            _ => {}
        }
        if buckets.last().is_none_or(|bucket| bucket.upper != f64::INFINITY) {
            return f64::NAN;
        }
        // Bounds may be written in several ways.
        buckets.dedup_by(|next, bucket| {
            let same = next.upper == bucket.upper;
            if same {
                bucket.count += next.count;
            }
            same
        });
        let dent = make_monotonic(buckets, at_ms);
        match question {
            Question::Quantile(q) => {
                if let Some(dent) = dent {
                    self.notes.forced_monotonicity(metric, span, dent);
                }
                classic_quantile(q, buckets)
            }
            Question::Fraction(lower, upper) => classic_fraction(lower, upper, buckets),
        }
    }
}

/// Makes counts go up only, as those of buckets should; says where they did not by more than rounding explains.
fn make_monotonic(buckets: &mut [Bucket], at_ms: i64) -> Option<Dent> {
    let mut dent: Option<Dent> = None;
    let mut before = buckets.first()?.count;
    for bucket in &mut buckets[1..] {
        let count = bucket.count;
        if count == before {
            continue;
        }
        if almost_equal(before, count) {
            bucket.count = before;
        } else if count < before {
            let known =
                dent.get_or_insert(Dent { at_ms, min_bucket: bucket.upper, max_bucket: bucket.upper, max_diff: 0.0 });
            known.max_bucket = bucket.upper;
            known.max_diff = known.max_diff.max(before - count);
            bucket.count = before;
        } else {
            before = count;
        }
    }
    dent
}

/// Equal but for rounding: within 10^-12 of their sum.
fn almost_equal(a: f64, b: f64) -> bool {
    const TOLERANCE: f64 = 1e-12;
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

/// Linear within a bucket; the first one begins at zero if it ends above, and nothing is known of the last one.
fn classic_quantile(q: f64, buckets: &[Bucket]) -> f64 {
    let [inner @ .., last] = buckets else { return f64::NAN };
    let Some(highest) = inner.last() else { return f64::NAN };
    if last.count == 0.0 {
        return f64::NAN;
    }
    let rank = q * last.count;
    let at = inner.iter().position(|bucket| bucket.count >= rank);
    match at {
        None => highest.upper,
        Some(0) if inner[0].upper <= 0.0 => inner[0].upper,
        Some(at) => {
            let before = at.checked_sub(1).map_or(Bucket { upper: 0.0, count: 0.0 }, |at| inner[at]);
            let Bucket { upper, count } = inner[at];
            before.upper + (upper - before.upper) * ((rank - before.count) / (count - before.count))
        }
    }
}

/// The share of observations between two values.
fn classic_fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(total) = buckets.last().map(|bucket| bucket.count).filter(|total| *total != 0.0) else {
        return f64::NAN;
    };
    if lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets).min(total) - rank_of(lower, buckets).min(total)) / total
}

/// How many observations are up to a value. Of a bucket without an end to one side, a value within it has all or nothing.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    if value == f64::NEG_INFINITY {
        return 0.0;
    }
    let mut before = Bucket { upper: f64::NEG_INFINITY, count: 0.0 };
    if buckets[0].upper > 0.0 {
        before.upper = 0.0;
    }
    for bucket in buckets {
        if value <= before.upper {
            return before.count;
        }
        if value < bucket.upper {
            if before.upper == f64::NEG_INFINITY {
                return bucket.count;
            }
            return before.count
                + (bucket.count - before.count) * (value - before.upper) / (bucket.upper - before.upper);
        }
        before = *bucket;
    }
    before.count
}
