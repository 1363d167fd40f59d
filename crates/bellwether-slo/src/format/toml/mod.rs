//! Objectives as tables of `bellwether.toml`, read and written.
//!
//! One `[[objective]]` for each, with what is measured as a table named after its kind; what is the same for all, in
//! `[objectives]`; time that is not to count, in `[[maintenance]]`.
//!
//! ```toml
//! [objectives]
//! period = "28d"                       # rolling; or "day", "week", "month", "quarter", "year" in a zone
//! zone = "Europe/Berlin"
//! labels = { team = "voice" }
//!
//! [[objective]]
//! name = "turns"
//! target = "99.9%"                     # or 0.999
//! availability = { routes = ["/v1/turns"] }
//!
//! [[objective]]
//! name = "turns-fast"
//! target = 0.95
//! latency = { route = "/v1/turns", threshold = "800ms" }
//! period = "month"
//!
//! [[objective]]
//! name = "up"
//! target = "99.95%"
//! uptime = { slice = "1m", good_from = "50%" }
//! no_traffic = "good"                  # or "bad", "skip", "carry_last"
//!
//! [[objective]]
//! name = "openai"
//! target = "99%"
//! dependency = "openai"
//! alerting = false
//!
//! [[objective]]
//! name = "orders-written"
//! target = "99.99%"
//! counters = { good = "orders.written", total = { metric = "orders.received", is_not = { kind = "test" } } }
//! alerting = { fast = true, detection = "burn_rate" }
//!
//! [[objective]]
//! name = "fresh"
//! target = "99%"
//! promql = { ratio = "avg(index_age_seconds < bool 300)" }
//! budgeting = { ratio_timeslices = "1m" }
//!
//! [[maintenance]]
//! reason = "database upgrade"
//! from = 2026-11-01T02:00:00Z
//! for = "2h"
//!
//! [[maintenance]]
//! reason = "weekly restart"
//! weekdays = ["sunday"]
//! at = "03:00"
//! for = "30m"
//! zone = "Europe/Berlin"
//! effect = "count_as_good"             # not "exclude"
//! objectives = ["turns", "up"]         # not all
//!
//! [[maintenance]]
//! reason = "patch night"
//! from = 2026-01-04T02:00:00           # the first, by the clock of the zone
//! rule = "FREQ=MONTHLY;BYDAY=1SU"      # RFC 5545: see Recurrence
//! for = "2h"
//! zone = "Europe/Berlin"
//! ```

mod alerting;
mod correction;
mod objective;
mod write;

use super::cursor::{Cursor, Sheet};
use super::node::Value;
use super::{Objectives, Problems, toml_tree};
use crate::Slo;

pub use write::write;

/// The keys at the top of a file that are read here.
pub const KEYS: [&str; 3] = ["maintenance", "objective", "objectives"];

/// A JSON Schema (draft 2020-12) of these keys, for editors: it knows each key and its words, but not everything that
/// [`read`] refuses.
pub const SCHEMA: &str = include_str!("schema.json");

/// Reads the objectives of a file, which is named for what is said about it. At its top the file may have [`KEYS`], and
/// `others`, which are for somebody else to read.
///
/// ```
/// use bellwether_slo::format::toml;
///
/// let text = "[[objective]]\nname = \"turns\"\ntarget = \"99.9%\"\navailability = { route = \"/v1/turns\" }\n";
/// let read = toml::read(text, "bellwether.toml", &["tick", "metrics"])?;
/// assert_eq!(read.slos[0].target, bellwether_slo::Target::new(0.999)?);
///
/// let wrong = toml::read(&text.replace("availability", "availabilty"), "bellwether.toml", &[]).unwrap_err();
/// assert!(wrong.to_string().contains(
///     "bellwether.toml:4:1: objective turns: availabilty is not known; did you mean availability?"
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// With everything that is wrong in it, up to a bound.
pub fn read(text: &str, file: &str, others: &[&str]) -> Result<Objectives, Problems> {
    let sheet = Sheet::new(vec![file]);
    let file = toml_tree::read(text, &sheet);
    let top = file.as_ref().map(|file| Cursor::new(&sheet, "", file));
    let known: Vec<&str> = KEYS.iter().chain(others).copied().collect();
    let slos = top.and_then(|top| top.fields(&known)).map(|fields| {
        let items = |key: &str| {
            let given = fields.get(key)?;
            given.read(&format!("[[{key}]], once for each"), |node| {
                matches!(node.value, Value::List(_)).then_some(())
            })?;
            given.items()
        };
        let items = |key| items(key).unwrap_or_default();
        let defaults = fields.get("objectives").and_then(|given| objective::defaults(&given)).unwrap_or_default();
        let mut slos: Vec<Slo> = Vec::new();
        for cursor in items("objective") {
            let Some(slo) = objective::read(&cursor, &defaults) else { continue };
            if slos.iter().any(|other| other.name == slo.name) {
                cursor.refuse(format!("has the name {}, which another has: accepted is one of its own", slo.name));
            }
            slos.push(slo);
        }
        items("maintenance").iter().for_each(|cursor| correction::share(cursor, &mut slos));
        slos
    });
    let slos = slos.unwrap_or_default();
    Ok(Objectives { slos, notes: sheet.close()? })
}
