//! The settings, one row each: the file, the environment and the error messages all derive from this table.

use std::net::SocketAddr;
use std::time::Duration;

use bellwether_dependency::{Criticality, Endpoint};
use http::HeaderName;

use super::Settings;
use super::value::Value;
use crate::access::Access;

/// A setting.
pub(super) struct Row {
    /// Where it is in the file, `table.name`.
    pub(super) key: &'static str,
    /// What it takes, to end a sentence that begins with "accepted is".
    pub(super) accepted: &'static str,
    pub(super) kind: Kind,
    /// The crate feature without which it has no effect.
    pub(super) needs: Option<&'static str>,
    /// Its value is not to be shown.
    pub(super) secret: bool,
}

/// The type of a setting, and where it goes.
pub(super) enum Kind {
    Flag(fn(&mut Settings, bool)),
    Text(fn(&mut Settings, &str) -> Option<()>),
    OneOf(&'static [&'static str], fn(&mut Settings, &'static str)),
    Whole(u64, u64, fn(&mut Settings, u64)),
    Ratio(fn(&mut Settings, f64)),
    /// At least and at most so many milliseconds.
    Duration(u64, u64, fn(&mut Settings, Duration)),
    Address(fn(&mut Settings, SocketAddr)),
    List(fn(&mut Settings, Vec<String>) -> Option<()>),
    Pairs(fn(&mut Settings, Pairs) -> Option<()>),
}

/// Names and texts.
type Pairs = Vec<(String, String)>;

pub(super) const TABLE: &[Row] = &[
    row(
        "tick",
        "a duration from 100 ms to 60 s, such as \"5s\"",
        Kind::Duration(100, 60_000, |to, tick| to.tick = tick),
    ),
    row("ready", "true or false", Kind::Flag(|to, ready| to.ready = ready)),
    row(
        "listen",
        "an address such as \"127.0.0.1:9464\", or a port, which is opened on loopback",
        Kind::Address(|to, address| to.listen = Some(address)),
    ),
    row(
        "routes",
        "a list of at most 64 templates such as [\"/static/{*path}\"], each of at most 255 bytes",
        Kind::List(|to, routes| {
            let legal = |route: &String| route.starts_with('/') && route.len() <= 255;
            (routes.len() <= 64 && routes.iter().all(legal)).then(|| to.routes = routes)
        }),
    ),
    row(
        "service.name",
        "a text of 1 to 255 bytes such as \"checkout\"",
        Kind::Text(|to, name| short(name).map(|name| to.name = Some(name))),
    ),
    row(
        "service.version",
        "a text of 1 to 255 bytes such as \"1.4.0\"",
        Kind::Text(|to, version| short(version).map(|version| set(&mut to.attributes, "service.version", version))),
    ),
    row(
        "service.attributes",
        "a table of texts such as { \"deployment.environment.name\" = \"prod\" }",
        Kind::Pairs(|to, pairs| each(pairs, |name, value| set(&mut to.attributes, name, value))),
    ),
    row(
        "metrics.access",
        "\"loopback\", \"anyone\" or \"nobody\"",
        Kind::OneOf(PEERS, |to, who| to.access = std::mem::take(&mut to.access).peers_of(peers(who))),
    ),
    Row {
        secret: true,
        ..row(
            "metrics.token",
            "a text of at least 16 printable ASCII characters without spaces",
            Kind::Text(|to, token| {
                let legal = token.len() >= 16 && token.bytes().all(|byte| byte.is_ascii_graphic());
                legal.then(|| to.access = std::mem::take(&mut to.access).or_token(token))
            }),
        )
    },
    row(
        "metrics.max_series",
        "a whole number from 1 to 1000000",
        Kind::Whole(1, 1_000_000, |to, series| to.max_series = Some(series as usize)),
    ),
    row(
        "health.path",
        "a path such as \"/healthz\" that is not /metrics, /livez, /readyz or /startupz",
        Kind::Text(|to, path| is_path(path).then(|| to.health.path = path.to_owned())),
    ),
    row(
        "health.access",
        "\"loopback\", \"anyone\" or \"nobody\"",
        Kind::OneOf(PEERS, |to, who| to.health.peers = Some(peers(who))),
    ),
    row(
        "dependencies.max",
        "a whole number from 1 to 10000",
        Kind::Whole(1, 10_000, |to, most| to.max_dependencies = Some(most as usize)),
    ),
    row(
        "dependencies.criticality",
        "a table such as { openai = \"critical_shared\" } of critical_local, critical_shared, optional or informational",
        Kind::Pairs(|to, pairs| {
            let word = |word: String| Criticality::ALL.into_iter().find(|own| own.as_str() == word);
            let pairs: Option<Vec<_>> = pairs.into_iter().map(|(name, own)| Some((name, word(own)?))).collect();
            let mut said = |(name, own): (String, _)| set(&mut to.dependencies.criticality, &name, own);
            pairs.map(|pairs| pairs.into_iter().for_each(&mut said))
        }),
    ),
    row(
        "dependencies.owner",
        "a table of texts such as { openai = \"voice team\" }",
        Kind::Pairs(|to, pairs| each(pairs, |name, owner| set(&mut to.dependencies.owner, name, owner))),
    ),
    row(
        "dependencies.runbook",
        "a table of links such as { openai = \"https://runbooks.example/openai\" }",
        Kind::Pairs(|to, pairs| each(pairs, |name, link| set(&mut to.dependencies.runbook, name, link))),
    ),
    row("cascade.enabled", "true or false", Kind::Flag(|to, enabled| to.cascade = enabled)),
    row("traces.sample", "a share from 0 to 1, such as 0.01", Kind::Ratio(|to, share| to.sample = Some(share))),
    row("traces.trust_remote_sampled", "true or false", Kind::Flag(|to, trust| to.trust_remote_sampled = Some(trust))),
    needs(
        "otlp",
        row(
            "traces.slow_after",
            "a duration from 1 ms to 1 h, such as \"1s\"",
            Kind::Duration(1, 3_600_000, |to, after| to.otlp.slow_after = Some(after)),
        ),
    ),
    row(
        "request_id.header",
        "the name of a header, such as \"x-request-id\"",
        Kind::Text(|to, name| HeaderName::try_from(name).ok().map(|name| to.request_id_header = Some(name))),
    ),
    needs("log", row("log.enabled", "true or false", Kind::Flag(|to, enabled| to.log.enabled = Some(enabled)))),
    needs(
        "log",
        row(
            "log.layout",
            "\"plain\", \"pino\", \"ecs\" or \"cloudwatch-emf\"",
            Kind::OneOf(&["plain", "pino", "ecs", "cloudwatch-emf"], |to, layout| to.log.layout = Some(layout)),
        ),
    ),
    needs(
        "log",
        row(
            "log.level",
            "levels by target such as \"info,hyper=warn\"",
            Kind::Text(|to, level| short(level).map(|level| to.log.level = Some(level))),
        ),
    ),
    // Of OTLP's spans and records, too: a secret is one wherever it is said.
    row(
        "log.redact",
        "a list of names such as [\"pin_code\"]",
        Kind::List(|to, names| {
            to.log.redact.extend(names);
            Some(())
        }),
    ),
    needs(
        "history",
        row(
            "history.path",
            "a path such as \"/var/lib/shop/history.bw\", in a directory that is there",
            Kind::Text(|to, path| (!path.is_empty()).then(|| to.history.path = Some(path.into()))),
        ),
    ),
    needs(
        "history",
        row(
            "history.flush",
            "a duration from 1 s to 1 h, such as \"1m\"",
            Kind::Duration(1_000, 3_600_000, |to, every| to.history.flush = every),
        ),
    ),
    needs(
        "history",
        row(
            "history.max_series",
            "a whole number from 1 to 1000000",
            Kind::Whole(1, 1_000_000, |to, series| to.history.max_series = Some(series as usize)),
        ),
    ),
    needs(
        "history",
        row(
            "history.max_memory",
            "a whole number of bytes from 1048576 to 68719476736",
            Kind::Whole(1 << 20, 1 << 36, |to, bytes| to.history.max_memory = Some(bytes as usize)),
        ),
    ),
    needs(
        "history",
        row(
            "history.max_bytes",
            "a whole number of bytes from 1048576 to 1099511627776",
            Kind::Whole(1 << 20, 1 << 40, |to, bytes| to.history.max_bytes = Some(bytes)),
        ),
    ),
    needs(
        "slo",
        row(
            "reports.path",
            "a path such as \"/var/lib/shop/reports\"",
            Kind::Text(|to, path| (!path.is_empty()).then(|| to.reports.path = Some(path.into()))),
        ),
    ),
    needs(
        "slo",
        row(
            "reports.zone",
            "a name of the IANA database such as \"Europe/Berlin\"",
            Kind::Text(|to, zone| short(zone).map(|zone| to.reports.zone = Some(zone))),
        ),
    ),
    needs("otlp", row("otlp.enabled", "true or false", Kind::Flag(|to, enabled| to.otlp.enabled = Some(enabled)))),
    Row {
        // Some collectors want their key in it.
        secret: true,
        ..needs(
            "otlp",
            row(
                "otlp.endpoint",
                "a URL such as \"http://collector:4318\"",
                Kind::Text(|to, url| short(url).map(|url| to.otlp.endpoint = Some(url))),
            ),
        )
    },
    needs(
        "otlp",
        row(
            "otlp.protocol",
            "\"http/protobuf\" or \"grpc\"",
            Kind::OneOf(&["http/protobuf", "grpc"], |to, protocol| to.otlp.protocol = Some(protocol)),
        ),
    ),
    Row {
        secret: true,
        ..needs(
            "otlp",
            row(
                "otlp.headers",
                "a table of texts such as { x-tenant = \"blue\" }, names of letters, digits, - and _",
                Kind::Pairs(|to, pairs| each(pairs, |name, value| set(&mut to.otlp.headers, name, value))),
            ),
        )
    },
    needs(
        "otlp",
        row(
            "otlp.every",
            "a duration from 1 s to 1 h, such as \"15s\"",
            Kind::Duration(1_000, 3_600_000, |to, every| to.otlp.every = Some(every)),
        ),
    ),
    needs(
        "otlp",
        row(
            "otlp.temporality",
            "\"cumulative\" or \"delta\"",
            Kind::OneOf(&["cumulative", "delta"], |to, temporality| to.otlp.temporality = Some(temporality)),
        ),
    ),
    needs(
        "otlp",
        row(
            "otlp.histograms",
            "\"exponential\" or \"explicit\"",
            Kind::OneOf(&["exponential", "explicit"], |to, histograms| to.otlp.histograms = Some(histograms)),
        ),
    ),
];

const fn row(key: &'static str, accepted: &'static str, kind: Kind) -> Row {
    Row { key, accepted, kind, needs: None, secret: false }
}

const fn needs(feature: &'static str, row: Row) -> Row {
    Row { needs: Some(feature), ..row }
}

impl Row {
    /// Takes the value over, if it is accepted. Its place is for what is found wrong with it later.
    pub(super) fn apply(&self, to: &mut Settings, value: &Value, place: &str) -> Option<()> {
        match self.kind {
            Kind::Flag(set) => set(to, value.flag()?),
            Kind::Text(set) => set(to, value.text()?)?,
            Kind::OneOf(words, set) => {
                let given = value.text()?;
                set(to, words.iter().find(|word| word.eq_ignore_ascii_case(given))?);
            }
            Kind::Whole(least, most, set) => set(to, value.whole().filter(|whole| (least..=most).contains(whole))?),
            Kind::Ratio(set) => set(to, value.number().filter(|share| (0.0..=1.0).contains(share))?),
            Kind::Duration(least, most, set) => {
                let legal = Duration::from_millis(least)..=Duration::from_millis(most);
                set(to, value.duration().filter(|duration| legal.contains(duration))?);
            }
            Kind::Address(set) => set(to, value.address()?),
            Kind::List(set) => set(to, value.list()?)?,
            Kind::Pairs(set) => set(to, value.pairs()?)?,
        }
        let before = to.places.insert(self.key, place.to_owned());
        if let (Kind::Pairs(_), Some(before)) = (&self.kind, before) {
            to.places.insert(self.key, format!("{before} and {place}"));
        }
        Some(())
    }

    /// What is wrong with a value that was not taken over.
    pub(super) fn refusal(&self, value: &Value) -> String {
        let Self { key, accepted, .. } = self;
        if self.secret {
            return format!("{key} is not legal (its value is not shown): accepted is {accepted}");
        }
        format!("{key} is {}: accepted is {accepted}", self.show(value))
    }

    /// A value of this setting as it may be shown.
    pub(super) fn show(&self, value: &Value) -> String {
        if self.secret { "…".to_owned() } else { value.show() }
    }

    /// The crate feature that it needs and that is off.
    pub(super) fn missing_feature(&self) -> Option<&'static str> {
        self.needs.filter(|feature| match *feature {
            "history" => !cfg!(feature = "history"),
            "log" => !cfg!(feature = "log"),
            "otlp" => !cfg!(feature = "otlp"),
            "slo" => !cfg!(feature = "slo"),
            _ => false,
        })
    }
}

fn short(text: &str) -> Option<String> {
    (1..=255).contains(&text.len()).then(|| text.to_owned())
}

/// The words for those who are admitted without a token.
const PEERS: &[&str] = &["loopback", "anyone", "nobody"];

fn peers(word: &str) -> Access {
    match word {
        "anyone" => Access::anyone(),
        "nobody" => Access::nobody(),
        _ => Access::loopback(),
    }
}

/// Whether something can be asked for by this path, and nothing else is.
pub(super) fn is_path(path: &str) -> bool {
    let is_taken = path == "/metrics" || Endpoint::ALL.iter().any(|own| own.path() == path && *own != Endpoint::Health);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    (2..=255).contains(&path.len()) && path.starts_with('/') && path.bytes().all(legal) && !is_taken
}

fn each(pairs: Pairs, mut take: impl FnMut(&str, String)) -> Option<()> {
    pairs.into_iter().for_each(|(name, value)| take(&name, value));
    Some(())
}

fn set<T>(pairs: &mut Vec<(String, T)>, name: &str, value: T) {
    pairs.retain(|(own, _)| own != name);
    pairs.push((name.to_owned(), value));
}
