//! Without the features `log` and `otlp` there is nothing that a subscriber for `tracing` could do.

use crate::log::Logs;
use crate::otlp::Otlp;
use crate::settings::Settings;

pub(super) fn install(_: &Settings, _: &Logs, _: &Otlp, _: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    vec!["install_tracing does nothing without the features `log` and `otlp`".to_owned()]
}
