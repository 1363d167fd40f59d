//! What an answer says that it took: tokens, and seconds of sound.

use std::time::Duration;

/// What an answer says that it took. What it does not say is `None`, which is not 0.
///
/// Whatever the dialect, [`input`](Self::input) includes what came from a cache or was written to one, and
/// [`output`](Self::output) what was thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens that went in.
    pub input: Option<u64>,
    /// Tokens that came out.
    pub output: Option<u64>,
    /// Tokens of the input that came from a cache.
    pub cache_read: Option<u64>,
    /// Tokens of the input that were written to a cache.
    pub cache_write: Option<u64>,
    /// Tokens of the output that were spent on reasoning.
    pub reasoning: Option<u64>,
    /// The length of the sound that was listened to.
    pub audio: Option<Duration>,
    /// The input was counted without the cache, as Anthropic does: what is added to it lies in these.
    pub(super) beside: (Option<u64>, Option<u64>),
}

/// A number in a `usage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Input,
    Output,
    CacheRead,
    CacheReadBeside,
    CacheWriteBeside,
    Reasoning,
    Seconds,
}

impl Usage {
    /// So many tokens in and out, as a typed client has them.
    pub const fn tokens(input: u64, output: u64) -> Self {
        Self {
            input: Some(input),
            output: Some(output),
            cache_read: None,
            cache_write: None,
            reasoning: None,
            audio: None,
            beside: (None, None),
        }
    }

    /// The same, and so many of the input from a cache.
    pub const fn cache_read(mut self, tokens: u64) -> Self {
        self.cache_read = Some(tokens);
        self
    }

    /// The same, and so many of the output spent on reasoning.
    pub const fn reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = Some(tokens);
        self
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn read(&mut self, count: Count, text: &str) {
        if count == Count::Seconds {
            let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            self.audio = seconds.or(self.audio);
            return;
        }
        let Ok(number) = text.parse() else { return };
        let place = match count {
            Count::Input => &mut self.input,
            Count::Output => &mut self.output,
            Count::CacheRead => &mut self.cache_read,
            Count::CacheReadBeside => &mut self.beside.0,
            Count::CacheWriteBeside => &mut self.beside.1,
            Count::Reasoning => &mut self.reasoning,
            Count::Seconds => return,
        };
        *place = Some(number);
    }

    /// What was said later counts: counts of an answer that goes on are of all of it so far.
    pub(super) fn update(&mut self, later: &Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cache_read = later.cache_read.or(self.cache_read);
        self.reasoning = later.reasoning.or(self.reasoning);
        self.audio = later.audio.or(self.audio);
        self.beside = (later.beside.0.or(self.beside.0), later.beside.1.or(self.beside.1));
    }

    /// The same in one way of counting.
    pub(super) fn settled(mut self) -> Self {
        let (read, write) = std::mem::take(&mut self.beside);
        let beside = read.unwrap_or_default().saturating_add(write.unwrap_or_default());
        self.input = self.input.map(|input| input.saturating_add(beside));
        self.cache_read = read.or(self.cache_read);
        self.cache_write = write.or(self.cache_write);
        self
    }
}

impl Count {
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"prompt_tokens" | b"input_tokens" => Self::Input,
            b"completion_tokens" | b"output_tokens" => Self::Output,
            b"cached_tokens" | b"prompt_cache_hit_tokens" => Self::CacheRead,
            b"cache_read_input_tokens" => Self::CacheReadBeside,
            b"cache_creation_input_tokens" => Self::CacheWriteBeside,
            b"reasoning_tokens" | b"thinking_tokens" => Self::Reasoning,
            b"seconds" => Self::Seconds,
            _ => return None,
        })
    }
}
