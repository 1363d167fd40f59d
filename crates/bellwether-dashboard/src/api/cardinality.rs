//! `status/tsdb`: how many series there are, and which names and labels make them many.

use std::collections::BTreeMap;

use super::{Ask, Notes};
use crate::failure::Failure;
use crate::json::Output;
use crate::params::integer;
use crate::time::FOREVER_MS;

/// How many of each kind are told at most.
const MOST: usize = 10_000;

/// Of each label: its values, and how many series have them.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

pub(super) fn tsdb(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let limit = match ask.params.text("limit") {
        "" => 10,
        text => integer(text)
            .ok()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| *limit > 0)
            .ok_or_else(|| Failure::bad_data("limit must be a positive number"))?,
    };
    if limit > MOST {
        return Err(Failure::bad_data(format!("limit must not exceed {MOST}")));
    }
    let (mut series, mut counts) = (0_u64, Counts::new());
    ask.each_series(&[Vec::new()], -FOREVER_MS, FOREVER_MS, |labels| {
        series += 1;
        for (name, value) in labels.iter() {
            count(&mut counts, name, value);
        }
    })?;
    let pairs: usize = counts.values().map(BTreeMap::len).sum();
    let whole = |number: Option<i64>| number.map_or_else(|| "null".to_owned(), |number| number.to_string());
    let (first, last) = ask.source.span()?;
    // How its samples lie in memory is the source's business; what is not known is none, and not 0.
    out.raw(&format!(
        r#"{{"headStats":{{"numSeries":{series},"numLabelPairs":{pairs},"chunkCount":null,"minTime":{},"maxTime":{}}}"#,
        whole(first),
        whole(last)
    ));
    let mut top = |name: &str, all: Vec<(String, u64)>| {
        out.raw(&format!(",\"{name}\":"));
        let mut all = all;
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        out.list(all.iter().take(limit), |out, (name, value)| {
            out.raw("{\"name\":");
            out.text(name);
            out.raw(&format!(",\"value\":{value}}}"));
            Ok(())
        })
    };
    let names = counts.get("__name__").into_iter().flatten().map(|(name, series)| (name.clone(), *series));
    top("seriesCountByMetricName", names.collect())?;
    let labels = |of: fn(&BTreeMap<String, u64>) -> u64| {
        counts.iter().map(|(name, values)| (name.clone(), of(values))).collect::<Vec<_>>()
    };
    top("labelValueCountByLabelName", labels(|values| values.len() as u64))?;
    // What Prometheus calls so: the bytes of the values, as often as series have them.
    let bytes = |values: &BTreeMap<String, u64>| values.iter().map(|(value, series)| value.len() as u64 * series).sum();
    top("memoryInBytesByLabelName", labels(bytes))?;
    let pair = |(name, values): (&String, &BTreeMap<String, u64>)| {
        values.iter().map(|(value, series)| (format!("{name}={value}"), *series)).collect::<Vec<_>>()
    };
    top("seriesCountByLabelValuePair", counts.iter().flat_map(pair).collect())?;
    out.raw("}");
    Ok(Some(Notes::default()))
}

fn count(counts: &mut Counts, name: &str, value: &str) {
    if !counts.contains_key(name) {
        counts.insert(name.to_owned(), BTreeMap::new());
    }
    let Some(values) = counts.get_mut(name) else { return };
    match values.get_mut(value) {
        Some(series) => *series += 1,
        None => drop(values.insert(value.to_owned(), 1)),
    }
}
