//! A family: what all series of one metric share, and the names their samples go by in Prometheus.

use std::sync::Arc;

use bellwether_core::prometheus::{Buckets, Names, label_name, metric_name};
use bellwether_core::{Metric, MetricKind, Scale};

use crate::bytes;
use crate::chunk::Shape;

/// A metric, as history knows it: also when nobody registers it any more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Family {
    /// As Prometheus has it; of a counter with `_total`.
    pub(crate) name: Arc<str>,
    pub(crate) kind: MetricKind,
    /// By UCUM, as it was declared.
    pub(crate) unit: String,
    /// As Prometheus has it, if the name ends with it.
    pub(crate) suffix: String,
    pub(crate) help: String,
    pub(crate) scale: Scale,
    /// Declared bounds of a histogram.
    pub(crate) bounds: Vec<f64>,
    /// Where its classic buckets end.
    pub(crate) buckets: Buckets,
    /// The label that tells states apart, and the states.
    pub(crate) states: Option<(String, Vec<String>)>,
}

/// Which of a series' numbers a sample in Prometheus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Facet {
    /// The value, or the native histogram.
    Whole,
    /// 1 or 0, of the state at this position.
    State(u8),
    Sum,
    Count,
    /// Up to the classic bound at this position, or all.
    Bucket(u8),
}

impl Family {
    /// What a metric is called; `None` if nothing of its name is legal there.
    pub(crate) fn of(metric: &Metric) -> Option<Self> {
        let (mut name, suffix) = metric_name(Names::Underscored, metric.name(), metric.unit(), metric.kind())?;
        if metric.kind() == MetricKind::Counter {
            name.push_str("_total");
        }
        let states = metric.states().map(|(label, states)| {
            let label = label_name(Names::Underscored, metric.kind(), label);
            (label, states.iter().map(|state| state.to_string()).collect())
        });
        Some(Self {
            name: name.into(),
            kind: metric.kind(),
            unit: metric.unit().to_owned(),
            suffix: suffix.unwrap_or_default(),
            help: metric.description().to_owned(),
            scale: metric.scale(),
            bounds: metric.bounds().to_vec(),
            buckets: Buckets::of(metric),
            states,
        })
    }

    /// Whether samples of both are read alike, whatever else is said of them.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let told = |family: &Self| (family.unit.clone(), family.suffix.clone(), family.help.clone());
        let mut other = other.clone();
        (other.unit, other.suffix, other.help) = told(self);
        *self == other
    }

    /// How its words lie in a chunk of every tick; `None` for histograms.
    pub(crate) fn shape(&self) -> Option<Shape> {
        match self.kind {
            MetricKind::Histogram => None,
            MetricKind::Counter => Some(Shape::Count),
            MetricKind::StateSet => Some(Shape::State),
            _ => Some(Shape::Level),
        }
    }

    /// The same for a coarser tier, where a gauge has its extremes.
    pub(crate) fn coarse_shape(&self) -> Option<Shape> {
        self.shape().map(|shape| if shape == Shape::Level { Shape::Extremes } else { shape })
    }

    /// Whether it begins at zero with its series, and only goes up.
    pub(crate) fn is_cumulative(&self) -> bool {
        matches!(self.kind, MetricKind::Counter | MetricKind::Histogram)
    }

    /// Every name that samples of it go by, with what it is then.
    pub(crate) fn names(&self) -> Vec<(Arc<str>, Vec<Facet>)> {
        let with = |suffix: &str| Arc::from(format!("{}{suffix}", self.name));
        match self.kind {
            MetricKind::Histogram => {
                let buckets = 0..=self.buckets.uppers().len() as u8;
                vec![
                    (self.name.clone(), vec![Facet::Whole]),
                    (with("_bucket"), buckets.map(Facet::Bucket).collect()),
                    (with("_count"), vec![Facet::Count]),
                    (with("_sum"), vec![Facet::Sum]),
                ]
            }
            MetricKind::StateSet => {
                let states = self.states.as_ref().map_or(0, |(_, states)| states.len()) as u8;
                vec![(self.name.clone(), (0..states).map(Facet::State).collect())]
            }
            _ => vec![(self.name.clone(), vec![Facet::Whole])],
        }
    }

    /// The word that Prometheus has for what it is.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            MetricKind::Counter => "counter",
            MetricKind::Histogram => "histogram",
            _ => "gauge",
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            MetricKind::Counter => 0,
            MetricKind::Histogram => 1,
            MetricKind::StateSet => 2,
            _ => 3,
        });
        for text in [&self.name, &*self.unit, &self.suffix, &self.help] {
            bytes::put_bytes(out, text.as_bytes());
        }
        out.extend_from_slice(&self.scale.factor().to_le_bytes());
        bytes::put(out, self.bounds.len() as u64);
        self.bounds.iter().for_each(|bound| out.extend_from_slice(&bound.to_le_bytes()));
        if let Some((label, states)) = &self.states {
            bytes::put_bytes(out, label.as_bytes());
            bytes::put(out, states.len() as u64);
            states.iter().for_each(|state| bytes::put_bytes(out, state.as_bytes()));
        }
    }

    pub(crate) fn decode(from: &mut &[u8]) -> Option<Self> {
        let (kind, rest) = from.split_first()?;
        *from = rest;
        let kind = match kind {
            0 => MetricKind::Counter,
            1 => MetricKind::Histogram,
            2 => MetricKind::StateSet,
            3 => MetricKind::Gauge,
            _ => return None,
        };
        let name = bytes::take_text(from)?.into();
        let unit = bytes::take_text(from)?.to_owned();
        let suffix = bytes::take_text(from)?.to_owned();
        let help = bytes::take_text(from)?.to_owned();
        let scale = Scale::new(bytes::take_float(from)?);
        let many = |from: &mut &[u8]| bytes::take(from).filter(|count| *count <= 64);
        let bounds: Vec<f64> = (0..many(from)?).map(|_| bytes::take_float(from)).collect::<Option<_>>()?;
        let states = match kind {
            MetricKind::StateSet => {
                let label = bytes::take_text(from)?.to_owned();
                let states = (0..many(from)?).map(|_| bytes::take_text(from).map(str::to_owned));
                Some((label, states.collect::<Option<_>>()?))
            }
            _ => None,
        };
        let buckets = Buckets::new(&unit, &bounds);
        Some(Self { name, kind, unit, suffix, help, scale, bounds, buckets, states })
    }
}
