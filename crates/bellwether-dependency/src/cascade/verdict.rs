//! The answer, as plain data: what is wrong, since when, who is to blame, and how sure that is.

use std::fmt;
use std::sync::Arc;

use bellwether_core::Instant;

use super::failure::Failure;

/// What the judge says after a window.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether all is well, a root is named, or neither can be said.
    pub status: Status,
    /// The incident that is open; the same from its opening to its end, whatever is found out meanwhile.
    pub incident: Option<Incident>,
    /// The most likely roots, the likeliest first, at most three. Also without a clear first.
    pub suspects: Vec<Suspect>,
    /// The share of inbound requests that is lost, or slower than normal, beyond what is normal.
    pub lost: f64,
    /// All that ails, by name: alerts on those that are not the root can be withheld while the incident is open.
    pub ailing: Vec<Arc<str>>,
    /// What seems to keep the trouble going after its cause is gone.
    pub metastable: Option<Loop>,
}

/// The outcome of judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Status {
    /// Nothing ails, or not yet for long enough.
    Healthy,
    /// An incident is open, and the first suspect is its root as seen from here.
    Named,
    /// An incident is open and no suspect stands out, or there was no traffic to judge by.
    Unknown,
}

/// An incident that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Made from its start and its first root, so two runs over the same windows agree.
    pub id: IncidentId,
    /// When the first of the windows that opened it was judged.
    pub since: Instant,
    /// How many windows it is open for, the opening one included.
    pub windows: u64,
}

/// The name of an incident, shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IncidentId(pub u64);

/// Somebody or something that may be the root.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Suspect {
    /// Who.
    pub root: Root,
    /// What is wrong with it.
    pub cause: Cause,
    /// Its share of all that is lost, 0 to 1.
    pub score: f64,
    /// Whether the score rests on counts of the scope; otherwise on inference from time, occupancy or load.
    pub counted: bool,
    /// Whether what is behind it cannot be seen from here: it may itself be a victim.
    pub black_box: bool,
    /// When its level changed, as far as is known.
    pub since: Option<Instant>,
    /// How the trouble takes its way: from the route that loses most to the root, by name.
    pub path: Vec<Arc<str>>,
    /// The routes that lose requests by it.
    pub routes: Vec<Arc<str>>,
    /// The share of all inbound requests that are lost, or slow, by it.
    pub lost: f64,
    /// Why it is suspected, in sentences.
    pub evidence: Vec<String>,
}

/// Who or what is at fault, as seen from this process.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Root {
    /// A route, dependency or resource.
    Node(Arc<str>),
    /// This process itself.
    Process,
    /// The host or its network: what all dependencies have in common.
    Network,
    /// Whoever calls that route.
    Callers(Arc<str>),
    /// More requests than there is room for; nobody is at fault.
    Load,
}

/// What is wrong with a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// Its calls fail.
    Failing(Failure),
    /// Its calls take longer than normal.
    Slow,
    /// It has no permits left.
    Saturated,
    /// Its permits are taken by calls that no longer exist.
    Leak,
    /// It accepts fewer requests than we send.
    Throttled,
    /// Our allowance with it is used up.
    Quota,
    /// It lost what it had remembered, and what is behind it gets the load.
    ColdCache,
    /// It does not get to run.
    Stalled,
    /// It asks for what cannot be.
    BadRequests,
    /// More is asked for than there is room for.
    Overload,
}

/// A loop that may keep trouble alive after its cause is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Loop {
    /// Retries of calls that time out are load enough to make the next ones time out.
    Retry,
    /// A cache cannot fill while what fills it is overloaded.
    ColdCache,
}

impl Status {
    /// All of them, in the order in which they are listed anywhere.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Named, Self::Unknown];

    /// The word for it in labels and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Named => "named",
            Self::Unknown => "unknown",
        }
    }
}

impl Cause {
    /// The word for it in labels and documents: of what fails, the class of its failures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failing(class) => class.as_str(),
            Self::Slow => "slow",
            Self::Saturated => "saturated",
            Self::Leak => "leak",
            Self::Throttled => "throttled",
            Self::Quota => "quota",
            Self::ColdCache => "cold_cache",
            Self::Stalled => "stalled",
            Self::BadRequests => "bad_requests",
            Self::Overload => "overload",
        }
    }
}

impl Verdict {
    pub(super) fn nothing(status: Status) -> Self {
        Self { status, incident: None, suspects: Vec::new(), lost: 0.0, ailing: Vec::new(), metastable: None }
    }

    /// The root, if one is named.
    pub fn root(&self) -> Option<&Suspect> {
        self.suspects.first().filter(|_| self.status == Status::Named)
    }

    /// What ails but is not the named root: alerts on these say nothing new.
    pub fn inhibited(&self) -> impl Iterator<Item = &str> {
        let root = self.root().map(|suspect| suspect.root.to_string());
        let named = move |name: &str| root.as_deref() == Some(name);
        let open = self.root().is_some();
        self.ailing.iter().map(|name| &**name).filter(move |name| open && !named(name))
    }
}

/// Nothing is known yet.
impl Default for Verdict {
    fn default() -> Self {
        Self::nothing(Status::Unknown)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(incident) = self.incident else {
            return f.write_str(match self.status {
                Status::Unknown => "unknown: no traffic to judge by",
                _ => "healthy",
            });
        };
        write!(f, "incident {}: ", incident.id)?;
        match self.suspects.as_slice() {
            [] => f.write_str("no root is known")?,
            suspects if self.status == Status::Unknown => {
                let names: Vec<String> =
                    suspects.iter().map(|s| format!("{} ({:.0} %)", s.root, s.score * 100.0)).collect();
                write!(f, "the root is not clear, perhaps {}", names.join(" or "))?;
            }
            [first, ..] => {
                write!(f, "{} {}, {:.0} % of what is lost", first.root, first.cause, first.score * 100.0)?;
                if first.black_box {
                    f.write_str(" as seen from here")?;
                }
            }
        }
        let routes = self.suspects.first().map_or(0, |s| s.routes.len());
        let noun = if routes == 1 { "route" } else { "routes" };
        write!(f, "; {:.1} % of requests lost or slow on {routes} {noun}", self.lost * 100.0)
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(name) => f.write_str(name),
            Self::Process => f.write_str("this process"),
            Self::Network => f.write_str("the host or its network"),
            Self::Callers(route) => write!(f, "callers of {route}"),
            Self::Load => f.write_str("load"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failing(class) => write!(f, "fails ({class})"),
            Self::Slow => f.write_str("is slow"),
            Self::Saturated => f.write_str("has no permits left"),
            Self::Leak => f.write_str("leaks permits"),
            Self::Throttled => f.write_str("throttles us"),
            Self::Quota => f.write_str("says our quota is used up"),
            Self::ColdCache => f.write_str("is cold"),
            Self::Stalled => f.write_str("does not get to run"),
            Self::BadRequests => f.write_str("send bad requests"),
            Self::Overload => f.write_str("is more than there is room for"),
        }
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
