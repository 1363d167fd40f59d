//! Bellwether's own history as a source.

use std::collections::BTreeMap;

use bellwether_history::View;
use bellwether_promql::{Error, Labels, Selection};

use crate::{Exemplar, Metadata, SeriesExemplars, Source};

/// History as it was at its last tick: `QueryApi::new(move || history.view(), clock)`.
impl Source for View {
    fn series<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Labels, Error>> + 'a>, Error> {
        // Its times begin after the first.
        let from = selection.start_ms.saturating_sub(1);
        let all = View::series(self, selection.matchers, from, selection.end_ms);
        let all = all.map_err(|error| Error::storage(error.to_string()))?;
        Ok(Box::new(all.into_iter().map(Ok)))
    }

    fn span(&self) -> Result<(Option<i64>, Option<i64>), Error> {
        Ok((None, self.until()))
    }

    fn metadata(&self, metric: Option<&str>) -> Result<BTreeMap<String, Metadata>, Error> {
        let all = View::metadata(self).into_iter();
        let wanted = all.filter(|own| metric.is_none_or(|metric| *own.name == *metric));
        let named = wanted.map(|own| {
            let metadata = Metadata { kind: own.kind.to_owned(), help: own.help, unit: own.unit };
            (own.name.to_string(), metadata)
        });
        Ok(named.collect())
    }

    fn exemplars(&self, selection: &Selection<'_>) -> Result<Vec<SeriesExemplars>, Error> {
        let from = selection.start_ms.saturating_sub(1);
        let all = View::exemplars(self, selection.matchers, from, selection.end_ms).into_iter();
        let exemplar = |own: bellwether_core::Exemplar| Exemplar {
            labels: Labels::new([("trace_id", own.trace_id.to_string()), ("span_id", own.span_id.to_string())]),
            value: own.value,
            timestamp_ms: i64::try_from(own.at.unix_millis()).unwrap_or(i64::MAX),
        };
        let series = all.map(|own| SeriesExemplars {
            labels: own.labels,
            exemplars: own.exemplars.into_iter().map(exemplar).collect(),
        });
        Ok(series.collect())
    }
}
