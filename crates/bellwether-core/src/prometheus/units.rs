//! Units: what UCUM abbreviates, Prometheus spells out.

/// A unit of UCUM as OpenTelemetry uses it, and its Prometheus name in the plural.
const UNITS: &[(&str, &str)] = &[
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tebibytes"),
    ("kBy", "kilobytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("%", "percent"),
    ("1", ""),
];

/// The same for what comes after a slash, in the singular.
const PER: &[(&str, &str)] = &[
    ("s", "second"),
    ("min", "minute"),
    ("m", "minute"),
    ("h", "hour"),
    ("d", "day"),
    ("w", "week"),
    ("mo", "month"),
    ("y", "year"),
];

/// The suffixes of a unit: `By/s` is `bytes` and `per_second`. An annotation in braces says what is counted and is no
/// unit; a unit that is not in the table stands for itself.
pub(super) fn suffixes(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let per = spell(PER, per);
    (spell(UNITS, main), if per.is_empty() { per } else { format!("per_{per}") })
}

fn spell(table: &[(&str, &str)], unit: &str) -> String {
    if unit.contains(['{', '}']) {
        return String::new();
    }
    match table.iter().find(|(own, _)| *own == unit) {
        Some((_, name)) => (*name).to_owned(),
        None => super::names::underscore(unit).trim_matches('_').to_owned(),
    }
}
