//! What a query comes to, as Prometheus writes it.

use bellwether_promql::{Bucket, Histogram, Labels, Sample, SampleValue, Series, Value};

use super::Output;
use crate::failure::Failure;

/// `{"resultType":"vector","result":[...]`, the last brace left to the caller.
pub(crate) fn value(out: &mut Output, value: Value) -> Result<(), Failure> {
    let kind = match &value {
        Value::Scalar { .. } => "scalar",
        Value::String { .. } => "string",
        Value::Vector(_) => "vector",
        Value::Matrix(_) => "matrix",
    };
    out.raw(&format!("{{\"resultType\":\"{kind}\",\"result\":"));
    match value {
        // These two are written by other means in Prometheus, and look a little different.
        Value::Scalar { timestamp_ms, value } => {
            out.raw("[");
            out.plain(timestamp_ms as f64 / 1000.0);
            out.raw(",\"");
            out.plain(value);
            out.raw("\"]");
            Ok(())
        }
        Value::String { timestamp_ms, value } => {
            out.raw("[");
            out.plain(timestamp_ms as f64 / 1000.0);
            out.raw(",");
            out.text(&value);
            out.raw("]");
            Ok(())
        }
        Value::Vector(elements) => out.list(elements, |out, element| {
            out.raw("{\"metric\":");
            labels(out, &element.labels);
            let Sample { timestamp_ms, value } = element.sample;
            match value {
                SampleValue::Float(x) => {
                    out.raw(",\"value\":");
                    pair(out, timestamp_ms, |out| out.number(x));
                }
                SampleValue::Histogram(h) => {
                    out.raw(",\"histogram\":");
                    pair(out, timestamp_ms, |out| histogram(out, &h));
                }
            }
            out.raw("}");
            Ok(())
        }),
        Value::Matrix(all) => out.list(all, |out, one| series(out, &one)),
    }
}

/// `{"__name__":"up","job":"api"}`.
pub(crate) fn labels(out: &mut Output, labels: &Labels) {
    out.raw("{");
    for (at, (name, value)) in labels.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.text(name);
        out.raw(":");
        out.text(value);
    }
    out.raw("}");
}

/// Floats and histograms of a series apart, each in order of time.
fn series(out: &mut Output, series: &Series) -> Result<(), Failure> {
    out.raw("{\"metric\":");
    labels(out, &series.labels);
    let mut written = 0;
    for Sample { timestamp_ms, value } in &series.samples {
        if let SampleValue::Float(x) = value {
            out.raw(if written == 0 { ",\"values\":[" } else { "," });
            out.begin(written, *timestamp_ms);
            out.number(*x);
            out.raw("]");
            out.settle()?;
            written += 1;
        }
    }
    let floats = written;
    out.raw(if floats == 0 { "" } else { "]" });
    if floats < series.samples.len() {
        written = 0;
        for Sample { timestamp_ms, value } in &series.samples {
            if let SampleValue::Histogram(h) = value {
                out.raw(if written == 0 { ",\"histograms\":[" } else { "," });
                out.begin(written, *timestamp_ms);
                histogram(out, h);
                out.raw("]");
                out.settle()?;
                written += 1;
            }
        }
        out.raw("]");
    }
    out.raw("}");
    Ok(())
}

/// `[1435781451.781,"1"]`.
fn pair(out: &mut Output, ms: i64, write: impl FnOnce(&mut Output)) {
    out.raw("[");
    out.time(ms);
    out.raw(",");
    write(out);
    out.raw("]");
}

/// `{"count":"3","sum":"4","buckets":[[0,"1","2","3"]]}`: of each bucket which of its bounds are in it, then lower, upper
/// and count.
fn histogram(out: &mut Output, h: &Histogram) {
    out.raw("{\"count\":");
    out.number(h.count());
    out.raw(",\"sum\":");
    out.number(h.sum());
    let buckets = h.buckets();
    for (at, Bucket { lower, upper, count, lower_inclusive, upper_inclusive, .. }) in buckets.iter().enumerate() {
        out.raw(if at == 0 { ",\"buckets\":[[" } else { ",[" });
        out.raw(match (lower_inclusive, upper_inclusive) {
            (false, true) => "0,",
            (true, false) => "1,",
            (false, false) => "2,",
            (true, true) => "3,",
        });
        out.bounds(at, *lower, *upper);
        out.raw(",");
        out.number(*count);
        out.raw("]");
    }
    out.raw(if buckets.is_empty() { "}" } else { "]}" });
}
