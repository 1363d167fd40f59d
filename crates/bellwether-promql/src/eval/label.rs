//! `label_replace` and `label_join`: functions of series that do not look at values.

use std::sync::Arc;

use super::frame::{Frame, SAME_LABELS};
use super::{Evaluator, Steps};
use crate::labels::METRIC_NAME;
use crate::matcher::anchored;
use crate::parse::ast::{Expr, Kind};
use crate::{Error, Labels};

/// The text of an argument that the parser knows to be one.
pub(super) fn text(expr: &Expr) -> &str {
    match &expr.bare().kind {
        Kind::String(text) => text,
        _ => "",
    }
}

impl Evaluator<'_> {
    pub(super) fn label_replace(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let (target, template, source, pattern) = (text(&args[1]), text(&args[2]), text(&args[3]), text(&args[4]));
        let regex = anchored(pattern)
            .map_err(|_| Error::execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
        if target.is_empty() {
            return Err(Error::execution(format!("invalid destination label name in label_replace(): {target}")));
        }
        let frame = self.vector(&args[0], steps)?;
        relabel(frame, target, |labels| {
            let found = regex.captures(labels.get(source).unwrap_or_default())?;
            let mut value = String::new();
            found.expand(template, &mut value);
            Some(value)
        })
    }

    pub(super) fn label_join(&self, args: &[Expr], steps: Steps) -> Result<Frame, Error> {
        let (target, separator) = (text(&args[1]), text(&args[2]));
        let sources: Vec<&str> = args[3..].iter().map(text).collect();
        if sources.iter().any(|source| source.is_empty()) {
            return Err(Error::execution("invalid source label name in label_join(): "));
        }
        if target.is_empty() {
            return Err(Error::execution(format!("invalid destination label name in label_join(): {target}")));
        }
        let frame = self.vector(&args[0], steps)?;
        relabel(frame, target, |labels| {
            let values: Vec<&str> = sources.iter().map(|source| labels.get(source).unwrap_or_default()).collect();
            Some(values.join(separator))
        })
    }
}

fn relabel(mut frame: Frame, target: &str, value: impl Fn(&Labels) -> Option<String>) -> Result<Frame, Error> {
    for row in &mut frame.rows {
        if let Some(value) = value(&row.labels) {
            row.labels = row.labels.with(target, Some(&Arc::from(value)));
            // A name that was just given stays.
            row.drop_name &= target != METRIC_NAME;
        }
    }
    frame.merge(SAME_LABELS)
}
