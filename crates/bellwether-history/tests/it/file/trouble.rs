//! The file cannot be used: history goes on in memory, the trouble is told, and nothing is lost once it is over.
#![allow(clippy::print_stderr, reason = "who is skipped says so")]

use super::{HOUR, NOW, Note, blocks, key, note, open, place};
use bellwether_history::file::{Kind, Limits, Options, Query, Status, Store};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a child of this binary finds the folder it is to work in.
const FOLDER: &str = "BELLWETHER_TROUBLE_FOLDER";

fn trouble(status: &Status) -> Option<Kind> {
    status.trouble.as_ref().map(|trouble| trouble.error.kind())
}

fn notes(store: &Store) -> Vec<String> {
    let page = store.log::<Note>(Limits::default()).page(&Query::oldest().limit(100_000)).expect("a sound file");
    page.entries.into_iter().map(|entry| entry.record.0).collect()
}

fn say(store: &Store, text: &str, at: i64) -> u64 {
    store.log(Limits::default()).append(&note(text), at).expect("a small one")
}

/// What is said of a path, with the folder's name taken out.
#[track_caller]
fn said(folder: &Path, path: &PathBuf) -> String {
    let status = open(path).status();
    assert!(!status.open);
    status.trouble.expect("trouble").error.to_string().replace(&folder.display().to_string(), "FOLDER")
}

#[test]
fn what_another_one_holds_is_taken_over_once_it_is_let_go() {
    let (_folder, path) = place();
    let first = open(&path);
    say(&first, "first", NOW + 10);
    first.put(key(1, 0, 1), &[1]);
    first.flush(NOW).expect("a sound file");

    let second = open(&path);
    assert_eq!(trouble(&second.status()), Some(Kind::Locked));
    // It happened earlier than what the file holds, and is told later.
    let id = say(&second, "second", NOW);
    second.put(key(1, HOUR, 1), &[2]);
    assert_eq!((notes(&second), blocks(&second, 1, 1)), (vec!["second".to_owned()], vec![(HOUR, vec![2])]));
    assert_eq!(second.flush(NOW + 5_000).expect_err("held").kind(), Kind::Locked);
    let since = second.status().trouble.map(|trouble| (trouble.since, trouble.retry_at));
    assert_eq!(since, Some((NOW, NOW + 10_000)));

    first.close(NOW).expect("a sound file");
    assert_eq!(second.flush(NOW + 9_999).expect_err("not asked again yet").kind(), Kind::Locked);
    assert_eq!(second.flush(NOW + 10_000).expect("let go").written, 2);
    assert_eq!(trouble(&second.status()), None);
    assert_eq!(notes(&second), ["first", "second"]);
    assert_eq!(blocks(&second, 1, 1), [(0, vec![1]), (HOUR, vec![2])]);
    let page = second.log::<Note>(Limits::default()).page(&Query::newest().limit(1)).expect("a sound file");
    assert!(page.entries[0].id > id && page.entries[0].at == NOW);
    // The first one finds it held now.
    assert_eq!(first.flush(NOW).expect_err("held").kind(), Kind::Locked);
}

#[test]
fn a_clock_set_back_keeps_nobody_waiting() {
    let (_folder, path) = place();
    let first = open(&path);
    let second = open(&path);
    first.close(NOW).expect("a sound file");
    second.flush(NOW - HOUR).expect("let go");
}

#[test]
fn what_is_in_the_way_is_named() {
    let (folder, path) = place();
    fs::create_dir(&path).expect("a folder");
    insta::assert_snapshot!(said(folder.path(), &path), @"cannot open FOLDER/history.bw: it is not a file; choose another path");
    let inner = path.join("deeper").join("history.bw");
    insta::assert_snapshot!(said(folder.path(), &inner), @"cannot create FOLDER/history.bw/deeper/history.bw: No such file or directory (os error 2); make its directory, or choose another path; it is tried again");
    let below = folder.path().join("file");
    fs::write(&below, "a file").expect("a file");
    insta::assert_snapshot!(said(folder.path(), &below.join("history.bw")), @"cannot open FOLDER/file/history.bw: Not a directory (os error 20); let this user write the file and its directory, or choose another path; it is tried again");
}

#[test]
fn a_folder_that_is_made_later_is_used_then() {
    let (folder, _) = place();
    let path = folder.path().join("later").join("history.bw");
    let store = open(&path);
    assert_eq!(trouble(&store.status()), Some(Kind::Denied));
    say(&store, "kept", NOW);
    fs::create_dir(folder.path().join("later")).expect("a folder");
    store.flush(NOW + 60_000).expect("a new file");
    store.close(NOW).expect("a sound file");
    assert_eq!(notes(&open(&path)), ["kept"]);
}

#[test]
fn one_that_was_moved_away_is_begun_anew() {
    let (folder, path) = place();
    let store = open(&path);
    say(&store, "before", NOW);
    store.flush(NOW).expect("a new file");
    let moved = folder.path().join("moved.bw");
    fs::rename(&path, &moved).expect("a file");
    say(&store, "after", NOW + 1);
    store.flush(NOW).expect("another new file");
    assert_eq!(notes(&store), ["after"]);
    assert_eq!(notes(&open(&moved)), ["before"]);
    fs::remove_file(&path).expect("a file");
    say(&store, "later", NOW + 2);
    store.flush(NOW).expect("another new file");
    assert_eq!(notes(&store), ["later"]);
}

#[test]
fn what_is_left_of_one_that_was_being_made_does_not_matter() {
    let (folder, path) = place();
    fs::write(folder.path().join("history.bw.new"), "half a file").expect("a file");
    let store = open(&path);
    assert_eq!(store.status().trouble, None);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_it_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, path) = place();
    open(&path).close(NOW).expect("a new file");
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let link = folder.path().join("link.bw");
    symlink(&path, &link).expect("a link");
    insta::assert_snapshot!(said(folder.path(), &link), @"cannot open FOLDER/link.bw: it is a symbolic link, and those are not followed; name the file that it leads to");
    let dangling = folder.path().join("dangling.bw");
    symlink(folder.path().join("nowhere"), &dangling).expect("a link");
    assert_eq!(trouble(&open(&dangling).status()), Some(Kind::Denied));
    assert!(!folder.path().join("nowhere").exists());
    let new = folder.path().join("other.bw.new");
    symlink(&path, &new).expect("a link");
    assert_eq!(trouble(&open(&folder.path().join("other.bw")).status()), Some(Kind::Denied));
    open(&path).close(NOW).expect("it was not touched");
}

#[test]
fn a_reading_goes_on_whatever_is_written_meanwhile() {
    let (_folder, path) = place();
    let store = open(&path);
    store.put(key(1, 0, 1), &[1]);
    say(&store, "one", NOW);
    store.flush(NOW).expect("a new file");
    store.put(key(1, 0, 1), &[2]);
    let before = store.read().expect("a sound file");
    store.put(key(1, 0, 1), &[3]);
    say(&store, "two", NOW);
    store.flush(NOW).expect("a sound file");
    let seen = |reading: &bellwether_history::file::Reading| {
        let blocks = reading.blocks(1, 1, 0..1).expect("a sound file");
        let notes = reading.page::<Note>(&Query::oldest()).expect("a sound file").entries.len();
        (blocks.iter().map(|(_, bytes)| bytes.to_vec()).collect::<Vec<_>>(), notes)
    };
    assert_eq!(seen(&before), (vec![vec![2]], 1));
    assert_eq!(seen(&store.read().expect("a sound file")), (vec![vec![3]], 2));
    // What is closed below it says so, and is no damage.
    store.close(NOW).expect("a sound file");
    assert!(before.blocks(1, 1, 0..1).map_or_else(|error| error.kind() == Kind::Io, |blocks| blocks.len() == 1));
    store.flush(NOW).expect("it is opened again");
    assert_eq!((trouble(&store.status()), store.status().set_aside.len()), (None, 0));
}

#[test]
fn newer_records_are_skipped_and_older_ones_are_migrated() {
    /// A note as an older and as a newer version writes it.
    macro_rules! note_of {
        ($version:literal) => {{
            struct Other;
            impl bellwether_history::file::Record for Other {
                const LOG: &'static str = "notes";
                const VERSION: u16 = $version;
                fn encode(&self, out: &mut Vec<u8>) {
                    out.extend_from_slice(b"text");
                }
                fn decode(_: u16, _: &[u8]) -> Result<Self, bellwether_history::file::Undecodable> {
                    Ok(Self)
                }
            }
            Other
        }};
    }
    for path in [None, Some(place())] {
        let store = Store::open(path.as_ref().map_or_else(Options::in_memory, |(_, path)| Options::new(path)), NOW);
        store.log(Limits::default()).append(&note_of!(1), NOW).expect("a small one");
        store.log(Limits::default()).append(&note_of!(2), NOW).expect("a small one");
        store.log(Limits::default()).append(&note_of!(3), NOW).expect("a small one");
        store.flush(NOW).expect("a sound file");
        let page = store.log::<Note>(Limits::default()).page(&Query::oldest()).expect("a sound file");
        let found: Vec<_> = page.entries.into_iter().map(|entry| entry.record.0).collect();
        assert_eq!((found, page.newer, page.damaged), (vec!["old text".to_owned(), "text".to_owned()], 1, 0));
    }
}

/// Runs a test of this binary as a child, by a line for the shell that ends in `exec "$@"`.
///
/// Gives whether the child came so far as to do its work: a container may forbid what the line does.
fn in_shell(line: &str, unshare: bool, test: &str, folder: &Path) -> bool {
    let shell: &[&str] = if unshare { &["unshare", "-Urm", "sh", "-c"] } else { &["sh", "-c"] };
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(line).arg("sh").arg(std::env::current_exe().expect("this binary"));
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    let Ok(output) = command.output() else { return false };
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() || !text.contains("running 1 test"), "{text}");
    output.status.success()
}

/// Fills the device that the file lies on, makes room again, and looks that nothing was lost.
fn fill(path: &PathBuf, make_room: impl FnOnce()) {
    let store = open(path);
    let block = vec![7; 10_000];
    let mut put = 0;
    let full = loop {
        store.put(key(1, put * HOUR, 1), &block);
        say(&store, &put.to_string(), NOW + put);
        put += 1;
        if let Err(error) = store.flush(NOW) {
            break error;
        }
        assert!(put < 10_000, "it is never full");
    };
    assert_eq!(full.kind(), Kind::Full, "{full}");
    // It can still be read, file and memory, and goes on.
    for _ in 0..10 {
        store.put(key(1, put * HOUR, 1), &block);
        say(&store, &put.to_string(), NOW + put);
        put += 1;
        assert_eq!(store.flush(NOW + 30_000 * put).expect_err("still full").kind(), Kind::Full);
    }
    let all = |store: &Store| {
        assert_eq!(
            blocks(store, 1, 1).into_iter().map(|(start, _)| start / HOUR).collect::<Vec<_>>(),
            (0..put).collect::<Vec<_>>()
        );
        assert_eq!(notes(store), (0..put).map(|n| n.to_string()).collect::<Vec<_>>());
    };
    all(&store);
    let status = store.status();
    assert_eq!((trouble(&status), status.open), (Some(Kind::Full), true));
    assert!(status.pending_bytes > 100_000 && status.set_aside.is_empty() && status.lost == Default::default());

    make_room();
    store.flush(NOW + 30_000 * (put + 1)).expect("there is room");
    assert_eq!((trouble(&store.status()), store.status().pending_bytes), (None, 0));
    all(&store);
    store.close(NOW).expect("a sound file");
    all(&open(path));
}

#[test]
fn full_device_child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let ballast = folder.join("ballast");
    fs::write(&ballast, vec![1; 1 << 20]).expect("room for a ballast");
    fill(&folder.join("history.bw"), || fs::remove_file(&ballast).expect("the ballast"));
}

#[test]
fn a_full_device_loses_nothing() {
    let (folder, _) = place();
    let line = format!("mount -t tmpfs -o size=3m none '{}' && exec \"$@\"", folder.path().display());
    if !in_shell(&line, true, "file::trouble::full_device_child", folder.path()) {
        eprintln!("skipped: this system lets nobody mount a small device");
    }
}

#[test]
fn full_quota_child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    fill(&folder.join("history.bw"), || {
        let own = std::process::id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &own, "--fsize=unlimited"]).status();
        assert!(raised.is_ok_and(|status| status.success()), "the limit is raised");
    });
}

#[test]
fn a_full_quota_loses_nothing() {
    let (folder, _) = place();
    let line = "command -v prlimit >/dev/null && trap '' XFSZ && ulimit -S -f 1000 && exec \"$@\"";
    if !in_shell(line, false, "file::trouble::full_quota_child", folder.path()) {
        eprintln!("skipped: this system has no limits to set");
    }
}

#[test]
fn read_only_child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let remount = |how: &str| {
        let done = Command::new("mount").args(["-o", how]).arg(&folder).status();
        assert!(done.is_ok_and(|status| status.success()), "{how}");
    };
    let path = folder.join("history.bw");
    let store = open(&path);
    say(&store, "before", NOW);
    store.close(NOW).expect("a new file");
    remount("remount,ro");
    let store = open(&path);
    assert_eq!(trouble(&store.status()), Some(Kind::Denied));
    say(&store, "meanwhile", NOW + 1);
    assert_eq!(store.flush(NOW + 60_000).expect_err("still read-only").kind(), Kind::Denied);
    assert_eq!(notes(&store), ["meanwhile"]);
    assert_eq!(trouble(&open(&folder.join("other.bw")).status()), Some(Kind::Denied));
    remount("remount,rw");
    store.flush(NOW + 120_000).expect("it may be written");
    assert_eq!(notes(&store), ["before", "meanwhile"]);
}

#[test]
fn a_read_only_device_loses_nothing() {
    let (folder, _) = place();
    let line = format!("mount -t tmpfs -o size=3m none '{}' && exec \"$@\"", folder.path().display());
    if !in_shell(&line, true, "file::trouble::read_only_child", folder.path()) {
        eprintln!("skipped: this system lets nobody mount a small device");
    }
}
