//! `query`, `query_range` and `format_query`: what is asked in PromQL.

use std::time::Duration;

use bellwether_promql::{Answer, Engine, Expression, Value};

use super::{Ask, MAX_STEPS, Notes};
use crate::failure::Failure;
use crate::json::{self, Output};

/// The value of an expression at one time.
pub(super) fn instant(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let limit = ask.params.limit()?;
    let time = ask.params.time_or("time", ask.api.now_ms())?;
    ask.params.timeout()?;
    let engine = ask.engine()?;
    let text = ask.params.text("query");
    let answer = engine.instant(&*ask.source, text, time).map_err(wrong_query)?;
    ask.write(answer, limit, out)
}

/// The value of an expression at each step.
pub(super) fn range(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    let limit = ask.params.limit()?;
    let (start, end) = (ask.params.time("start")?, ask.params.time("end")?);
    if end < start {
        return Err(Failure::parameter("end", "end timestamp must not be before start time"));
    }
    let step = ask.params.nanos("step").map_err(|why| Failure::parameter("step", why))?;
    if step <= 0 {
        let why = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(Failure::parameter("step", why));
    }
    let step = Duration::from_nanos(step.unsigned_abs());
    if i128::from(end - start) * 1_000_000 / step.as_nanos() as i128 >= MAX_STEPS as i128 {
        return Err(Failure::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    ask.params.timeout()?;
    let engine = ask.engine()?;
    let text = ask.params.text("query");
    let answer = engine.range(&*ask.source, text, start, end, step).map_err(wrong_query)?;
    ask.write(answer, limit, out)
}

/// An expression as people read it.
pub(super) fn format(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    out.text(&expression(ask)?.pretty());
    out.settle()?;
    Ok(Some(Notes::default()))
}

/// The syntax tree of an expression.
pub(super) fn parse(ask: &Ask, out: &mut Output) -> Result<Option<Notes>, Failure> {
    json::tree(out, &expression(ask)?.tree())?;
    Ok(Some(Notes::default()))
}

/// Bytes of an expression that is shown anew: indented or as a tree it may take a thousand times as many.
const MAX_SHOWN: usize = 64 << 10;

fn expression(ask: &Ask) -> Result<Expression, Failure> {
    let text = ask.params.text("query");
    if text.len() > MAX_SHOWN {
        return Err(Failure::bad_data(format!(
            "the query is larger than {MAX_SHOWN} bytes, which are the most to be shown anew"
        )));
    }
    text.parse().map_err(wrong_query)
}

/// What is wrong with an expression is wrong with the parameter.
fn wrong_query(error: bellwether_promql::Error) -> Failure {
    if error.is_invalid() { Failure::parameter("query", error) } else { error.into() }
}

impl Ask {
    fn engine(&self) -> Result<Engine, Failure> {
        let mut options = self.api.options.clone();
        options.limits.steps = MAX_STEPS;
        if !self.params.text("lookback_delta").is_empty() {
            let wrong = |why| Failure::bad_data(format!("error parsing lookback delta duration: {why}"));
            let nanos = self.params.nanos("lookback_delta").map_err(wrong)?;
            // As Prometheus has it, one of nothing or less is none.
            if nanos > 0 {
                options.lookback = Duration::from_nanos(nanos.unsigned_abs());
            }
        }
        let watch = self.watch.clone();
        Ok(Engine::new(options).stop_when(move || watch.stop()))
    }

    fn write(&self, answer: Answer, limit: usize, out: &mut Output) -> Result<Option<Notes>, Failure> {
        let Answer { mut value, warnings, infos, .. } = answer;
        let truncated = match &mut value {
            Value::Vector(elements) if elements.len() > limit => {
                elements.truncate(limit);
                true
            }
            Value::Matrix(series) if series.len() > limit => {
                series.truncate(limit);
                true
            }
            _ => false,
        };
        let evaluated = self.watch.elapsed();
        json::value(out, value)?;
        if !self.params.text("stats").is_empty() {
            let (queue, eval) = (self.queued.as_secs_f64(), evaluated.saturating_sub(self.queued).as_secs_f64());
            let total = evaluated.as_secs_f64();
            out.raw(&format!(
                r#","stats":{{"timings":{{"evalTotalTime":{eval},"execQueueTime":{queue},"execTotalTime":{total}}}}}"#
            ));
        }
        out.raw("}");
        let mut notes = Notes::truncated(truncated);
        notes.warnings.extend(warnings);
        notes.infos.extend(infos);
        Ok(Some(notes))
    }
}
