//! A Prometheus server (Debian's, 2.42) that scrapes what a test serves, and is asked by its HTTP API.

use crate::client;
use crate::component::{Component, free_port};
use crate::remote_write::WriteRequest;
use crate::wait::until;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// What to scrape.
#[derive(Debug, Clone)]
pub struct Scrape {
    job: String,
    addr: SocketAddr,
    path: String,
    params: Vec<(String, String)>,
    every: Duration,
}

impl Scrape {
    /// Scrapes `http://addr/metrics` as `job`, four times a second.
    #[must_use]
    pub fn new(job: &str, addr: SocketAddr) -> Self {
        let every = Duration::from_millis(250);
        Self { job: job.to_owned(), addr, path: "/metrics".to_owned(), params: Vec::new(), every }
    }

    /// How often, and how long the page may take.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Another path than `/metrics`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// A parameter of the query.
    #[must_use]
    pub fn param(mut self, key: &str, value: &str) -> Self {
        self.params.push((key.to_owned(), value.to_owned()));
        self
    }

    fn yaml(&self) -> String {
        let Self { job, addr, path, params, every } = self;
        let every = every.as_millis();
        let params: String = params.iter().map(|(k, v)| format!("      {k}: [{v:?}]\n")).collect();
        let params = if params.is_empty() { params } else { format!("    params:\n{params}") };
        format!(
            "  - job_name: {job:?}\n    scrape_interval: {every}ms\n    scrape_timeout: {every}ms\n    \
             metrics_path: {path:?}\n{params}    static_configs:\n      - targets: [\"{addr}\"]\n"
        )
    }
}

/// Which exposition format it asks for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Delimited protobuf, which alone carries native histograms.
    Protobuf,
}

/// A value of a series at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels, `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// A stored exemplar.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// The labels of the series it hangs on.
    pub series: BTreeMap<String, String>,
    /// Its own labels, `trace_id` among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
    /// When, in seconds since 1970.
    pub timestamp: f64,
}

/// A scraped target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The job it belongs to.
    pub job: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why the last scrape failed, a parse error for instance; empty if it did not.
    pub last_error: String,
}

/// A running Prometheus. Dropping it stops it.
#[derive(Debug)]
pub struct Prometheus {
    component: Component,
    url: String,
    client: reqwest::Client,
}

impl Prometheus {
    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// If it is missing (with the command that installs it) or does not get ready.
    pub async fn start(asks: Asks, scrapes: &[Scrape]) -> Self {
        let mut component = Component::new("prometheus");
        let config = component.folder().join("prometheus.yml");
        let yaml: String = scrapes.iter().map(Scrape::yaml).collect();
        std::fs::write(&config, format!("scrape_configs:\n{yaml}")).expect("its configuration");
        let features = match asks {
            Asks::OpenMetrics => "exemplar-storage",
            Asks::Protobuf => "exemplar-storage,native-histograms",
        };
        let client = client();
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            let url = format!("http://127.0.0.1:{}", free_port());
            let mut command = Command::new("prometheus");
            command
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", component.folder().join("tsdb").display()))
                .arg(format!("--web.listen-address={}", url.trim_start_matches("http://")))
                .arg(format!("--enable-feature={features}"))
                .arg("--web.enable-remote-write-receiver")
                .arg("--log.level=info");
            component.start(&mut command);
            let ready = format!("{url}/-/ready");
            let probe = async || client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success());
            if component.ready(probe).await {
                return Self { component, url, client };
            }
        }
        panic!("prometheus ends as soon as it starts:\n{}", component.log());
    }

    /// Where it listens: `http://127.0.0.1:9090`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The `data` of an API answer: `get("/api/v1/metadata", &[])`.
    ///
    /// # Panics
    /// If the answer is an error.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        self.ask(path, query).await.unwrap_or_else(|error| panic!("{path} {query:?}: {error}"))
    }

    /// The `data` of an API answer, or its error.
    ///
    /// # Errors
    /// In Prometheus's own words.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let answer = self.client.get(format!("{}{path}", self.url)).query(query).send().await;
        let mut json: Value = answer.expect("an answer").json().await.expect("JSON");
        if json["status"] == "success" { Ok(json["data"].take()) } else { Err(json["error"].to_string()) }
    }

    /// Takes samples as a remote-write receiver.
    ///
    /// # Panics
    /// With Prometheus's own words if it refuses them.
    pub async fn write(&self, request: &WriteRequest) {
        let post = self.client.post(format!("{}/api/v1/write", self.url)).header("content-encoding", "snappy");
        let post = post.header("content-type", "application/x-protobuf");
        let post = post.header("x-prometheus-remote-write-version", "0.1.0").body(request.body());
        let answer = post.send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        assert!(status.is_success(), "remote write: {status} {text}");
    }

    /// The value of an expression now: one sample a series, or one without labels for a scalar.
    pub async fn instant(&self, query: &str) -> Vec<Sample> {
        let data = self.get("/api/v1/query", &[("query", query)]).await;
        if data["resultType"] == "scalar" {
            return vec![Sample { labels: BTreeMap::new(), value: number(&data["result"][1]) }];
        }
        let rows = data["result"].as_array().into_iter().flatten();
        rows.map(|row| Sample { labels: labels(&row["metric"]), value: number(&row["value"][1]) }).collect()
    }

    /// Waits until the expression has exactly one series, and gives its value.
    ///
    /// # Panics
    /// If that never comes.
    pub async fn value(&self, query: &str) -> f64 {
        until(&format!("one series for {query}"), async || match self.instant(query).await.as_slice() {
            [one] => Some(one.value),
            _ => None,
        })
        .await
    }

    /// Waits until the expression has exactly one series with this value.
    ///
    /// # Panics
    /// If that never comes; says what was there instead.
    pub async fn expect(&self, query: &str, value: f64) {
        let mut seen = Vec::new();
        let right = async || {
            seen = self.instant(query).await;
            matches!(seen.as_slice(), [one] if one.value == value).then_some(())
        };
        let what = format!("{query} to be {value}");
        let waited = tokio::time::timeout(crate::PATIENCE / 2, until(&what, right)).await;
        assert!(waited.is_ok(), "{what}; last seen: {seen:?}");
    }

    /// The exemplars of the last hour of the series that `selector` selects, waiting for the first.
    ///
    /// # Panics
    /// If none ever comes.
    pub async fn exemplars(&self, selector: &str) -> Vec<Exemplar> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let (start, end) = ((now - 3600).to_string(), (now + 3600).to_string());
        let query = [("query", selector), ("start", start.as_str()), ("end", end.as_str())];
        until(&format!("exemplars of {selector}"), async || {
            let data = self.get("/api/v1/query_exemplars", &query).await;
            let rows = data.as_array().into_iter().flatten();
            let found: Vec<Exemplar> = rows.flat_map(exemplars_of).collect();
            (!found.is_empty()).then_some(found)
        })
        .await
    }

    /// All targets it scrapes.
    pub async fn targets(&self) -> Vec<Target> {
        let data = self.get("/api/v1/targets", &[("state", "active")]).await;
        let text = |json: &Value| json.as_str().unwrap_or_default().to_owned();
        let target = |row: &Value| Target {
            job: text(&row["labels"]["job"]),
            health: text(&row["health"]),
            last_error: text(&row["lastError"]),
        };
        data["activeTargets"].as_array().into_iter().flatten().map(target).collect()
    }

    /// Waits until `job` was scraped and the page was understood.
    ///
    /// # Panics
    /// With Prometheus's own words if it was not.
    pub async fn scraped(&self, job: &str) {
        let what = format!("{job} to be scraped");
        let target =
            until(&what, async || self.targets().await.into_iter().find(|t| t.job == job && t.health != "unknown"))
                .await;
        assert!(target.health == "up", "{job} is {}: {}", target.health, target.last_error);
    }

    /// What it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.component.log()
    }
}

fn exemplars_of(row: &Value) -> Vec<Exemplar> {
    let series = labels(&row["seriesLabels"]);
    let one = |exemplar: &Value| Exemplar {
        series: series.clone(),
        labels: labels(&exemplar["labels"]),
        value: number(&exemplar["value"]),
        timestamp: exemplar["timestamp"].as_f64().unwrap_or(f64::NAN),
    };
    row["exemplars"].as_array().into_iter().flatten().map(one).collect()
}

fn labels(json: &Value) -> BTreeMap<String, String> {
    let pairs = json.as_object().into_iter().flatten();
    pairs.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
}

/// Prometheus writes numbers as text, since JSON has no infinity.
fn number(json: &Value) -> f64 {
    json.as_str().and_then(|text| text.trim_start_matches('+').parse().ok()).unwrap_or(f64::NAN)
}
