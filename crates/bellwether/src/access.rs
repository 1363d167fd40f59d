//! Who may read `/metrics`: programs on this machine, bearers of a token, or whom the application lets in.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;
use http::header::{AUTHORIZATION, FORWARDED, HOST, VIA};
use http::request::Parts;
use http::uri::Authority;

/// Who may read `/metrics`, and more than one word of `/readyz` and `/health`.
///
/// The default, [`loopback`](Self::loopback), admits peers on this machine, unless a proxy passes on the request of
/// somebody else: it says so in a header such as `X-Forwarded-For`, or asks for a host by a name that the whole world
/// may use. Of names only those are accepted that the public DNS cannot have: `localhost`, those without a dot, those that
/// end in `.localhost`, `.local` or `.internal`. So neither can a page that somebody here has open in a browser read
/// metrics by a name of its own that leads here, nor by the page's own requests, which a browser tells apart. Where the peer is not known, because the application serves the router without
/// `into_make_service_with_connect_info::<SocketAddr>()`, it admits whoever asks as long as every socket that this process
/// listens on is bound to a loopback address: then there are no other peers. (That is known on Linux only; elsewhere such
/// a request is refused.)
///
/// Rules add up: who is admitted by one of them is in.
///
/// ```
/// use bellwether::Access;
///
/// let scrapers = Access::loopback().or_token("6f1f0c0e9d4b4f27").or_if(|request| request.headers.contains_key("x-internal"));
/// assert!(!format!("{scrapers:?}").contains("6f1f"));
/// ```
#[derive(Clone)]
#[must_use = "it is for `Builder::access`"]
pub struct Access {
    peers: Peers,
    tokens: Vec<Box<str>>,
    rule: Option<Arc<Rule>>,
}

type Rule = dyn Fn(&Parts) -> bool + Send + Sync;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peers {
    Loopback,
    Anyone,
    Nobody,
}

/// Why somebody was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A token would help.
    Unauthorized,
    /// The peer is somewhere else.
    Remote,
    /// A proxy passes on a request.
    Proxied,
    /// It asks for a host that is not this machine.
    Named,
    /// A browser asks for a page of somebody else.
    Foreign,
    /// Nobody knows who asks.
    Unknown,
}

/// Tokens that may be valid at the same time, so that one can be replaced without a gap.
const MAX_TOKENS: usize = 8;

impl Access {
    /// Peers on this machine. The default.
    pub fn loopback() -> Self {
        Self { peers: Peers::Loopback, tokens: Vec::new(), rule: None }
    }

    /// Everybody who can reach the port.
    pub fn anyone() -> Self {
        Self { peers: Peers::Anyone, ..Self::loopback() }
    }

    /// Nobody, but for the rules that are added.
    pub fn nobody() -> Self {
        Self { peers: Peers::Nobody, ..Self::loopback() }
    }

    /// Also those who send `Authorization: Bearer` and this token, in one header. Of several tokens, the last eight are valid.
    pub fn or_token(mut self, token: impl Into<Box<str>>) -> Self {
        let token = token.into();
        if !token.is_empty() {
            self.tokens.push(token);
        }
        let excess = self.tokens.len().saturating_sub(MAX_TOKENS);
        self.tokens.drain(..excess);
        self
    }

    /// Also those of whom the application says so, by the head of their request.
    pub fn or_if(mut self, rule: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.rule = Some(Arc::new(rule));
        self
    }

    /// Replaces the peers that are admitted, and nothing else.
    pub(crate) fn peers_of(mut self, other: Self) -> Self {
        self.peers = other.peers;
        self
    }

    /// Decides. `only_loopback` finds out whether this process has loopback peers only.
    pub(crate) fn check(
        &self,
        request: &Parts,
        peer: Option<IpAddr>,
        only_loopback: impl FnOnce() -> bool,
    ) -> Result<(), Denied> {
        if self.peers == Peers::Anyone
            || self.has_token(request)
            || self.rule.as_ref().is_some_and(|rule| rule(request))
        {
            return Ok(());
        }
        let denied = match self.peers {
            Peers::Loopback if is_passed_on(request) => Denied::Proxied,
            Peers::Loopback if names_a_public_host(request) => Denied::Named,
            Peers::Loopback if is_of_a_foreign_page(request) => Denied::Foreign,
            Peers::Loopback => match peer {
                Some(peer) if peer.to_canonical().is_loopback() => return Ok(()),
                Some(_) => Denied::Remote,
                None if only_loopback() => return Ok(()),
                None => Denied::Unknown,
            },
            Peers::Anyone | Peers::Nobody => Denied::Remote,
        };
        Err(if self.tokens.is_empty() { denied } else { Denied::Unauthorized })
    }

    fn has_token(&self, request: &Parts) -> bool {
        // Of several, a proxy may have looked at another one than we would.
        let mut all = request.headers.get_all(AUTHORIZATION).iter();
        let (Some(given), None) = (all.next(), all.next()) else { return false };
        let Some((scheme, token)) = given.as_bytes().split_at_checked(7) else { return false };
        // All are compared to their end, so that time tells nothing.
        scheme.eq_ignore_ascii_case(b"bearer ")
            && self.tokens.iter().fold(false, |found, own| found | same(own.as_bytes(), token))
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::loopback()
    }
}

impl Denied {
    /// What the one who asked is told.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Unauthorized => "metrics are for bearers of a token: Authorization: Bearer ...\n",
            Self::Remote => {
                "metrics are for this machine only; the service can set a token or open them: metrics.token, \
                 metrics.access\n"
            }
            Self::Proxied => {
                "metrics are for this machine only, and a proxy passes this request on; the service can set a token: \
                 metrics.token\n"
            }
            Self::Named => {
                "metrics are for this machine only, and this request is for another host; ask for localhost, or the service \
                 can set a token: metrics.token\n"
            }
            Self::Foreign => {
                "metrics are for this machine only, and a page of another site asks for them; the service can set a token: \
                 metrics.token\n"
            }
            Self::Unknown => {
                "metrics are for this machine only, and where this request comes from is not known: serve the router with \
                 into_make_service_with_connect_info::<SocketAddr>(), or set metrics.token or metrics.access\n"
            }
        }
    }
}

/// Whether a proxy says that it passes on somebody's request.
fn is_passed_on(request: &Parts) -> bool {
    const OTHERS: [&str; 6] =
        ["x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip", "cf-connecting-ip", "cdn-loop"];
    let mut names = request.headers.keys().map(HeaderName::as_str);
    [FORWARDED, VIA].iter().any(|name| request.headers.contains_key(name))
        || names.any(|name| name.starts_with("x-forwarded") || OTHERS.contains(&name))
}

/// Whether the request is for a host that somebody elsewhere may have called so: not by an address of this machine, nor by
/// a name that the public DNS cannot have. A proxy that passes on names is seen by it, and a browser that was led here.
fn names_a_public_host(request: &Parts) -> bool {
    let header = request.headers.get_all(HOST).iter().map(|host| host.to_str().ok()?.parse().ok());
    let mut named = header.chain(request.uri.authority().cloned().map(Some));
    named.any(|named: Option<Authority>| named.is_none_or(|named| is_public(named.host())))
}

/// Whether a browser asks because a page of another site wants it to. What somebody asks for, by typing the address or by
/// following a link, is not, since no page sees the answer.
fn is_of_a_foreign_page(request: &Parts) -> bool {
    let all = |name: &str| request.headers.get_all(name).into_iter().map(http::HeaderValue::as_bytes);
    let only = |name: &str, value: &[u8]| all(name).eq([value]);
    if all("sec-fetch-site").next().is_some() {
        let own = only("sec-fetch-site", b"same-origin") || only("sec-fetch-site", b"none");
        let followed = only("sec-fetch-mode", b"navigate") && only("sec-fetch-dest", b"document");
        return !own && !followed;
    }
    // Browsers that do not say so say where the page is from; not for what a page merely shows, which it cannot read.
    let host = request.headers.get(HOST).map(http::HeaderValue::as_bytes).unwrap_or_default();
    all("origin").any(|origin| {
        let origin = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
        origin.is_none_or(|origin| !origin.eq_ignore_ascii_case(host))
    })
}

fn is_public(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => !address.to_canonical().is_loopback(),
        Err(_) => {
            let last = host.rsplit_once('.').map(|(_, last)| last);
            last.is_some_and(|last| {
                !["localhost", "local", "internal"].iter().any(|own| last.eq_ignore_ascii_case(own))
            })
        }
    }
}

/// Whether two byte strings are the same, in a time that depends on the length of the second only.
fn same(own: &[u8], given: &[u8]) -> bool {
    let mut difference = own.len() ^ given.len();
    for (at, byte) in given.iter().enumerate() {
        difference |= usize::from(byte ^ own.get(at % own.len().max(1)).copied().unwrap_or_default());
    }
    std::hint::black_box(difference) == 0
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("peers", &self.peers)
            .field("tokens", &self.tokens.len())
            .field("rule", &self.rule.is_some())
            .finish()
    }
}
