//! Which trace this is part of: W3C Trace Context, level 2, parsed and written.
//!
//! Source: <https://www.w3.org/TR/trace-context-2/>. Of the flags, `sampled` and `random` are kept, others are zeroed; a
//! version after 00 is read by position; whatever is malformed is refused whole, and the caller starts a new trace.

use std::fmt;

/// Sixteen bytes that name a trace. Never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

/// Eight bytes that name a span within its trace. Never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(u64);

/// The position in a trace that a `traceparent` header carries.
///
/// ```
/// use bellwether_core::TraceContext;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
/// let context = TraceContext::parse(header.as_bytes()).unwrap();
/// assert!(context.sampled() && context.random());
/// assert_eq!(context.to_string(), header);
/// assert!(TraceContext::parse(b"00-00000000000000000000000000000000-b7ad6b7169203331-01").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

const SAMPLED: u8 = 0x01;
const RANDOM: u8 = 0x02;

/// The length of a version 00 `traceparent`.
pub const TRACEPARENT_LEN: usize = 55;

impl TraceId {
    /// A random id.
    #[inline]
    pub fn random() -> Self {
        Self(fastrand::u128(..).max(1))
    }

    /// The id of these bytes, big-endian, or `None` if they are all zero.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        Some(u128::from_be_bytes(bytes)).filter(|id| *id != 0).map(Self)
    }

    /// The bytes, big-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Sixteen bytes as 32 lower-case hexadecimal digits.
    #[inline]
    pub fn to_hex(self) -> [u8; 32] {
        let mut hex = [0; 32];
        let words = [self.0 >> 96, self.0 >> 64, self.0 >> 32, self.0];
        for (digits, word) in hex.chunks_exact_mut(8).zip(words) {
            digits.copy_from_slice(&hex_digits(word as u32));
        }
        hex
    }

    /// The rightmost 63 bits: uniformly random where the random flag is set, so a share of them is a share of traces.
    #[inline]
    pub fn randomness(self) -> u64 {
        self.0 as u64 >> 1
    }
}

impl SpanId {
    /// A random id.
    #[inline]
    pub fn random() -> Self {
        Self(fastrand::u64(..).max(1))
    }

    /// The id of these bytes, big-endian, or `None` if they are all zero.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        Some(u64::from_be_bytes(bytes)).filter(|id| *id != 0).map(Self)
    }

    /// The bytes, big-endian.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Eight bytes as 16 lower-case hexadecimal digits.
    #[inline]
    pub fn to_hex(self) -> [u8; 16] {
        let mut hex = [0; 16];
        for (digits, word) in hex.chunks_exact_mut(8).zip([self.0 >> 32, self.0]) {
            digits.copy_from_slice(&hex_digits(word as u32));
        }
        hex
    }
}

impl TraceContext {
    /// The beginning of a new trace with a random id.
    #[inline]
    pub fn root(sampled: bool) -> Self {
        Self { trace_id: TraceId::random(), span_id: SpanId::random(), flags: RANDOM | u8::from(sampled) }
    }

    /// A position from its parts.
    #[inline]
    pub fn new(trace_id: TraceId, span_id: SpanId, sampled: bool, random: bool) -> Self {
        Self { trace_id, span_id, flags: u8::from(sampled) | if random { RANDOM } else { 0 } }
    }

    /// The next position down the same trace: a new span, with the sampling decision given.
    #[inline]
    pub fn child(self, sampled: bool) -> Self {
        Self { span_id: SpanId::random(), flags: self.flags & !SAMPLED | u8::from(sampled), ..self }
    }

    /// Reads a `traceparent` header; `None` for anything malformed.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let (first, rest) = header.split_at_checked(TRACEPARENT_LEN)?;
        let version = hex_bytes::<1>(first.get(..2)?)?[0];
        let complete = match version {
            0x00 => rest.is_empty(),
            0xff => false,
            // A later version may append fields after another dash.
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let dashes = [2, 35, 52].iter().all(|at| first.get(*at) == Some(&b'-'));
        if !complete || !dashes {
            return None;
        }
        Some(Self {
            trace_id: TraceId::from_bytes(hex_bytes(first.get(3..35)?)?)?,
            span_id: SpanId::from_bytes(hex_bytes(first.get(36..52)?)?)?,
            flags: hex_bytes::<1>(first.get(53..55)?)?[0] & (SAMPLED | RANDOM),
        })
    }

    /// The `traceparent` header, version 00.
    pub fn to_traceparent(self) -> [u8; TRACEPARENT_LEN] {
        let mut out = *b"00-00000000000000000000000000000000-0000000000000000-00";
        out[3..35].copy_from_slice(&self.trace_id.to_hex());
        out[36..52].copy_from_slice(&self.span_id.to_hex());
        out[53..55].copy_from_slice(&hex_digits(u32::from(self.flags))[6..]);
        out
    }

    /// The trace.
    #[inline]
    pub fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The span.
    #[inline]
    pub fn span_id(self) -> SpanId {
        self.span_id
    }

    /// Whether whoever decided has the trace recorded.
    #[inline]
    pub fn sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Whether the trace id is known to be random (level 2).
    pub fn random(self) -> bool {
        self.flags & RANDOM != 0
    }
}

/// A `tracestate`: what other vendors keep beside the trace. Passed on unread, if well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceState(Box<str>);

impl TraceState {
    /// Joins the values of all `tracestate` headers of a request. `None` if there is nothing, or a list that may not be
    /// passed on: malformed, over 512 bytes, or over 32 members.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut list = String::new();
        for header in headers {
            for member in std::str::from_utf8(header).ok()?.split(',') {
                let member = member.trim_matches([' ', '\t']);
                if member.is_empty() {
                    continue;
                }
                if !member_is_legal(member) {
                    return None;
                }
                if !list.is_empty() {
                    list.push(',');
                }
                list.push_str(member);
                if list.len() > 512 {
                    return None;
                }
            }
        }
        (!list.is_empty() && list.split(',').count() <= 32).then(|| Self(list.into_boxed_str()))
    }

    /// The header value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn member_is_legal(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let key_bytes = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let starts = key.bytes().next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    starts
        && key.len() <= 256
        && key.bytes().all(key_bytes)
        && (1..=256).contains(&value.len())
        && value.bytes().all(|c| (b' '..=b'~').contains(&c) && c != b',' && c != b'=')
}

/// Lower-case hexadecimal digits, as many as fill `N` bytes.
fn hex_bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Eight lower-case digits at once: the digits are spread over the bytes of a word, and those above nine are moved up to
/// the letters.
#[inline]
fn hex_digits(word: u32) -> [u8; 8] {
    let spread = u64::from(word);
    let spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF;
    let spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF;
    let spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let letters = ((spread + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (spread + 0x3030_3030_3030_3030 + letters * 0x27).to_be_bytes()
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(&self.to_hex()))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(&self.to_hex()))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(&self.to_traceparent()))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}
