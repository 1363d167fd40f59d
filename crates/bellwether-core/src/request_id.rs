//! The name a request goes by in logs and support tickets: short, checked, and kept inline.

use std::fmt;

use crate::trace::TraceId;

/// Most ids are shorter than this and need no allocation.
const INLINE: usize = 46;

/// 1 to 128 characters of `[A-Za-z0-9._-]`. Anything else that a client sends is replaced, never passed on.
///
/// ```
/// use bellwether_core::RequestId;
///
/// assert_eq!(RequestId::parse(b"order-42").unwrap().as_str(), "order-42");
/// assert!(RequestId::parse(b"<script>").is_none());
/// assert!(RequestId::parse(&[b'a'; 129]).is_none());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Text);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Text {
    Inline { bytes: [u8; INLINE], len: u8 },
    Long(Box<str>),
}

impl RequestId {
    /// The longest id accepted, in characters.
    pub const MAX_LEN: usize = 128;

    /// Takes an id that came from outside; `None` if it is not well-formed.
    pub fn parse(given: &[u8]) -> Option<Self> {
        let legal = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        let well_formed = (1..=Self::MAX_LEN).contains(&given.len()) && given.iter().all(legal);
        let text = std::str::from_utf8(given).ok().filter(|_| well_formed)?;
        Some(Self(match Text::inline(given) {
            Some(inline) => inline,
            None => Text::Long(text.into()),
        }))
    }

    /// A new id: 32 random hexadecimal digits.
    pub fn random() -> Self {
        Self::from(TraceId::random())
    }

    /// The id.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Inline { bytes, len } => {
                bytes.get(..usize::from(*len)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
            }
            Text::Long(text) => text,
        }
    }
}

impl From<TraceId> for RequestId {
    /// The trace id as request id, so that one search finds both.
    #[inline]
    fn from(id: TraceId) -> Self {
        Self(Text::inline(&id.to_hex()).unwrap_or_else(|| Text::Long(id.to_string().into())))
    }
}

impl Text {
    #[inline]
    fn inline(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; INLINE];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self::Inline { bytes, len: text.len() as u8 })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}
