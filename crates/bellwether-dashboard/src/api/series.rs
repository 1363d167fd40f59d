//! `series`, `labels`, `label/NAME/values`, `metadata` and `query_exemplars`: what there is to ask about.

use std::collections::{BTreeMap, BTreeSet};

use bellwether_promql::{Expression, Labels, Matcher, Selection};

use super::{Ask, Notes};
use crate::failure::Failure;
use crate::json::{self, Output};
use crate::params::{integer, unescape};
use crate::time::FOREVER_MS;
use crate::{Metadata, SeriesExemplars};

/// The labels of all series that match any of the selectors.
pub(super) fn series(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    if ask.params.all("match[]").next().is_none() {
        return Err(Failure::bad_data("no match[] parameter provided"));
    }
    let limit = ask.params.limit()?;
    let (start, end) = ask.times()?;
    let selectors = ask.params.selectors().map_err(|failure| Failure::parameter("match[]", failure.message))?;
    let mut found = BTreeSet::new();
    ask.each_series(&selectors, start, end, |labels| {
        found.insert(labels);
    })?;
    out.list(found.iter().take(limit), |out, labels| {
        json::labels(out, labels);
        Ok(())
    })?;
    Ok(Some(Notes::truncated(found.len() > limit)))
}

/// The names of all labels.
pub(super) fn label_names(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    ask.distinct(out, |labels, found| labels.iter().for_each(|(name, _)| note(found, name)))
}

/// The values of one label.
pub(super) fn label_values(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let name = unescape(&ask.name);
    if name.is_empty() {
        return Err(Failure::bad_data("invalid label name: \"\""));
    }
    ask.distinct(out, |labels, found| labels.get(&name).into_iter().for_each(|value| note(found, value)))
}

fn note(found: &mut BTreeSet<String>, text: &str) {
    if !found.contains(text) {
        found.insert(text.to_owned());
    }
}

/// What metrics mean.
pub(super) fn metadata(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let number = |name| match ask.params.text(name) {
        "" => Ok(usize::MAX),
        // One below zero is none.
        text => integer(text)
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
            .map_err(|_| Failure::bad_data(format!("{name} must be a number"))),
    };
    let (limit, per_metric) = (number("limit")?, number("limit_per_metric")?);
    let metric = Some(ask.params.text("metric")).filter(|metric| !metric.is_empty());
    let all: BTreeMap<String, Metadata> = ask.source.metadata(metric)?;
    let wanted = all.iter().filter(|(name, _)| metric.is_none_or(|metric| metric == name.as_str()));
    out.raw("{");
    for (at, (name, metadata)) in wanted.take(limit).enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.text(name);
        out.raw(":");
        out.list([metadata].into_iter().take(per_metric.max(1)), |out, Metadata { kind, help, unit }| {
            for (before, text) in [("{\"type\":", kind), (",\"help\":", help), (",\"unit\":", unit)] {
                out.raw(before);
                out.text(text);
            }
            out.raw("}");
            Ok(())
        })?;
    }
    out.raw("}");
    Ok(Some(Notes::default()))
}

/// The exemplars of the series that a query reads.
pub(super) fn exemplars(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let (start, end) = ask.times()?;
    if end < start {
        return Err(Failure::bad_data("end timestamp must not be before start timestamp"));
    }
    let expression: Expression = ask
        .params
        .text("query")
        .parse()
        .map_err(|error: bellwether_promql::Error| Failure::bad_data(error.to_string()))?;
    let selectors = expression.selectors();
    if selectors.is_empty() {
        return Ok(None);
    }
    // By series, each once, however many selectors find it.
    let mut found: BTreeMap<Labels, SeriesExemplars> = BTreeMap::new();
    for matchers in selectors {
        ask.watch.check()?;
        for one in ask.source.exemplars(&Selection::new(matchers, start, end))? {
            found.insert(one.labels.clone(), one);
        }
    }
    out.list(found.values().filter(|one| !one.exemplars.is_empty()), |out, one| {
        out.raw("{\"seriesLabels\":");
        json::labels(out, &one.labels);
        out.raw(",\"exemplars\":");
        out.list(&one.exemplars, |out, exemplar| {
            out.raw("{\"labels\":");
            json::labels(out, &exemplar.labels);
            out.raw(",\"value\":");
            out.number(exemplar.value);
            out.raw(",\"timestamp\":");
            out.time(exemplar.timestamp_ms);
            out.raw("}");
            Ok(())
        })?;
        out.raw("}");
        Ok(())
    })?;
    Ok(Some(Notes::default()))
}

impl Ask {
    /// From when and until when; all time if it does not say.
    fn times(&self) -> Result<(i64, i64), Failure> {
        Ok((self.params.time_or("start", -FOREVER_MS)?, self.params.time_or("end", FOREVER_MS)?))
    }

    /// Calls `f` with the labels of each series that one of the selectors finds; more than once if several do.
    pub(super) fn each_series(
        &self,
        selectors: &[Vec<Matcher>],
        start: i64,
        end: i64,
        mut f: impl FnMut(Labels),
    ) -> Result<(), Failure> {
        for matchers in selectors {
            for (at, labels) in self.source.series(&Selection::new(matchers, start, end))?.enumerate() {
                if at.is_multiple_of(256) {
                    self.watch.check()?;
                }
                f(labels?);
            }
        }
        Ok(())
    }

    /// What `collect` collects from the labels of all series that match, in order, as many as are wanted.
    fn distinct(
        &self,
        out: &mut Output,
        collect: impl Fn(&Labels, &mut BTreeSet<String>),
    ) -> Result<Option<Notes>, Failure> {
        let limit = self.params.limit()?;
        let (start, end) = self.times()?;
        let mut selectors = self.params.selectors()?;
        if selectors.is_empty() {
            selectors.push(Vec::new());
        }
        let mut found = BTreeSet::new();
        self.each_series(&selectors, start, end, |labels| collect(&labels, &mut found))?;
        out.texts(found.iter().take(limit).map(String::as_str))?;
        Ok(Some(Notes::truncated(found.len() > limit)))
    }
}
