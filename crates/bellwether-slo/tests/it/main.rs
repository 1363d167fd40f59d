//! The one test binary of bellwether-slo. Tests named `a..` are the rules of those numbers in the study of the field.
mod alerts;
mod bad_input;
mod budgets;
mod calendars;
mod corrections;
mod duration;
mod following;
#[cfg(feature = "yaml")]
mod format_openslo;
#[cfg(all(feature = "toml", feature = "yaml"))]
mod format_round;
#[cfg(feature = "toml")]
mod format_schema;
#[cfg(feature = "yaml")]
mod format_sloth;
#[cfg(feature = "toml")]
mod format_toml;
mod log;
mod memory;
mod methods;
mod model;
mod python;
mod recurrences;
#[cfg(feature = "history")]
mod remembered;
#[cfg(feature = "report")]
mod report;
mod zones;
