//! All settings and where they come from: code, then a file, then the environment, the later ones winning.

mod environment;
mod file;
mod table;
mod value;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;

use crate::access::Access;
use crate::dependencies::Overrides;
use crate::error::Error;
use table::{TABLE, is_path};

pub(crate) use bellwether_core::nearest;
pub(crate) use environment::{from_environment, misspelled};
pub use file::Config;
pub(crate) use words::listed;

/// The settings that can come from anywhere, resolved. Which of them exist does not depend on features.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) tick: Duration,
    /// Ready from the start, without being told.
    pub(crate) ready: bool,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) name: Option<String>,
    pub(crate) routes: Vec<String>,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) access: Access,
    pub(crate) max_series: Option<usize>,
    pub(crate) sample: Option<f64>,
    pub(crate) trust_remote_sampled: Option<bool>,
    pub(crate) request_id_header: Option<HeaderName>,
    pub(crate) health: HealthSettings,
    pub(crate) max_dependencies: Option<usize>,
    pub(crate) dependencies: Overrides,
    /// Whether requests are followed, to judge which failure caused which.
    pub(crate) cascade: bool,
    pub(crate) log: LogSettings,
    pub(crate) otlp: OtlpChoices,
    pub(crate) history: HistoryChoices,
    pub(crate) reports: ReportChoices,
    /// Where each setting was given last, by its key; of a table of texts, each place that added some.
    places: BTreeMap<&'static str, String>,
}

/// What is said of the endpoints of health.
#[derive(Debug, Clone)]
pub(crate) struct HealthSettings {
    pub(crate) path: String,
    /// Who may see details, as code says.
    pub(crate) access: Option<Access>,
    /// The peers among them, as file and environment say.
    pub(crate) peers: Option<Access>,
}

/// What is said of JSON logs.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogSettings {
    pub(crate) enabled: Option<bool>,
    pub(crate) layout: Option<&'static str>,
    pub(crate) level: Option<String>,
    pub(crate) redact: Vec<String>,
}

/// What is said of history.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "history"), allow(dead_code, reason = "the settings are known all the same"))]
pub(crate) struct HistoryChoices {
    pub(crate) path: Option<PathBuf>,
    /// From flush to flush.
    pub(crate) flush: Duration,
    pub(crate) max_series: Option<usize>,
    pub(crate) max_memory: Option<usize>,
    pub(crate) max_bytes: Option<u64>,
}

/// What is said of reports on objectives.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "slo"), allow(dead_code, reason = "the settings are known all the same"))]
pub(crate) struct ReportChoices {
    /// The directory they are written to.
    pub(crate) path: Option<PathBuf>,
    /// Whose weeks, months and quarters they are of.
    pub(crate) zone: Option<String>,
}

impl Default for HistoryChoices {
    fn default() -> Self {
        let flush = Duration::from_secs(60);
        Self { path: None, flush, max_series: None, max_memory: None, max_bytes: None }
    }
}

/// What is said of OTLP.
#[derive(Clone, Default)]
pub(crate) struct OtlpChoices {
    pub(crate) enabled: Option<bool>,
    pub(crate) endpoint: Option<String>,
    pub(crate) protocol: Option<&'static str>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) every: Option<Duration>,
    pub(crate) temporality: Option<&'static str>,
    pub(crate) histograms: Option<&'static str>,
    pub(crate) slow_after: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(5),
            ready: true,
            listen: None,
            name: None,
            routes: Vec::new(),
            attributes: Vec::new(),
            access: Access::loopback(),
            max_series: None,
            sample: None,
            trust_remote_sampled: None,
            request_id_header: None,
            health: HealthSettings::default(),
            max_dependencies: None,
            dependencies: Overrides::default(),
            cascade: true,
            log: LogSettings::default(),
            otlp: OtlpChoices::default(),
            history: HistoryChoices::default(),
            reports: ReportChoices::default(),
            places: BTreeMap::new(),
        }
    }
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { path: "/health".to_owned(), access: None, peers: None }
    }
}

impl Settings {
    /// Where it is said how the service is, which code may have chosen as it likes.
    pub(crate) fn health_path(&self) -> Result<String, Error> {
        if is_path(&self.health.path) { Ok(self.health.path.clone()) } else { Err(self.refuse("health.path")) }
    }

    /// Who may see details of health.
    pub(crate) fn health_access(&self) -> Access {
        let access = self.health.access.as_ref().unwrap_or(&self.access).clone();
        self.health.peers.iter().cloned().fold(access, Access::peers_of)
    }

    /// What is said of dependencies by name.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { places: self.places.clone(), ..self.dependencies.clone() }
    }

    /// What to say of a setting whose value turned out not to be accepted after all. The value is not shown.
    pub(crate) fn refuse(&self, key: &str) -> Error {
        let place = self.places.get(key).map_or(key, String::as_str);
        let accepted = TABLE.iter().find(|row| row.key == key).map_or("", |row| row.accepted);
        Error::setting(place, format_args!("{key} is not legal (its value is not shown): accepted is {accepted}"))
    }
}

impl fmt::Debug for OtlpChoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of headers are secrets, and a URL may hold one.
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("OtlpChoices")
            .field("enabled", &self.enabled)
            .field("endpoint", &self.endpoint.is_some())
            .field("protocol", &self.protocol)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}
