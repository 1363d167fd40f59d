//! Evaluation against itself: a range query is an instant query at each step, whatever the expression and the data.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    CounterResetHint, Engine, Error, Histogram, Labels, Limits, MemoryStorage, Options, STALE_NAN, Sample, SampleValue,
    Value,
};

/// Native histograms of all kinds, with few buckets so that they meet.
fn histogram() -> impl Strategy<Value = Histogram> {
    let hint = prop::sample::select(vec![CounterResetHint::Unknown, CounterResetHint::Gauge, CounterResetHint::Reset]);
    let bounds = prop::sample::select(vec![vec![1.0, 2.0], vec![2.0, 5.0, 9.0], vec![-3.0, 1.0, 2.0]]);
    let counts = prop::collection::vec(0u8..5, 3);
    (-1i32..9, bounds, counts.clone(), counts, 0u8..3, hint, -5.0f64..50.0).prop_map(
        |(schema, bounds, positive, negative, zero, hint, sum)| {
            let pairs =
                |counts: &[u8]| counts.iter().enumerate().map(|(i, n)| (i as i32, f64::from(*n))).collect::<Vec<_>>();
            let total = |counts: &[u8]| counts.iter().map(|n| f64::from(*n)).sum::<f64>();
            if schema == 8 {
                return Histogram::custom(bounds).totals(total(&positive), sum).positive(pairs(&positive)).hint(hint);
            }
            let threshold = f64::from(zero) * 0.3;
            Histogram::exponential(schema)
                .totals(total(&positive) + total(&negative) + f64::from(zero), sum)
                .zero(threshold, f64::from(zero))
                .positive(pairs(&positive))
                .negative(pairs(&negative))
                .hint(hint)
        },
    )
}

/// Samples of a few series over ten minutes: counters, gauges, histograms, oddities and gaps.
fn storage() -> impl Strategy<Value = MemoryStorage> {
    let value = prop_oneof![
        8 => (0u32..20).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::from_bits(STALE_NAN)),
        1 => any::<f64>(),
    ];
    let value = prop_oneof![
        9 => value.prop_map(SampleValue::Float),
        1 => histogram().prop_map(|h| SampleValue::Histogram(h.into())),
    ];
    let series = prop::collection::vec(prop::option::weighted(0.8, (0i64..15_000, value)), 40);
    let histograms = prop::collection::vec(prop::option::weighted(0.8, (0i64..15_000, histogram())), 40);
    let histograms = prop::collection::vec(histograms, 0..3);
    (prop::collection::vec(series, 1..8), histograms).prop_map(|(all, histograms)| {
        let mut storage = MemoryStorage::new();
        for (i, samples) in histograms.into_iter().enumerate() {
            let labels = Labels::new([("__name__", "h".to_owned()), ("x", i.to_string())]);
            for (slot, sample) in samples.into_iter().enumerate() {
                if let Some((jitter, h)) = sample {
                    storage.push(&labels, Sample::histogram(slot as i64 * 15_000 + jitter, h));
                }
            }
        }
        for (i, samples) in all.into_iter().enumerate() {
            let name = ["a", "b_total"][i % 2];
            let labels = Labels::new([
                ("__name__", name.to_owned()),
                ("x", (i / 4).to_string()),
                ("y", (i / 2 % 2).to_string()),
            ]);
            for (slot, sample) in samples.into_iter().enumerate() {
                if let Some((jitter, value)) = sample {
                    storage.push(&labels, Sample { timestamp_ms: slot as i64 * 15_000 + jitter, value });
                }
            }
        }
        storage
    })
}

/// Expressions that come to an instant vector.
fn vector() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b_total{x=\"0\"}".to_owned()),
        Just("{__name__=~\"a|b.*\"}".to_owned()),
        Just("a offset 1m".to_owned()),
        Just("a offset -30s".to_owned()),
        Just("a @ 300".to_owned()),
        Just("h".to_owned()),
        Just("h".to_owned()),
        Just("vector(time())".to_owned()),
        Just("vector(scalar(a{x=\"0\",y=\"0\"}))".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "< bool", ">=", "and", "or", "unless", "+ on(x)",
            "- ignoring(y)", "> on(x,y)", "* on(x) group_left", "+ on(y) group_right(x)", "or on(x)", "and ignoring(x)",
            "+ fill(0)", "- fill_left(1)", "* on(x) fill_right(2)",
        ]);
        let aggregate = prop::sample::select(vec![
            "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk by (x) (2, ", "bottomk(1, ", "limitk(2, ",
            "limit_ratio(0.5, ", "quantile(0.3, ", "quantile by (y) (2, ", "count_values(\"v\", ", "sum by (x) ", "avg without (y) ",
        ]);
        let over_time = prop::sample::select(vec![
            "rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv", "sum_over_time", "avg_over_time",
            "min_over_time", "max_over_time", "count_over_time", "last_over_time", "first_over_time", "stddev_over_time",
            "present_over_time", "absent_over_time", "mad_over_time", "ts_of_max_over_time", "ts_of_last_over_time",
        ]);
        let function = prop::sample::select(vec![
            "abs", "ceil", "sgn", "ln", "timestamp", "absent", "round", "hour", "day_of_year", "sort", "sqrt", "days_in_month",
        ]);
        let range = prop::sample::select(vec!["1m", "2m30s", "17s", "step() * 3"]);
        prop_oneof![
            4 => (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            2 => (aggregate, inner.clone()).prop_map(|(f, e)| match f.ends_with(", ") {
                true => format!("{f}{e})"),
                false => format!("{f}({e})"),
            }),
            2 => (over_time.clone(), range.clone()).prop_map(|(f, r)| format!("{f}(a[{r}])")),
            1 => (over_time.clone(), range.clone()).prop_map(|(f, r)| format!("{f}(b_total[{r}] offset 20s)")),
            1 => (over_time.clone(), inner.clone(), range.clone()).prop_map(|(f, e, r)| format!("{f}(({e})[{r}:20s])")),
            1 => (prop::sample::select(vec!["rate", "increase", "delta"]), prop::sample::select(vec!["anchored", "smoothed"]))
                .prop_map(|(f, m)| format!("{f}(a[2m] {m})")),
            2 => (function, inner.clone()).prop_map(|(f, e)| format!("{f}({e})")),
            1 => (over_time.clone(), range.clone()).prop_map(|(f, r)| format!("{f}(h[{r}])")),
            1 => (prop::sample::select(vec!["rate", "increase", "delta"]), prop::sample::select(vec!["anchored", "smoothed"]))
                .prop_map(|(f, m)| format!("{f}(h[2m] {m})")),
            1 => inner.clone().prop_map(|e| format!("histogram_quantile(0.7, {e})")),
            1 => inner.clone().prop_map(|e| format!("histogram_fraction(0.5, 3, {e})")),
            1 => inner.clone().prop_map(|e| format!("histogram_quantiles({e}, \"q\", 0.1, 0.9)")),
            1 => inner.clone().prop_map(|e| format!("histogram_stddev({e})")),
            1 => inner.clone().prop_map(|e| format!("({e} </ 1.5)")),
            1 => inner.clone().prop_map(|e| format!("({e} >/ 0.7)")),
            1 => inner.clone().prop_map(|e| format!("clamp({e}, 2, 8)")),
            1 => inner.clone().prop_map(|e| format!("label_replace({e}, \"z\", \"$1-v\", \"x\", \"(.*)\")")),
            1 => inner.prop_map(|e| format!("-({e})")),
            1 => Just("predict_linear(a[2m], 60)".to_owned()),
            1 => Just("quantile_over_time(0.9, a[2m])".to_owned()),
            1 => Just("double_exponential_smoothing(a[3m], 0.3, 0.6)".to_owned()),
        ]
    })
}

fn same(a: &SampleValue, b: &SampleValue) -> bool {
    match (a, b) {
        (SampleValue::Float(a), SampleValue::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (a, b) => a == b,
    }
}

/// What a range query comes to at one of its steps.
fn at_step(answer: &Value, at_ms: i64) -> Vec<(Labels, SampleValue)> {
    let Value::Matrix(series) = answer else { panic!("a range query comes to a matrix") };
    let here = series.iter().filter_map(|series| {
        let sample = series.samples.iter().find(|sample| sample.timestamp_ms == at_ms)?;
        Some((series.labels.clone(), sample.value.clone()))
    });
    here.collect()
}

fn instant(
    engine: &Engine,
    storage: &MemoryStorage,
    expression: &str,
    at_ms: i64,
) -> Result<Vec<(Labels, SampleValue)>, Error> {
    // The lengths of an instant query know no step, so that of the range query stands in them.
    let expression = expression.replace("step() * 3", "75s");
    let Value::Vector(elements) = engine.instant(storage, &expression, at_ms)?.value else {
        panic!("{expression} comes to no vector")
    };
    let mut all: Vec<_> = elements.into_iter().map(|element| (element.labels, element.sample.value)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_range_query_is_an_instant_query_at_each_step(
        storage in storage(), expression in vector(), delayed in any::<bool>(), start in 0i64..400_000,
    ) {
        let engine = Engine::new(Options { delayed_name_removal: delayed, ..Options::default() });
        let (step, count) = (25_000, 9);
        let end = start + step * (count - 1);
        let range = engine.range(&storage, &expression, start, end, Duration::from_millis(step as u64));
        let instants: Result<Vec<_>, _> =
            (0..count).map(|i| instant(&engine, &storage, &expression, start + step * i)).collect();
        match (range, instants) {
            (Ok(range), Ok(instants)) => {
                for (i, instant) in instants.iter().enumerate() {
                    let here = at_step(&range.value, start + step * i as i64);
                    let equal = here.len() == instant.len()
                        && here.iter().zip(instant).all(|(a, b)| a.0 == b.0 && same(&a.1, &b.1));
                    prop_assert!(equal, "{expression} at step {i}: {here:?} is not {instant:?}");
                }
            }
            // Within a subquery an error may come at a step that no instant query of these looks at, and the other way round.
            (Err(_), Err(_)) => {}
            (Err(error), Ok(_)) => prop_assert!(expression.contains(':'), "{expression}: only the range query fails: {error}"),
            (Ok(_), Err(error)) => prop_assert!(false, "{expression}: only an instant query fails: {error}"),
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9(){}\\[\\]+*/^:@,=~!<>\"' .\\-é]{0,60}") {
        let _ = small_engine().instant(&MemoryStorage::new(), &text, 0);
    }

    #[test]
    fn no_words_make_it_panic(words in prop::collection::vec(prop::sample::select(vec![
        "a", "sum", "by", "(", ")", "[5m]", "[5m:1m]", "{", "}", "rate", "offset", "1m", "@", "start()", "1", "-", "+", "^",
        "on", "group_left", "bool", ">", ",", "\"x\"", "=", "smoothed", "anchored", "fill(1)", "and", "topk", "Inf", "label_replace",
    ]), 0..25)) {
        let text = words.join(" ");
        let _ = small_engine().range(&MemoryStorage::new(), &text, 0, 1000, Duration::from_secs(1));
    }
}

/// An engine that refuses soon.
fn small_engine() -> Engine {
    let limits = Limits { samples: 200_000, ..Limits::default() };
    Engine::new(Options { limits, ..Options::default() })
}

/// What an engine says of a query that asks too much.
fn refusal(expression: &str, start_ms: i64, end_ms: i64, step: Duration) -> String {
    let mut storage = MemoryStorage::new();
    let labels = Labels::new([("__name__", "a")]);
    (0..1000).for_each(|i| storage.push(&labels, Sample::float(i * 1000, i as f64)));
    let answer = small_engine().range(&storage, expression, start_ms, end_ms, step);
    answer.map_or_else(|error| error.to_string(), |_| "answered".to_owned())
}

#[test]
fn what_asks_too_much_is_refused() {
    let century = 100 * 365 * 86_400_000;
    let second = Duration::from_secs(1);
    insta::assert_snapshot!(refusal("a", 0, century, second), @"exceeded maximum resolution of 11000 points per timeseries. Try decreasing the query resolution (?step=XX)");
    insta::assert_snapshot!(refusal("a", 0, 1000, Duration::from_nanos(1)), @"zero or negative query resolution step widths are not accepted. Try a positive integer");
    insta::assert_snapshot!(refusal("a", 1000, 0, second), @"end timestamp must not be before start time");
    insta::assert_snapshot!(refusal("a", i64::MIN, i64::MAX, second), @"time out of range: -9223372036854775808 ms");
    insta::assert_snapshot!(refusal("count_over_time(a[100y:1ms])", 0, 0, second), @"subquery has 3153600000000 steps, more than the 200000 samples a query may load");
    insta::assert_snapshot!(refusal("count_over_time(vector(1)[100d:1m])", 0, 0, second), @"query processing would load too many samples into memory in query execution: more than 200000");
    insta::assert_snapshot!(refusal("a{b=~\"(a{1,1000}){1,1000}\"}", 0, 0, second), @r#"1:3: parse error: invalid regex "(a{1,1000}){1,1000}": Compiled regex exceeds size limit of 1048576 bytes."#);
    insta::assert_snapshot!(refusal("a[5m]", 0, 0, second), @r#"invalid expression type "range vector" for range query, must be Scalar or instant Vector"#);
    insta::assert_snapshot!(refusal("sum_over_time(a[100y])", 0, 1_000_000, second), @"answered");
    insta::assert_snapshot!(refusal("a offset 292y @ 9e15", 0, 1000, second), @"1:17: parse error: timestamp out of bounds for @ modifier: 9000000000000000");
}

#[test]
fn series_told_apart_by_what_is_dropped_collide() {
    let mut storage = MemoryStorage::new();
    for kind in ["counter", "gauge"] {
        let labels = Labels::new([("__name__", "x"), ("__type__", kind)]);
        storage.push(&labels, Sample::float(0, 1.0));
    }
    for expression in ["abs(x)", "sum_over_time(x[5m])"] {
        let error = Engine::default().instant(&storage, expression, 0).unwrap_err();
        assert_eq!(error.to_string(), "vector cannot contain metrics with the same labelset", "{expression}");
    }
}

#[test]
fn expressions_at_the_limit_of_depth_fit_a_small_stack() {
    let nest = |open: &str, close: &str, inner: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let all = [
        nest("(", ")", "a", 95),
        nest("abs(", ")", "a", 95),
        nest("sum(", ")", "a", 95),
        nest("-", "", "a", 95),
        nest("(1 + ", ")", "a", 48),
        vec!["a"; 1000].join(" or "),
        nest("sum_over_time(", "[1m:30s])", "a", 12),
    ];
    let small = std::thread::Builder::new().stack_size(1536 * 1024);
    let checked = small.spawn(move || {
        for expression in all {
            let answer = refusal(&expression, 0, 60_000, Duration::from_secs(30));
            assert_eq!(answer, "answered", "{expression}");
        }
    });
    checked.unwrap().join().unwrap();
}
