//! `info`: labels of info metrics, such as `target_info`, for the series they belong to.

use std::collections::BTreeSet;

use super::frame::{Cell, Frame, Map, Row, SAME_LABELS};
use super::{Evaluator, Steps};
use crate::labels::METRIC_NAME;
use crate::parse::ast::{Expr, Kind, Selector, TimeShift};
use crate::{Error, Labels, MatchOp, Matcher};

/// The labels by which a series and an info series belong together.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl Evaluator<'_> {
    pub(super) fn info(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let base = self.vector(&args[0], steps)?;
        let wanted: &[Matcher] = match args.get(1).map(|arg| &arg.kind) {
            Some(Kind::Selector(selector)) => &selector.matchers,
            _ => &[],
        };
        let (mut names, data): (Vec<Matcher>, Vec<Matcher>) =
            wanted.iter().cloned().partition(|matcher| matcher.name() == METRIC_NAME);
        if names.is_empty() {
            names.push(Matcher::new(METRIC_NAME, MatchOp::Equal, "target_info")?);
        }
        let is_info = |labels: &Labels| names.iter().all(|matcher| matcher.matches_labels(labels));
        let ignored: Vec<bool> = base.rows.iter().map(|row| is_info(&row.labels)).collect();
        let found = self.info_series(&args[0], &base, &ignored, &names, &data, steps)?;

        // The info series that each identity has, by the name of the info metric.
        let identity = |labels: &Labels| labels.filter(|name| IDENTIFYING.contains(&name));
        let mut by_identity: Map<Labels, Vec<usize>> = Map::default();
        for (i, row) in found.rows.iter().enumerate() {
            by_identity.entry(identity(&row.labels)).or_default().push(i);
        }
        let mut out = Frame::new(steps.count);
        let mut known: Map<Labels, usize> = Map::default();
        let demanded = !data.iter().all(|matcher| matcher.matches(""));
        for (i, row) in base.rows.iter().enumerate() {
            let infos = by_identity.get(&identity(&row.labels)).map_or(&[][..], Vec::as_slice);
            for (step, cell) in base.cells(i).iter().enumerate() {
                if !cell.is_present() {
                    continue;
                }
                let labels = if ignored[i] {
                    row.labels.clone()
                } else {
                    let newest = newest(&found, infos, step)?;
                    if newest.is_empty() && demanded {
                        continue;
                    }
                    enrich(&row.labels, newest.iter().map(|at| &found.rows[*at].labels), &data)?
                };
                let at = match known.get(&labels) {
                    Some(at) => *at,
                    None => {
                        self.budget.samples(steps.count)?;
                        out.push(Row { labels: labels.clone(), drop_name: row.drop_name });
                        known.insert(labels, out.rows.len() - 1);
                        out.rows.len() - 1
                    }
                };
                let place = &mut out.cells_mut(at)[step];
                if place.is_present() {
                    return Err(Error::execution(SAME_LABELS));
                }
                *place = cell.clone();
            }
        }
        Ok(out)
    }

    /// The info series of the identities in `base`, the time of each sample as its value.
    fn info_series(
        &self,
        arg: &Expr,
        base: &Frame,
        ignored: &[bool],
        names: &[Matcher],
        data: &[Matcher],
        steps: Steps,
    ) -> Result<Frame, Error> {
        let mut matchers = names.to_vec();
        let mut any = false;
        for label in IDENTIFYING {
            let rows = base.rows.iter().zip(ignored).filter(|(_, ignored)| !**ignored);
            let values: BTreeSet<&str> = rows.filter_map(|(row, _)| row.labels.get(label)).collect();
            if !values.is_empty() {
                any = true;
                matchers.push(Matcher::one_of(label, values.into_iter()));
            }
        }
        if !any {
            return Ok(Frame::new(steps.count));
        }
        matchers.extend_from_slice(data);
        // The info series are read at the time at which the first selector of the argument reads.
        let (at, offset_ms) = match first_selector(arg) {
            Some(time) => {
                (time.at, self.shifted(&TimeShift { offset: None, at: time.at }, 0)? - self.shifted(time, 0)?)
            }
            None => (None, 0),
        };
        let offset = crate::parse::ast::Length::Seconds(offset_ms as f64 / 1000.0);
        let time = TimeShift { offset: Some(offset), at };
        let selector = Selector { matchers, named: false, time, edges: Default::default() };
        self.last_samples(&selector, steps, |sample| match sample.value {
            crate::SampleValue::Float(_) => Cell::Float(sample.timestamp_ms as f64),
            crate::SampleValue::Histogram(_) => Cell::Absent,
        })
    }
}

fn first_selector(expr: &Expr) -> Option<&TimeShift> {
    match &expr.kind {
        Kind::Number(_) | Kind::Duration(_) | Kind::String(_) => None,
        Kind::Selector(selector) => Some(&selector.time),
        Kind::Matrix(matrix) => Some(&matrix.selector.time),
        Kind::Subquery(subquery) => first_selector(&subquery.inner),
        Kind::Negate(inner) | Kind::Plus(inner) | Kind::Paren(inner) => first_selector(inner),
        Kind::Binary(binary) => first_selector(&binary.left).or_else(|| first_selector(&binary.right)),
        Kind::Aggregate(aggregate) => first_selector(&aggregate.inner),
        Kind::Call(call) => call.args.iter().find_map(first_selector),
    }
}

/// Of each info metric the series with the newest sample.
fn newest(found: &Frame, infos: &[usize], step: usize) -> Result<Vec<usize>, Error> {
    let mut newest: Vec<(usize, f64)> = Vec::new();
    for &info in infos {
        let Cell::Float(at) = found.cells(info)[step] else { continue };
        let labels = &found.rows[info].labels;
        let same = newest.iter_mut().find(|(other, _)| found.rows[*other].labels.metric_name() == labels.metric_name());
        match same {
            None => newest.push((info, at)),
            Some(other) if other.1 < at => *other = (info, at),
            Some(other) if other.1 > at => {}
            Some(other) => {
                return Err(Error::execution(format!(
                    "found duplicate series for info metric: existing {} @ {at}, new {} @ {at}",
                    found.rows[other.0].labels.pairs(),
                    labels.pairs()
                )));
            }
        }
    }
    Ok(newest.into_iter().map(|(info, _)| info).collect())
}

/// The labels of a series with those of its info series that it has not, and that are asked for.
fn enrich<'l>(base: &Labels, infos: impl Iterator<Item = &'l Labels>, data: &[Matcher]) -> Result<Labels, Error> {
    let mut labels = base.clone();
    for info in infos {
        for (name, value) in info.iter() {
            let wanted = data.is_empty() || data.iter().any(|matcher| matcher.name() == name);
            if name == METRIC_NAME || !wanted || base.get(name).is_some() {
                continue;
            }
            if labels.get(name).is_some_and(|known| known != value) {
                return Err(Error::execution(format!("conflicting label: {name}")));
            }
            labels = labels.with(name, info.shared(name));
        }
    }
    Ok(labels)
}
