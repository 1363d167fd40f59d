//! What is measured of models, for all of them.

use bellwether_core::{Counter, Family, Gauge, Histogram, Registry};

use super::model::{Model, ModelBuilder};
use super::names::{self, ERROR_TYPE, LABELS, LIMIT, Named, OUTCOME, REASON, TOKEN_TYPE};
use crate::dependency::Dependency;
use crate::error::{Error, Why};

/// What is measured of models, in one registry. Cheap to clone. [`METRICS`](super::METRICS) is what there is.
#[derive(Debug, Clone)]
pub struct GenAi {
    pub(super) duration: Family<Histogram, 8>,
    pub(super) tokens: Family<Histogram, 7>,
    pub(super) first_chunk: Family<Histogram, 6>,
    pub(super) per_chunk: Family<Histogram, 6>,
    pub(super) cache_read: Family<Counter, 6>,
    pub(super) cache_write: Family<Counter, 6>,
    pub(super) reasoning: Family<Counter, 6>,
    pub(super) first_content: Family<Histogram, 6>,
    pub(super) per_token: Family<Histogram, 6>,
    pub(super) unknown: Family<Counter, 7>,
    pub(super) limited: Family<Counter, 7>,
    pub(super) audio: Family<Histogram, 6>,
    pub(super) factor: Family<Histogram, 6>,
    pub(super) characters: Family<Histogram, 6>,
    pub(super) session: Family<Histogram, 7>,
    pub(super) session_first: Family<Histogram, 6>,
    pub(super) session_vain: Family<Gauge, 6>,
}

impl GenAi {
    /// Declares them; to do so twice is to do so once.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn new(registry: &Registry) -> Result<Self, Error> {
        let histogram = |named: &Named| {
            let histogram = registry.histogram(named.name).unit(named.unit).description(named.description);
            histogram.bounds(named.bounds.iter().copied())
        };
        let counter = |named: &Named| registry.counter(named.name).unit(named.unit).description(named.description);
        let gauge = |named: &Named| registry.gauge(named.name).unit(named.unit).description(named.description);
        let made = || {
            Ok(Self {
                duration: histogram(&names::DURATION).labels(and([ERROR_TYPE, OUTCOME])).family()?,
                tokens: histogram(&names::TOKEN_USAGE).labels(and([TOKEN_TYPE])).family()?,
                first_chunk: histogram(&names::FIRST_CHUNK).labels(LABELS).family()?,
                per_chunk: histogram(&names::PER_CHUNK).labels(LABELS).family()?,
                cache_read: counter(&names::CACHE_READ).labels(LABELS).family()?,
                cache_write: counter(&names::CACHE_WRITE).labels(LABELS).family()?,
                reasoning: counter(&names::REASONING).labels(LABELS).family()?,
                first_content: histogram(&names::FIRST_CONTENT).labels(LABELS).family()?,
                per_token: histogram(&names::PER_TOKEN).labels(LABELS).family()?,
                unknown: counter(&names::UNKNOWN).labels(and([REASON])).family()?,
                limited: counter(&names::LIMITED).labels(and([LIMIT])).family()?,
                audio: histogram(&names::AUDIO).labels(LABELS).family()?,
                factor: histogram(&names::FACTOR).labels(LABELS).family()?,
                characters: histogram(&names::CHARACTER).labels(LABELS).family()?,
                session: histogram(&names::SESSION).labels(and([OUTCOME])).family()?,
                session_first: histogram(&names::SESSION_FIRST).labels(LABELS).family()?,
                session_vain: gauge(&names::SESSION_VAIN).labels(LABELS).family()?,
            })
        };
        made().map_err(|error| Error::new("", Why::Metrics(error)))
    }

    /// One kind of call to one model, which is behind this dependency: its calls are the dependency's, and go by its breaker.
    ///
    /// What has a limit, a key or a breaker of its own is a dependency of its own: one bad model or key is no reason to leave
    /// all of a provider.
    pub fn model(&self, dependency: &Dependency, described: ModelBuilder) -> Model {
        Model::new(self.clone(), dependency, described)
    }
}

/// The labels of all, and these.
fn and<const N: usize, const M: usize>(more: [&'static str; N]) -> [&'static str; M] {
    std::array::from_fn(|at| LABELS.iter().chain(&more).nth(at).copied().unwrap_or_default())
}
