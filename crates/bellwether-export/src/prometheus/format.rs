//! The formats a scraper can be given, and what each is called in a `Content-Type`.

/// What a scrape is written in: a syntax, and how names beyond `[a-zA-Z0-9_:]` are spelled in it.
///
/// ```
/// use bellwether_export::prometheus::{Escaping, Format};
///
/// assert_eq!(Format::TEXT.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// assert_eq!(Format::OPEN_METRICS.escape(Escaping::AllowUtf8).escaping(), Escaping::AllowUtf8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    syntax: Syntax,
    version: Version,
    /// Only named in the answer if it was in the question: scrapers before 2024 do not know the parameter.
    escaping: Option<Escaping>,
}

/// The three syntaxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Syntax {
    /// Prometheus's own text format. Read by everything; no exemplars, no created timestamps.
    Text,
    /// OpenMetrics: text with units, exemplars and created timestamps.
    OpenMetrics,
    /// Delimited `io.prometheus.client.MetricFamily` messages: all of that, and native histograms.
    Protobuf,
}

/// How a name that is not `[a-zA-Z_:][a-zA-Z0-9_:]*` is spelled. Prometheus calls this the escaping scheme.
///
/// It only matters for [`Names::Dotted`](super::Names::Dotted): names that were underscored are legal everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Escaping {
    /// Each other character is an underscore. What a scraper gets that does not ask.
    #[default]
    Underscores,
    /// A dot is `_dot_`, an underscore is two, any other character is two underscores.
    Dots,
    /// Reversible: `U__`, and each other character is its code point between underscores.
    Values,
    /// As it is, in quotes.
    AllowUtf8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Version {
    /// The only one of its syntax.
    Only,
    /// Text 0.0.4.
    Text004,
    /// Text 1.0.0: the same, with quoted names allowed.
    Text100,
    /// OpenMetrics 0.0.1: the draft, which for what we say differs in nothing but its name.
    OpenMetrics001,
    /// OpenMetrics 1.0.0.
    OpenMetrics100,
}

impl Format {
    /// Text 0.0.4, what everybody understands.
    pub const TEXT: Self = Self { syntax: Syntax::Text, version: Version::Text004, escaping: None };
    /// OpenMetrics 1.0.0.
    pub const OPEN_METRICS: Self =
        Self { syntax: Syntax::OpenMetrics, version: Version::OpenMetrics100, escaping: None };
    /// Protobuf, with native histograms.
    pub const PROTOBUF: Self = Self { syntax: Syntax::Protobuf, version: Version::Only, escaping: None };

    /// The same format with another way to spell names.
    #[must_use]
    pub const fn escape(mut self, escaping: Escaping) -> Self {
        self.escaping = Some(escaping);
        self
    }

    pub(super) const fn at(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The syntax.
    pub const fn syntax(self) -> Syntax {
        self.syntax
    }

    /// How names are spelled.
    pub fn escaping(self) -> Escaping {
        self.escaping.unwrap_or_default()
    }

    /// The `Content-Type` that announces it.
    pub fn content_type(self) -> String {
        let mut text = String::from(match (self.syntax, self.version) {
            (Syntax::Text, Version::Text100) => "text/plain; version=1.0.0; charset=utf-8",
            (Syntax::Text, _) => "text/plain; version=0.0.4; charset=utf-8",
            (Syntax::OpenMetrics, Version::OpenMetrics001) => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
            (Syntax::OpenMetrics, _) => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            (Syntax::Protobuf, _) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        });
        if let Some(escaping) = self.escaping {
            text.push_str("; escaping=");
            text.push_str(escaping.name());
        }
        text
    }
}

impl Syntax {
    /// A word for it, as the `format` label of `bellwether.scrape.duration` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::OpenMetrics => "openmetrics",
            Self::Protobuf => "protobuf",
        }
    }
}

impl Escaping {
    /// Its name in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
            Self::AllowUtf8 => "allow-utf-8",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Underscores, Self::Dots, Self::Values, Self::AllowUtf8].into_iter().find(|own| own.name() == name)
    }
}
