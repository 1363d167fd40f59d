//! What is being observed: the service and where it runs, told by code and by the environment.

use std::collections::BTreeMap;
use std::fmt;

use bellwether_core::TraceId;

/// Attributes a resource may have; OpenTelemetry's limit.
const MAX_ATTRIBUTES: usize = 128;
/// Bytes a value may have.
const MAX_VALUE_LEN: usize = 4096;
/// Bytes a key may have.
const MAX_KEY_LEN: usize = 255;
/// Refusals that are kept to be shown.
const MAX_REFUSED: usize = 16;

const NAME: &str = "service.name";
const INSTANCE: &str = "service.instance.id";

/// The service a registry belongs to, as OpenTelemetry's resource attributes: `target_info` for Prometheus, the resource
/// of everything sent by OTLP.
///
/// ```
/// use bellwether_export::Resource;
///
/// let environment = |name: &str| match name {
///     "OTEL_SERVICE_NAME" => Some("checkout-canary".to_owned()),
///     "OTEL_RESOURCE_ATTRIBUTES" => Some("deployment.environment.name=prod,team=Caf%C3%A9%20crew".to_owned()),
///     _ => None,
/// };
/// let resource = Resource::builder("checkout").attribute("service.version", "1.2.3").from_env(environment).build();
/// assert_eq!(resource.service_name(), "checkout-canary"); // whoever deploys has the last word on the name
/// assert_eq!(resource.attribute("team"), Some("Café crew"));
/// assert!(resource.attribute("service.instance.id").is_some()); // a random one, unless given
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    attributes: Box<[(Box<str>, Box<str>)]>,
    refused: Box<[RefusedAttribute]>,
}

/// Describes a [`Resource`].
#[derive(Debug, Clone)]
#[must_use = "a resource is made by `build`"]
pub struct ResourceBuilder {
    name: Box<str>,
    /// Set by code: wins over the environment.
    own: BTreeMap<Box<str>, Box<str>>,
    environment: BTreeMap<Box<str>, Box<str>>,
    refused: Vec<RefusedAttribute>,
}

/// Part of a resource that was not accepted, and why. Displays as one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedAttribute {
    place: Box<str>,
    reason: &'static str,
}

impl Resource {
    /// Describes the resource of a service of this name.
    pub fn builder(service: impl Into<Box<str>>) -> ResourceBuilder {
        ResourceBuilder {
            name: service.into(),
            own: BTreeMap::new(),
            environment: BTreeMap::new(),
            refused: Vec::new(),
        }
    }

    /// All attributes by ascending key, each key once.
    pub fn attributes(&self) -> &[(Box<str>, Box<str>)] {
        &self.attributes
    }

    /// One attribute.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let at = self.attributes.binary_search_by(|(own, _)| (**own).cmp(key)).ok()?;
        self.attributes.get(at).map(|(_, value)| &**value)
    }

    /// The name of the service.
    pub fn service_name(&self) -> &str {
        self.attribute(NAME).unwrap_or_default()
    }

    /// What was not accepted, to be reported once at the start: the first 16.
    pub fn refused(&self) -> &[RefusedAttribute] {
        &self.refused
    }
}

impl ResourceBuilder {
    /// Sets an attribute; the later of two wins. An empty value removes it.
    pub fn attribute(mut self, key: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        let (key, value) = (key.into(), value.into());
        match check(&key, &value) {
            Ok(()) => drop(self.own.insert(key, value)),
            Err(reason) => self.refuse(format!("attribute {:?}", shorten(&key)), reason),
        }
        self
    }

    /// Reads `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` through a function such as `|name| std::env::var(name).ok()`.
    ///
    /// As OpenTelemetry has it: pairs `key=value` separated by commas, percent-encoded; a list with an error in it is
    /// dropped whole; attributes set by code win; `OTEL_SERVICE_NAME` wins over `service.name` in the list. The name given
    /// to [`Resource::builder`] is the default of both.
    pub fn from_env(mut self, var: impl Fn(&str) -> Option<String>) -> Self {
        const LIST: &str = "OTEL_RESOURCE_ATTRIBUTES";
        if let Some(list) = var(LIST).filter(|list| !list.trim().is_empty()) {
            match parse(&list) {
                Ok(pairs) => self.environment.extend(pairs),
                Err((pair, reason)) => self.refuse(format!("{LIST}, ignored whole because of {pair:?}"), reason),
            }
        }
        if let Some(name) = var("OTEL_SERVICE_NAME").filter(|name| !name.trim().is_empty()) {
            match check(NAME, &name) {
                Ok(()) => drop(self.environment.insert(NAME.into(), name.trim().into())),
                Err(reason) => self.refuse("OTEL_SERVICE_NAME".to_owned(), reason),
            }
        }
        self
    }

    /// The resource: always with a service name, an instance id, and `telemetry.sdk.*` for who produced it.
    pub fn build(mut self) -> Resource {
        let name = self.environment.remove(NAME).unwrap_or(self.name.clone());
        let name = if name.is_empty() { "unknown_service".into() } else { name };
        let mut all = self.environment.clone();
        all.extend(std::mem::take(&mut self.own));
        all.retain(|_, value| !value.is_empty());
        all.entry(NAME.into()).or_insert(name);
        all.entry(INSTANCE.into()).or_insert_with(random_uuid);
        for (key, value) in [
            ("telemetry.sdk.language", "rust"),
            ("telemetry.sdk.name", "bellwether"),
            ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ] {
            all.entry(key.into()).or_insert(value.into());
        }
        // The keys nobody can do without are not the ones to go.
        let spare = |key: &str| key != NAME && key != INSTANCE;
        while all.len() > MAX_ATTRIBUTES
            && let Some(last) = all.keys().rev().find(|key| spare(key)).cloned()
        {
            all.remove(&last);
            self.refuse(format!("attribute {:?}", shorten(&last)), "a resource has at most 128 attributes");
        }
        Resource { attributes: all.into_iter().collect(), refused: self.refused.into() }
    }

    fn refuse(&mut self, place: String, reason: &'static str) {
        if self.refused.len() < MAX_REFUSED {
            self.refused.push(RefusedAttribute { place: place.into(), reason });
        }
    }
}

impl fmt::Display for RefusedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

fn check(key: &str, value: &str) -> Result<(), &'static str> {
    if key.is_empty() || key.len() > MAX_KEY_LEN || key.chars().any(char::is_control) {
        return Err("a key has 1 to 255 bytes, none of them control characters, such as \"service.version\"");
    }
    if value.len() > MAX_VALUE_LEN {
        return Err("a value has at most 4096 bytes");
    }
    Ok(())
}

type Pair = (Box<str>, Box<str>);

/// The pairs of the list, or the first that is malformed and why.
fn parse(list: &str) -> Result<Vec<Pair>, (String, &'static str)> {
    let mut pairs = Vec::new();
    for pair in list.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let refuse = |reason| (shorten(pair).to_owned(), reason);
        let (key, value) =
            pair.split_once('=').ok_or_else(|| refuse("a pair is key=value; write \",\" and \"=\" as %2C and %3D"))?;
        const ENCODING: &str = "a percent sign is followed by two hexadecimal digits, and the result is UTF-8";
        let key = decode(key.trim()).ok_or_else(|| refuse(ENCODING))?;
        let value = decode(value.trim()).ok_or_else(|| refuse(ENCODING))?;
        check(&key, &value).map_err(refuse)?;
        pairs.push((key, value));
        if pairs.len() > MAX_ATTRIBUTES {
            return Err(refuse("a resource has at most 128 attributes"));
        }
    }
    Ok(pairs)
}

/// Undoes percent-encoding.
fn decode(text: &str) -> Option<Box<str>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || (rest.next()? as char).to_digit(16);
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().map(Into::into)
}

fn shorten(text: &str) -> &str {
    text.char_indices().nth(64).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A version 4 UUID of RFC 9562.
fn random_uuid() -> Box<str> {
    let random = u128::from_be_bytes(TraceId::random().to_bytes());
    let bits = random & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let group = |from, to| hex.get(from..to).unwrap_or_default();
    [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)].join("-").into()
}
