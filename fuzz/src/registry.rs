//! A registry under any sequence of operations, against a model that keeps every value in a list.
#![no_main]

mod pieces {
    pub mod draw;
}

use std::collections::BTreeMap;

use bellwether_core::{Handle, Histogram, HistogramSnapshot, Metric, MetricKind, Registry, Series};
use libfuzzer_sys::fuzz_target;
use pieces::draw::Draw;

/// Few, so that operations meet.
const NAMES: [&str; 3] = ["a", "b.c", "d/e"];
const VALUES: [&str; 6] = ["", "x", "y", "true", "a longer value", LONG];
/// Longer than a value may be, and cut inside of a character.
const LONG: &str = concat!(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123",
    "456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567",
    "89abcdef0123456789abcdeéé",
);

/// What a metric should be.
struct Model {
    kind: MetricKind,
    bounds: Vec<f64>,
    budget: usize,
    series: BTreeMap<Labels, Values>,
    overflow: Option<Values>,
    overflowed: u64,
    dropped: u64,
}

type Labels = Vec<(String, String)>;

#[derive(Default)]
struct Values {
    count: u64,
    level: f64,
    recorded: Vec<f64>,
}

fuzz_target!(|input: &[u8]| {
    let mut draw = Draw(input);
    let registry = Registry::new();
    let mut models: BTreeMap<&str, Model> = BTreeMap::new();
    let mut refused = 0;
    while !draw.is_empty() {
        let which = usize::from(draw.byte() % 3);
        let (name, kind, budget) = (NAMES[which], draw.byte() % 4, draw.byte());
        // Each name's own, most of the time: another one is refused.
        let budget = if budget % 8 == 0 { usize::from(budget / 8 % 4) } else { which + 1 };
        let labels = labels(&mut draw);
        let given: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (*name, *value)).collect();
        let accepted = match kind {
            0 => registry.counter(name).max_series(budget).series(&given).map(|counter| {
                let n = draw.number() >> 8;
                counter.add(n);
                model(&mut models, name, MetricKind::Counter, &[], budget).at(&given).count += n;
            }),
            1 => registry.gauge(name).max_series(budget).series(&given).map(|gauge| {
                let values = model(&mut models, name, MetricKind::Gauge, &[], budget).at(&given);
                let (level, add) = (draw.float(), draw.byte() % 2 == 0);
                if add {
                    gauge.add(level)
                } else {
                    gauge.set(level)
                }
                if level.is_finite() {
                    values.level = if add { (values.level + level).clamp(f64::MIN, f64::MAX) } else { level };
                }
            }),
            _ => {
                let bounds = [&[0.5, 1.0, 2.0][..], &[-1.0, 0.0, 1.01, 1.015], &[]][usize::from(draw.byte() % 3)];
                registry.histogram(name).bounds(bounds.iter().copied()).max_series(budget).series(&given).map(
                    |histogram| {
                        let model = model(&mut models, name, MetricKind::Histogram, bounds, budget);
                        record(&histogram, model, &given, &mut draw);
                    },
                )
            }
        };
        refused += u64::from(accepted.is_err());
        if let Some(model) = models.get(name).filter(|_| accepted.is_err()) {
            let wanted = [MetricKind::Counter, MetricKind::Gauge, MetricKind::Histogram][usize::from(kind.min(2))];
            let alike = model.kind == wanted && model.budget == budget;
            assert!(!alike || wanted == MetricKind::Histogram, "{:?}", accepted);
        }
    }
    assert_eq!(registry.refused(), refused);
    assert_eq!(registry.metrics().len(), models.len());
    for (name, model) in &models {
        check(&registry.metric(name).expect("it was registered"), model);
    }
});

fn labels(draw: &mut Draw<'_>) -> Vec<(&'static str, &'static str)> {
    let which = draw.byte();
    let names = ["k", "l.m", "overflow"];
    let mut value = || VALUES[usize::from(draw.byte() % 6)];
    // In any order, since who names them need not know one.
    match which % 5 {
        0 => vec![],
        1 => vec![(names[0], value())],
        2 => vec![(names[2], value()), (names[0], value())],
        3 => vec![(names[1], value()), (names[0], value()), (names[2], value())],
        _ => vec![(names[1], value())],
    }
}

fn model<'m>(
    models: &'m mut BTreeMap<&'static str, Model>,
    name: &'static str,
    kind: MetricKind,
    bounds: &[f64],
    budget: usize,
) -> &'m mut Model {
    models.entry(name).or_insert_with(|| Model {
        kind,
        bounds: bounds.to_vec(),
        budget,
        series: BTreeMap::new(),
        overflow: None,
        overflowed: 0,
        dropped: 0,
    })
}

impl Model {
    fn at(&mut self, labels: &[(&str, &str)]) -> &mut Values {
        let cut = |value: &str| if value.len() > 256 { value[..255].to_owned() } else { value.to_owned() };
        let mut key: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), cut(value))).collect();
        key.sort();
        let mut said = key.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (&**name, &**value));
        let overflows = said.next() == Some(("overflow", "true")) && said.next().is_none();
        if overflows || !self.series.contains_key(&key) && self.series.len() >= self.budget {
            self.overflowed += 1;
            return self.overflow.get_or_insert_default();
        }
        self.series.entry(key).or_default()
    }
}

/// Records some values, and looks at what came in meanwhile.
fn record(histogram: &Histogram, model: &mut Model, labels: &[(&str, &str)], draw: &mut Draw<'_>) {
    let before = histogram.snapshot();
    let mut new = Vec::new();
    for _ in 0..draw.byte() % 8 {
        let value = draw.float();
        histogram.record(value);
        if value.is_finite() {
            new.push(value);
        } else {
            model.dropped += 1;
        }
    }
    let after = histogram.snapshot();
    let window = after.since(&before);
    holds(&window, &new, &model.bounds.clone());
    let mut both = before;
    both.merge(&window);
    assert_eq!((both.count(), both.zero), (after.count(), after.zero));
    assert_eq!((&both.positive, &both.negative), (&after.positive, &after.negative));
    model.at(labels).recorded.extend(new);
}

fn check(metric: &Metric, model: &Model) {
    assert_eq!((metric.kind(), metric.len(), metric.max_series()), (model.kind, model.series.len(), model.budget));
    assert_eq!((metric.overflowed(), metric.dropped()), (model.overflowed, model.dropped));
    assert_eq!(metric.overflow().is_some(), model.overflow.is_some());
    let mut own = 0;
    for series in metric.series() {
        let labels: Labels = series.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let values = match model.series.get(&labels) {
            Some(values) => values,
            None => {
                assert_eq!(series.label("overflow"), Some("true"));
                model.overflow.as_ref().expect("something overflowed")
            }
        };
        own += 1;
        same(series, values, &model.bounds);
    }
    assert_eq!(own, model.series.len() + usize::from(model.overflow.is_some()));
}

fn same(series: &Series, values: &Values, bounds: &[f64]) {
    match series.handle() {
        Handle::Counter(counter) => assert_eq!(counter.value(), values.count),
        Handle::Gauge(gauge) => assert_eq!(gauge.value(), values.level),
        Handle::Histogram(histogram) => {
            let snapshot = histogram.snapshot();
            holds(&snapshot, &values.recorded, bounds);
            let least = values.recorded.iter().copied().reduce(f64::min);
            let greatest = values.recorded.iter().copied().reduce(f64::max);
            assert_eq!((snapshot.min, snapshot.max), (least, greatest));
        }
        other => panic!("{other:?}"),
    }
}

/// Whether a snapshot is of these values.
fn holds(snapshot: &HistogramSnapshot, values: &[f64], bounds: &[f64]) {
    assert_eq!(snapshot.count(), values.len() as u64);
    assert!(snapshot.sum.is_finite());
    for bound in bounds {
        let below =
            values.iter().filter(|value| **value <= *bound || (*bound == 0.0 && value.abs() <= f64::MIN_POSITIVE));
        assert_eq!(snapshot.count_le(*bound), Some(below.count() as u64), "{bound}: {values:?}");
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    for q in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
        let Some(guess) = snapshot.quantile(q) else {
            assert!(sorted.is_empty());
            continue;
        };
        let rank = ((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len());
        let exact = sorted[rank - 1];
        // What is as good as zero counts as zero.
        let exact = if exact.abs() <= f64::MIN_POSITIVE { 0.0 } else { exact };
        assert!((guess - exact).abs() <= exact.abs() * 0.011 + f64::MIN_POSITIVE, "{q}: {guess} for {exact}");
        let (low, high) = snapshot.quantile_between(q).expect("there are values");
        assert!(low <= guess && guess <= high && low <= exact && exact <= high, "{q}: {low} {exact} {high}");
    }
}
