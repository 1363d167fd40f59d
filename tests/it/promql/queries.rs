//! Random expressions in what Prometheus 2.42 and 3 have in common.

/// An expression that comes to an instant vector; of histograms at times, but only where nothing more is done with them.
pub(super) fn query(random: &mut fastrand::Rng) -> String {
    if random.u32(0..10) == 0 { histograms(random) } else { vector(random, 3) }
}

fn vector(random: &mut fastrand::Rng, depth: u32) -> String {
    if depth == 0 {
        return match random.u32(0..6) {
            0 => format!("rate({})", range(random, "c_total")),
            1 => format!("increase({})", range(random, "c_total")),
            _ => selector(random, "g"),
        };
    }
    let inner = |random: &mut fastrand::Rng| vector(random, depth - 1);
    match random.u32(0..20) {
        0..=2 => {
            let op = one(random, &["sum", "avg", "min", "max", "count", "group"]);
            format!("{op}{}({})", grouping(random), inner(random))
        }
        3 if random.bool() => {
            format!("{}{}({})", one(random, &["stddev", "stdvar"]), grouping(random), selector(random, "g"))
        }
        3 => format!("{}({}, {})", one(random, &["topk", "bottomk"]), random.u32(1..5), selector(random, "g")),
        4 => format!("quantile{}({}, {})", grouping(random), random.u32(0..11) as f64 / 10.0, inner(random)),
        5 => {
            let function =
                one(random, &["abs", "ceil", "floor", "exp", "ln", "log2", "sqrt", "sgn", "round", "sin", "deg"]);
            format!("{function}({})", inner(random))
        }
        6 | 7 => {
            let function = one(
                random,
                &[
                    "avg_over_time",
                    "min_over_time",
                    "max_over_time",
                    "sum_over_time",
                    "count_over_time",
                    "last_over_time",
                    "stddev_over_time",
                    "stdvar_over_time",
                    "present_over_time",
                    "changes",
                    "delta",
                    "idelta",
                    "deriv",
                ],
            );
            format!("{function}({})", range(random, "g"))
        }
        8 => {
            let function = one(random, &["rate", "irate", "increase", "resets"]);
            format!("{function}({})", range(random, "c_total"))
        }
        9 => format!("quantile_over_time(0.{}, {})", random.u32(0..10), range(random, "g")),
        10 => {
            let (length, seconds) = (random.u32(40..600), random.u32(1..600));
            format!("predict_linear(g[{length}s]{}, {seconds})", one(random, &["", " offset 3m", " offset -90s"]))
        }
        11 => {
            let op = one(random, &["+", "-", "*", "/", "%", "^"]);
            format!("({}) {op} {}", inner(random), random.u32(1..4))
        }
        12 => {
            let op = one(random, &["==", "!=", ">", "<", ">=", "<="]);
            let bool = one(random, &["", "bool "]);
            format!("({}) {op} {bool}{}", inner(random), random.u32(0..60))
        }
        13 => {
            let op = one(random, &["+", "-", "*", "/", ">", "<"]);
            format!("sum by (host) ({}) {op} on (host) avg by (host) ({})", inner(random), inner(random))
        }
        14 => {
            let op = one(random, &["and", "or", "unless"]);
            format!("({}) {op} ({})", inner(random), inner(random))
        }
        15 => format!("{} * on (host) group_left () sum by (host) ({})", selector(random, "g"), inner(random)),
        16 => {
            let labels = one(random, &["le", "le, host", "le, job"]);
            let quantile = random.u32(0..101) as f64 / 100.0;
            format!("histogram_quantile({quantile}, sum by ({labels}) (rate({})))", range(random, "b_bucket"))
        }
        17 => {
            let function = one(random, &["histogram_count", "histogram_sum"]);
            format!("{function}({})", histograms(random))
        }
        18 => {
            let function = one(random, &["max_over_time", "avg_over_time", "sum_over_time", "count_over_time"]);
            let (minutes, step) = (random.u32(2..8), one(random, &["20", "30", "60"]));
            // Eleven seconds more, so that no step lies where it begins.
            format!("{function}(({})[{minutes}m11s:{step}s])", inner(random))
        }
        _ => format!(r#"label_replace({}, "x", "$1-$2", "host", "(.)(.*)")"#, inner(random)),
    }
}

/// Native histograms, and of them what does not ask where in a bucket an observation lies.
fn histograms(random: &mut fastrand::Rng) -> String {
    match random.u32(0..4) {
        0 => selector(random, "h"),
        1 => format!("sum{}({})", grouping(random), selector(random, "h")),
        2 => format!("{}({})", one(random, &["rate", "increase"]), range(random, "h")),
        _ => format!("sum{}(rate({}))", grouping(random), range(random, "h")),
    }
}

fn grouping(random: &mut fastrand::Rng) -> &'static str {
    one(random, &["", " by (host) ", " by (job) ", " without (host) ", " by (host, job) "])
}

fn selector(random: &mut fastrand::Rng, name: &str) -> String {
    let matchers = one(random, &["", "", r#"{host="a"}"#, r#"{host!="b"}"#, r#"{host=~"a|d"}"#, r#"{job!~"w.*"}"#]);
    format!("{name}{matchers}{}", shift(random))
}

fn range(random: &mut fastrand::Rng, name: &str) -> String {
    let matchers = one(random, &["", "", r#"{host="c"}"#, r#"{job="api", host!="d"}"#]);
    format!("{name}{matchers}[{}s]{}", random.u32(40..600), shift(random))
}

fn shift(random: &mut fastrand::Rng) -> &'static str {
    one(random, &["", "", "", "", " offset 3m", " offset -90s", " @ 1700001203", " @ end()"])
}

fn one<'a>(random: &mut fastrand::Rng, choices: &[&'a str]) -> &'a str {
    choices[random.usize(0..choices.len())]
}
