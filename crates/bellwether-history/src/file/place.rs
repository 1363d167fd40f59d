//! The path of the file: what is there, whether it is ours, and how a damaged one is set aside.

use super::disk::{Disk, contained, ours, version};
use super::{Error, Kind};
use redb::backends::FileBackend;
use redb::{Builder, DatabaseError};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

/// What a redb file begins with.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// How many damaged files are kept beside the path.
const SET_ASIDE: usize = 3;

/// How carefully a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// As one that was closed or crashed: what is needed is read.
    Usual,
    /// As one that may be damaged: all of it is read, checked, and repaired where that loses nothing.
    Checked,
}

/// A file's identity, whatever becomes of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

/// The identity of the file that `path` names now.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::symlink_metadata(path).ok().map(|there| platform::identity(&there))
}

/// Opens the file, or makes a new one where there is none.
pub(super) fn open(path: &Path, cache: usize, care: Care) -> Result<Disk, Error> {
    let failed = |error: io::Error| Error::io(path, "open", &error);
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => {
            let error = Error::new(Kind::Denied, path, "open", "it is a symbolic link, and those are not followed");
            Err(error.advice("name the file that it leads to"))
        }
        Ok(there) if !there.is_file() => {
            Err(Error::new(Kind::Denied, path, "open", "it is not a file").advice("choose another path"))
        }
        Ok(there) if there.len() == 0 => create(path, cache),
        Ok(_) => {
            let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
            if !is_at(&file, path).map_err(failed)? {
                return Err(Error::new(Kind::Denied, path, "open", "it was replaced meanwhile"));
            }
            recognize(path, &mut file)?;
            look(path, cache)?;
            Disk::adopt(path, database(path, file, cache, care)?, false)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, cache),
        Err(error) => Err(failed(error)),
    }
}

/// Renames a damaged file, so that it can be looked at, and says what it is called now.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, Error> {
    let mut names = (1..=SET_ASIDE).map(|n| beside(path, &format!(".damaged-{n}")));
    let Some(aside) = names.find(|name| fs::symlink_metadata(name).is_err()) else {
        let why = format!("it is damaged, and {SET_ASIDE} damaged files are kept beside it already");
        return Err(Error::new(Kind::Damaged, path, "set aside", why).advice("move those away; it is tried again"));
    };
    fs::rename(path, &aside).map_err(|error| Error::io(path, "set aside", &error))?;
    sync_directory(path);
    Ok(aside)
}

/// The damaged files beside the path.
pub(super) fn aside(path: &Path) -> Vec<PathBuf> {
    let names = (1..=SET_ASIDE).map(|n| beside(path, &format!(".damaged-{n}")));
    names.filter(|name| fs::symlink_metadata(name).is_ok()).collect()
}

/// Bytes that the file takes on the disk.
pub(super) fn bytes(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |there| platform::allocated(&there))
}

/// Makes the file under another name, and gives it its own only when it is whole: a crash leaves all or nothing.
fn create(path: &Path, cache: usize) -> Result<Disk, Error> {
    let failed = |error: io::Error| Error::io(path, "create", &error);
    let new = beside(path, ".new");
    if fs::symlink_metadata(&new).is_ok_and(|there| !there.is_file()) {
        let why = format!("{} is in the way", new.display());
        return Err(Error::new(Kind::Denied, path, "create", why).advice("remove that; it is tried again"));
    }
    let file = platform::private().read(true).write(true).create(true).open(&new).map_err(failed)?;
    // Whoever holds the lock is making the file right now; a lock of a crashed process is gone.
    let locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    if !locked || !is_at(&file, &new).map_err(failed)? {
        return Err(Error::new(Kind::Locked, path, "create", "somebody else creates it right now"));
    }
    file.set_len(0).map_err(failed)?;
    let made = database(path, file, cache, Care::Usual).and_then(|database| Disk::adopt(path, database, true));
    let named = made.and_then(|disk| fs::rename(&new, path).map(|()| disk).map_err(failed));
    match named {
        Ok(disk) => {
            sync_directory(path);
            Ok(disk)
        }
        Err(error) => {
            let _ = fs::remove_file(&new);
            Err(error)
        }
    }
}

/// Whether it is a file that we made, as far as its first bytes tell.
fn recognize(path: &Path, file: &mut File) -> Result<(), Error> {
    let failed = |error: io::Error| Error::io(path, "read", &error);
    let mut head = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if head == MAGIC {
        return Ok(());
    }
    // Cut off, wiped, or a few bits of it turned: still ours. Anything else is somebody's.
    let cut = MAGIC.starts_with(&head);
    let wiped = head.iter().all(|byte| *byte == 0);
    let turned: u32 = head.iter().zip(MAGIC).map(|(is, was)| (is ^ was).count_ones()).sum();
    if cut || wiped || head.len() == MAGIC.len() && turned <= 8 {
        return Err(Error::new(Kind::Damaged, path, "open", "its first bytes are damaged"));
    }
    Err(Error::new(Kind::Foreign, path, "use", "it is not a file of Bellwether"))
}

/// Looks whether a database is ours without writing to it, as opening it does.
///
/// One that needs repair cannot be looked at; whatever else is wrong is found by who opens it.
fn look(path: &Path, cache: usize) -> Result<(), Error> {
    let version = contained(path, "open", || {
        let database = Builder::new().set_cache_size(cache).open_read_only(path)?;
        version(&database)
    });
    version.map_or(Ok(()), |version| ours(path, version))
}

fn database(path: &Path, file: File, cache: usize, care: Care) -> Result<redb::Database, Error> {
    contained(path, "open", || {
        let mut builder = Builder::new();
        builder.set_cache_size(cache).set_check_integrity_on_open(care == Care::Checked);
        match builder.create_with_backend(FileBackend::new(file)?) {
            Err(DatabaseError::UpgradeRequired(version)) => {
                Err(redb::Error::Corrupted(format!("it claims to be of the old format {version}")))
            }
            other => Ok(other?),
        }
    })
}

/// Whether `path` still names this very file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    Ok(identity(path) == Some(platform::identity(&file.metadata()?)))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// So that a new name outlives a power failure. Where that cannot be asked for, it is up to the system.
fn sync_directory(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(directory) = File::open(parent) {
        let _ = directory.sync_all();
    }
}

#[cfg(unix)]
mod platform {
    use super::Identity;
    use std::fs::{Metadata, OpenOptions};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    /// A file that only its owner reads.
    pub(super) fn private() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(0o600);
        options
    }

    pub(super) fn identity(file: &Metadata) -> Identity {
        Identity(file.dev(), file.ino())
    }

    pub(super) fn allocated(file: &Metadata) -> u64 {
        file.blocks() * 512
    }
}

#[cfg(not(unix))]
mod platform {
    use super::Identity;
    use std::fs::{Metadata, OpenOptions};

    pub(super) fn private() -> OpenOptions {
        OpenOptions::new()
    }

    /// Files have no number here that could be asked for; they are taken for what their name says.
    pub(super) fn identity(_: &Metadata) -> Identity {
        Identity(0, 0)
    }

    pub(super) fn allocated(file: &Metadata) -> u64 {
        file.len()
    }
}
