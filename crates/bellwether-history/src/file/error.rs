//! What is wrong with the file: the path, what was tried, and what would help.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the file could not be used. What was to be written is still in memory.
///
/// Reads like "cannot write history.bw: no space left on device; free space on this device, it is tried again".
/// It names a path and what the system said, nothing of what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Repr>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Repr {
    kind: Kind,
    path: PathBuf,
    tried: &'static str,
    why: String,
    advice: &'static str,
}

/// What sort of trouble it is, for those who want to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// No space is left on the device, or a quota or limit of the process is reached.
    Full,
    /// The file or its directory may not be written, or is no place for a file.
    Denied,
    /// Another process, or another [`Store`](super::Store) of this one, has the file open.
    Locked,
    /// The file is not whole. It is set aside and a fresh one begun, unless that is impossible.
    Damaged,
    /// The file is not ours. It is left alone.
    Foreign,
    /// A newer version has written the file. It is left alone.
    Newer,
    /// Anything else that the system said.
    Io,
}

impl Kind {
    fn advice(self) -> &'static str {
        match self {
            Self::Full => "free space on this device or lower `max_bytes`; it is tried again",
            Self::Denied => "let this user write the file and its directory, or choose another path; it is tried again",
            Self::Locked => "stop the other process or give each a path of its own; it is tried again",
            Self::Damaged => "the next flush checks it, and sets it aside if need be",
            Self::Foreign => "choose another path, or move that file away; it is left as it is",
            Self::Newer => "start the newer version again, or move the file away; it is left as it is",
            Self::Io => "look at the device; it is tried again",
        }
    }

    /// How long to wait before the next try, in milliseconds. Each costs a few system calls.
    pub(super) fn patience(self) -> i64 {
        match self {
            Self::Locked => 5_000,
            Self::Full | Self::Damaged | Self::Io => 30_000,
            Self::Denied | Self::Foreign | Self::Newer => 60_000,
        }
    }

    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Self::Denied,
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::Damaged,
            _ => Self::Io,
        }
    }
}

impl Error {
    /// What sort of trouble it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The file in question.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    #[cold]
    pub(super) fn new(kind: Kind, path: &Path, tried: &'static str, why: impl Into<String>) -> Self {
        Self(Box::new(Repr { kind, path: path.to_owned(), tried, why: why.into(), advice: kind.advice() }))
    }

    /// Better advice than that of its kind.
    pub(super) fn advice(mut self, advice: &'static str) -> Self {
        self.0.advice = advice;
        self
    }

    #[cold]
    pub(super) fn io(path: &Path, tried: &'static str, error: &io::Error) -> Self {
        let of_kind = Self::new(Kind::of(error), path, tried, error.to_string());
        match error.kind() {
            io::ErrorKind::NotFound => of_kind.advice("make its directory, or choose another path; it is tried again"),
            _ => of_kind,
        }
    }

    /// What redb said, by what it means to us.
    #[cold]
    pub(super) fn redb(path: &Path, tried: &'static str, error: redb::Error) -> Self {
        let kind = match &error {
            redb::Error::Io(error) => return Self::io(path, tried, error),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Kind::Locked,
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Kind::Io,
            _ => Kind::Damaged,
        };
        let why = match kind {
            Kind::Locked => "somebody else has it open".to_owned(),
            _ => error.to_string(),
        };
        Self::new(kind, path, tried, why)
    }
}

impl fmt::Display for Repr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}; {}", self.tried, self.path.display(), self.why, self.advice)
    }
}

impl std::error::Error for Repr {}
