//! Reports that are made when a week, a month or a quarter is over, as files that are never written over.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::Timestamp;
use bellwether_slo::report::{Issued, Report};
use bellwether_slo::{Calendar, Interval};

/// Where reports go.
#[derive(Debug)]
pub(super) struct Schedule {
    directory: PathBuf,
    /// What the names of files begin with, so that services do not take another's report for their own.
    service: String,
    /// The ends of the units whose report is there, in this run.
    made: Mutex<Vec<Interval>>,
}

/// Made so long after the end, when nothing of it comes any more.
const AFTER: Duration = Duration::from_secs(15 * 60);
/// A service may have been down when one ended, and for so many units since.
const LOOK_BACK: usize = 6;

impl Schedule {
    pub(super) fn new(directory: PathBuf, service: &str) -> Self {
        Self { directory, service: file_name(service), made: Mutex::default() }
    }

    /// Makes the report of the last unit of a calendar that is over, if it is due and not there: once in each run it is made
    /// anew, and if it has other inputs than the one that is there, it is the next revision. Then those of units before, one at
    /// a time, that ended while the service was not there. Returns the JSON's path.
    pub(super) fn due<E: Display>(
        &self,
        calendar: &Calendar,
        now: Timestamp,
        make: impl FnOnce(Interval) -> Result<Report, E>,
    ) -> Result<Option<PathBuf>, String> {
        let Some((over, is_last)) = self.next(calendar, now) else { return Ok(None) };
        let name = calendar.name_of(over);
        let issued = self.last(&name);
        let report = make(over).map_err(|error| error.to_string())?.after(issued.as_ref());
        // Of a time of which nothing at all is known, before the service was there, there is no report.
        let nothing = report.sections.iter().all(|section| match &section.measured {
            Ok(measured) => measured.whole.coverage.known.is_zero(),
            Err(_) => !is_last,
        });
        let path = self.path(&name, report.revision, "json");
        if !nothing && issued.as_ref() != Some(&report.issued()) {
            let written = [("html", report.html()), ("md", report.markdown()), ("csv", report.csv())];
            for (kind, text) in &written {
                self.write(&self.path(&name, report.revision, kind), text)?;
            }
            // The last one, by which it is known to be there.
            self.write(&path, &report.json())?;
            self.is_made(over);
            return Ok(Some(path));
        }
        self.is_made(over);
        Ok(None)
    }

    /// The unit whose report is to be made next, and whether it is the last one that is over.
    fn next(&self, calendar: &Calendar, now: Timestamp) -> Option<(Interval, bool)> {
        let mut over = calendar.previous(calendar.at(now));
        for back in 0..LOOK_BACK {
            if now.since(over.end) >= AFTER && !self.made().contains(&over) {
                // What was known when one was made long ago may not be known any more.
                if back == 0 || self.last(&calendar.name_of(over)).is_none() {
                    return Some((over, back == 0));
                }
                self.is_made(over);
            }
            over = calendar.previous(over);
        }
        None
    }

    fn is_made(&self, over: Interval) {
        let mut made = self.made();
        made.push(over);
        let excess = made.len().saturating_sub(8 * LOOK_BACK);
        made.drain(..excess);
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Interval>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, name: &str, revision: u32, kind: &str) -> PathBuf {
        let revised = if revision > 1 { format!(".r{revision}") } else { String::new() };
        self.directory.join(format!("{}-{name}{revised}.{kind}", self.service))
    }

    /// What was issued last, of a name.
    fn last(&self, name: &str) -> Option<Issued> {
        let there = (1..=999).map_while(|revision| {
            let path = self.path(name, revision, "json");
            // One that cannot be read is there all the same, and is not written over.
            let is_there = path.try_exists().unwrap_or(true);
            let text = is_there.then(|| std::fs::read_to_string(path).unwrap_or_default())?;
            Some(Issued { revision, inputs: inputs(&text).unwrap_or_default().to_owned() })
        });
        there.last()
    }

    /// All of it or nothing: it is written beside, and then called by its name.
    fn write(&self, path: &Path, text: &str) -> Result<(), String> {
        let refuse = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(&self.directory).map_err(refuse)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let mut file = std::fs::File::create(&beside).map_err(refuse)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(refuse)?;
        std::fs::rename(&beside, path).map_err(refuse)
    }
}

/// A name as part of a file's: letters, digits and `._-` as they are, all else as `%` and the byte, so that no two are alike.
fn file_name(service: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    // Longer names than this are cut: no file system takes more than 255 bytes.
    service.bytes().take(64).fold(String::new(), |mut name, byte| {
        match is_plain(&byte) {
            true => name.push(byte.into()),
            false => name.push_str(&format!("%{byte:02X}")),
        }
        name
    })
}

/// The inputs that a report's JSON names.
fn inputs(json: &str) -> Option<&str> {
    let (_, rest) = json.split_once("\"inputs\": \"sha256:")?;
    rest.get(..64).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
