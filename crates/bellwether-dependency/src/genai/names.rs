//! The one table of what is measured of models, and under which names: the conventions still move.
//!
//! [`Source::Released`] are the names of OpenTelemetry's semantic conventions 1.41, the last release that has them; all are in
//! development there. From 1.42 on they are kept in the repository `semantic-conventions-genai`, which has no release yet:
//! [`Source::Next`] are names that exist only there. It also splits `gen_ai.client.token.usage` by direction, and counts 0
//! tokens where nothing is known. The former will be a line of this table when it is released; the latter will not, since a 0
//! that is none makes every average wrong.

/// Where a name is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The semantic conventions, as released.
    Released,
    /// The semantic conventions, as they will be.
    Next,
    /// There is none for it yet.
    Ours,
}

/// What a metric is called, and what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Named {
    /// Its name, with dots.
    pub name: &'static str,
    /// Its unit, in UCUM.
    pub unit: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Bounds at which a histogram is exact.
    pub bounds: &'static [f64],
    /// Where the name is from.
    pub source: Source,
}

/// Labels of all that is measured of a model.
pub(super) const LABELS: [&str; 6] = [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
];
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const OUTCOME: &str = "outcome";
pub(super) const TOKEN_TYPE: &str = "gen_ai.token.type";
pub(super) const REASON: &str = "reason";
pub(super) const LIMIT: &str = "limit";

/// The names of operations. Those of speech are of a draft; there is none for a session.
pub(super) const CHAT: &str = "chat";
pub(super) const TEXT_COMPLETION: &str = "text_completion";
pub(super) const EMBEDDINGS: &str = "embeddings";
pub(super) const SPEECH_TO_TEXT: &str = "speech_to_text";
pub(super) const TEXT_TO_SPEECH: &str = "text_to_speech";
pub(super) const REALTIME: &str = "realtime";

/// As the conventions advise.
const SECONDS: &[f64] = &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// As the conventions advise.
const TOKENS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0,
    67108864.0,
];
const TOKEN_SECONDS: &[f64] = &[0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28];
const SESSION_SECONDS: &[f64] = &[1.0, 10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0];
/// From 1 on, speech does not keep up with whoever listens.
const FACTORS: &[f64] = &[0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 4.0];
const CHARACTERS: &[f64] = &[16.0, 64.0, 256.0, 1024.0, 4096.0];

const fn named(source: Source, name: &'static str, unit: &'static str, description: &'static str) -> Named {
    Named { name, unit, description, bounds: &[], source }
}

const fn released(name: &'static str, unit: &'static str, description: &'static str) -> Named {
    named(Source::Released, name, unit, description)
}

const fn next(name: &'static str, description: &'static str) -> Named {
    named(Source::Next, name, "{token}", description)
}

const fn ours(name: &'static str, unit: &'static str, description: &'static str) -> Named {
    named(Source::Ours, name, unit, description)
}

impl Named {
    const fn bounds(mut self, bounds: &'static [f64]) -> Self {
        self.bounds = bounds;
        self
    }
}

pub(super) const DURATION: Named =
    released("gen_ai.client.operation.duration", "s", "How long a call of a model took, to its last byte.")
        .bounds(SECONDS);
pub(super) const TOKEN_USAGE: Named =
    released("gen_ai.client.token.usage", "{token}", "Tokens that a call took, where that is known.").bounds(TOKENS);
pub(super) const FIRST_CHUNK: Named = released(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "From a call to the first event of an answer that streams, whatever is in it.",
)
.bounds(SECONDS);
pub(super) const PER_CHUNK: Named = released(
    "gen_ai.client.operation.time_per_output_chunk",
    "s",
    "From each event of an answer that streams to the next.",
)
.bounds(SECONDS);

pub(super) const CACHE_READ: Named =
    next("gen_ai.client.inference.usage.cache_read.input_tokens", "Tokens of the input that came from a cache.");
pub(super) const CACHE_WRITE: Named =
    next("gen_ai.client.inference.usage.cache_write.input_tokens", "Tokens of the input that were written to a cache.");
pub(super) const REASONING: Named =
    next("gen_ai.client.inference.usage.reasoning.output_tokens", "Tokens of the output that were spent on reasoning.");

pub(super) const FIRST_CONTENT: Named = ours(
    "bellwether.gen_ai.time_to_first_content",
    "s",
    "From a call to the first of the answer that can be used: a word, a call of a tool, a sound, a transcript.",
)
.bounds(SECONDS);
pub(super) const PER_TOKEN: Named = ours(
    "bellwether.gen_ai.time_per_output_token",
    "s",
    "From the first content of an answer to its end, by tokens behind the first.",
)
.bounds(TOKEN_SECONDS);
pub(super) const UNKNOWN: Named =
    ours("bellwether.gen_ai.usage.unknown", "{call}", "Calls of which nobody will know how many tokens they took.");
pub(super) const LIMITED: Named =
    ours("bellwether.gen_ai.limited", "{call}", "Calls that were turned away, by what there was too much of.");
pub(super) const AUDIO: Named =
    ours("bellwether.gen_ai.audio.duration", "s", "The length of sound that was listened to or made.").bounds(SECONDS);
pub(super) const FACTOR: Named = ours(
    "bellwether.gen_ai.real_time_factor",
    "1",
    "How long a call took by the length of its sound; above 1 it is slower than speech.",
)
.bounds(FACTORS);
pub(super) const CHARACTER: Named =
    ours("bellwether.gen_ai.characters", "{character}", "Characters that were to be spoken.").bounds(CHARACTERS);
pub(super) const SESSION: Named =
    ours("bellwether.gen_ai.session.duration", "s", "How long sessions lasted, by how they ended.")
        .bounds(SESSION_SECONDS);
pub(super) const SESSION_FIRST: Named = ours(
    "bellwether.gen_ai.session.time_to_first_content",
    "s",
    "From the attempt to connect to the first of a session that can be used.",
)
.bounds(SECONDS);
pub(super) const SESSION_VAIN: Named = ours(
    "bellwether.gen_ai.session.connects_in_vain",
    "{session}",
    "Sessions that were opened since the last one that was of any use.",
);

/// All that is measured of models.
pub const METRICS: &[Named] = &[
    DURATION,
    TOKEN_USAGE,
    FIRST_CHUNK,
    PER_CHUNK,
    CACHE_READ,
    CACHE_WRITE,
    REASONING,
    FIRST_CONTENT,
    PER_TOKEN,
    UNKNOWN,
    LIMITED,
    AUDIO,
    FACTOR,
    CHARACTER,
    SESSION,
    SESSION_FIRST,
    SESSION_VAIN,
];
