//! Which families a scrape shows, by which names, and what has to be left out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bellwether_core::prometheus::{Names, metric_name};
use bellwether_core::{Metric, MetricKind, Registry};

use super::format::Format;
use super::labels;
use super::names;

/// Metrics that go by one name.
#[derive(Debug)]
pub(super) struct Family {
    /// The name; of a counter without `_total`.
    pub(super) name: String,
    /// The name with `_total` if it is a counter: what its samples are called.
    pub(super) full_name: String,
    pub(super) kind: MetricKind,
    /// The unit, if the name ends with it.
    pub(super) unit: Option<String>,
    pub(super) help: String,
    /// Of the same kind. Almost always one.
    pub(super) metrics: Vec<Arc<Metric>>,
    /// Set if two series might come out with the same labels: hashes of those that did so far.
    pub(super) seen: Option<HashSet<u64>>,
    /// Whether the states of all its state sets are told apart by a label of the family's own name. OpenMetrics calls them
    /// by their type only then.
    pub(super) labeled_by_name: bool,
}

/// All families of a registry, by the dotted names' order.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) families: Vec<Family>,
    /// Metrics that are left out: sentences that say why.
    pub(super) refused: Vec<String>,
}

impl Plan {
    pub(super) fn of(registry: &Registry, names: Names, format: Format) -> Self {
        let mut plan = Self::default();
        // Every name that a sample or a family goes by, and whose it is.
        let mut taken: HashMap<String, Owner> = HashMap::new();
        for name in ["target", "target_info"] {
            taken.insert(name.to_owned(), Owner::Target);
        }
        for metric in registry.metrics() {
            let escape = |name: &str| names::escape(format.escaping(), name);
            let Some((base, unit)) = metric_name(names, metric.name(), metric.unit(), metric.kind()) else {
                plan.refused.push(format!("{}: nothing of this name is legal in Prometheus", metric.name()));
                continue;
            };
            let (name, full_name) = if metric.kind() == MetricKind::Counter {
                let full = escape(&format!("{base}_total"));
                (full.strip_suffix("_total").unwrap_or(&full).to_owned(), full)
            } else {
                (escape(&base), escape(&base))
            };
            let own = sample_names(&name, &full_name, metric.kind());
            let before = own.iter().find_map(|name| taken.get(name).copied());
            match before {
                None => {
                    let owner = Owner::Family(plan.families.len());
                    taken.extend(own.into_iter().map(|name| (name, owner)));
                    let unit = unit.filter(|unit| name.strip_suffix(&**unit).is_some_and(|rest| rest.ends_with('_')));
                    let help = metric.description().to_owned();
                    let kind = metric.kind();
                    plan.families.push(Family {
                        name,
                        full_name,
                        kind,
                        unit,
                        help,
                        metrics: vec![metric],
                        seen: None,
                        labeled_by_name: false,
                    });
                }
                Some(Owner::Target) => plan.refused.push(format!("{}: target_info is the resource", metric.name())),
                Some(Owner::Family(at)) => plan.join(at, &name, metric),
            }
        }
        for family in &mut plan.families {
            family.seen = family.may_repeat(names, format).then(HashSet::new);
            family.labeled_by_name = family.is_labeled_by_name(names, format);
        }
        plan
    }

    /// Takes a metric into a family whose name it has after mapping, if they are alike.
    fn join(&mut self, at: usize, name: &str, metric: Arc<Metric>) {
        let Some(family) = self.families.get_mut(at) else { return };
        if family.name == name && family.kind == metric.kind() {
            if family.help.is_empty() {
                metric.description().clone_into(&mut family.help);
            }
            family.metrics.push(metric);
        } else {
            let first = family.metrics.first().map_or("", |first| first.name());
            let (kind, theirs) = (metric.kind(), family.kind);
            self.refused.push(format!(
                "{} ({kind}): it would be {name}, which collides with what {first} ({theirs}) is called",
                metric.name()
            ));
        }
    }
}

#[derive(Clone, Copy)]
enum Owner {
    Target,
    Family(usize),
}

impl Family {
    /// Whether two of its series could have the same labels: of different metrics; of different label names, one empty or
    /// both mapped to the same; or of names that are written the same, whose values are joined.
    fn may_repeat(&self, names: Names, format: Format) -> bool {
        let mut sets = self.metrics.iter().flat_map(|metric| metric.label_names());
        let first = sets.next().unwrap_or_default();
        let written = first.iter().map(|name| labels::written(names, format.escaping(), self.kind, name));
        self.metrics.len() > 1 || sets.next().is_some() || written.collect::<HashSet<_>>().len() < first.len()
    }

    fn is_labeled_by_name(&self, names: Names, format: Format) -> bool {
        let label = |metric: &Metric| Some(labels::written(names, format.escaping(), self.kind, metric.states()?.0));
        self.metrics.iter().all(|metric| label(metric).as_ref() == Some(&self.name))
    }
}

/// Every name that the samples of a family have in any of the formats, and the family's own.
fn sample_names(name: &str, full_name: &str, kind: MetricKind) -> Vec<String> {
    let with = |suffix: &str| format!("{name}{suffix}");
    match kind {
        MetricKind::Counter => vec![full_name.to_owned(), name.to_owned(), with("_created")],
        MetricKind::Histogram => {
            vec![name.to_owned(), with("_bucket"), with("_count"), with("_sum"), with("_created")]
        }
        _ => vec![name.to_owned()],
    }
}
