//! A file that is not as it was left: the store opens, works, tells, and keeps what was there.

use super::{HOUR, NOW, Note, key, note, open, place};
use bellwether_history::file::{BlockKey, Kind, Limits, Options, Query, Store};
use std::fs;
use std::path::{Path, PathBuf};

/// How many changes of each kind are tried.
const TIMES: usize = 40;

const SERIES: u32 = 40;

fn block(key: BlockKey) -> Vec<u8> {
    [key.series as u8 ^ key.tier, (key.start / HOUR) as u8].repeat(20 + key.series as usize * 3)
}

fn keys() -> impl Iterator<Item = BlockKey> {
    (0..12).flat_map(|slot| (0..SERIES).map(move |series| key(1, slot * HOUR, series)))
}

/// A sound file with something of everything, some of it removed.
pub(super) fn sound() -> Vec<u8> {
    let (_folder, path) = place();
    let store = open(&path);
    for chunk in keys().collect::<Vec<_>>().chunks(SERIES as usize * 3) {
        for key in chunk {
            store.put(*key, &block(*key));
            store.describe(key.series, key.series.to_string());
            store.put(BlockKey { tier: 2, ..*key }, &[1; 50]);
        }
        let log = store.log(Limits::default().bytes(6_000));
        for n in 0..40 {
            log.append(&note(n.to_string()), NOW).expect("a small one");
        }
        store.flush(NOW).expect("a new file");
    }
    store.close(NOW).expect("a sound file");
    fs::read(&path).expect("a file")
}

/// What reading everything gives: how many rows, or nothing if it cannot be read. What is read is true.
fn read(store: &Store) -> Option<usize> {
    let reading = store.read().ok()?;
    let mut rows = 0;
    for row in reading.scan(1, i64::MIN..i64::MAX) {
        let (key, bytes) = row.ok()?;
        assert_eq!(*bytes, *block(key), "{key:?}");
        rows += 1;
    }
    for (id, text) in reading.series().ok()? {
        assert_eq!(*text, *id.to_string().into_bytes());
        rows += 1;
    }
    for series in [0, SERIES / 2] {
        for (start, bytes) in reading.blocks(1, series, i64::MIN..i64::MAX).ok()? {
            assert_eq!(*bytes, *block(key(1, start, series)));
        }
    }
    let page = reading.page::<Note>(&Query::newest().limit(1000)).ok()?;
    assert!(page.entries.iter().all(|entry| entry.record.0.parse::<u8>().is_ok()));
    Some(rows + page.entries.len())
}

/// Opens a file of these bytes, uses it, and looks at what became of it. Gives what was found wrong with it.
#[track_caller]
pub(super) fn check(bytes: &[u8], what: &str) -> Option<Kind> {
    let (_folder, path) = place();
    fs::write(&path, bytes).expect("a file");
    let store = open(&path);
    read(&store);
    // Whatever a reader ran into, the next flush takes care of; then all can be written and read.
    let first = key(1, 0, 0);
    for _ in 0..3 {
        store.put(first, &block(first));
        store.log(Limits::default()).append(&note("7"), NOW).expect("a small one");
        store.flush(NOW).ok();
        read(&store);
    }
    let status = store.status();
    if let Some(trouble) = status.trouble {
        // Only what is not ours stays where it is, as it is.
        assert!(matches!(trouble.error.kind(), Kind::Foreign | Kind::Newer), "{what}: {trouble:?}");
        assert!(status.set_aside.is_empty(), "{what}");
        assert_eq!(fs::read(&path).expect("the file"), bytes, "{what}");
        assert_eq!(read(&store), Some(1 + 3), "{what}: memory stands in");
        return Some(trouble.error.kind());
    }
    assert!(read(&store).is_some_and(|rows| rows >= 3), "{what}");
    let kind = status.damage.map(|error| error.kind());
    assert_eq!(kind.is_some(), status.set_aside.len() == 1, "{what}");
    // Closing may find what nobody looked at before.
    let found = store.close(NOW).err().map(|error| error.kind());
    assert!(found.is_none_or(|kind| kind == Kind::Damaged), "{what}: {found:?}");
    drop(store);
    let store = open(&path);
    let again = store.status();
    assert_eq!(again.trouble, None, "{what}");
    assert!(read(&store).is_some_and(|rows| rows >= 3 || again.damage.is_some()), "{what}");
    kind
}

/// `times` whole numbers below `end`, spread evenly, the first and the last ones among them.
fn spread(end: usize, times: usize) -> impl Iterator<Item = usize> {
    let edge = 100.min(times / 4);
    (0..edge).chain((0..times).map(move |n| n * end / times)).chain(end - edge..end)
}

#[test]
fn sound_bytes_are_sound() {
    assert_eq!(check(&sound(), "as it was"), None);
}

#[test]
fn cut_off_anywhere() {
    let sound = sound();
    for length in spread(sound.len(), TIMES) {
        let kind = check(&sound[..length], &format!("cut off at {length}"));
        assert_eq!(kind, (length > 0).then_some(Kind::Damaged), "cut off at {length}");
    }
}

#[test]
fn bits_turned_anywhere() {
    let sound = sound();
    let (mut told, mut all) = (0, 0);
    for at in spread(sound.len(), TIMES * 2) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        told += usize::from(check(&bytes, &format!("a bit turned at {at}")).is_some());
        all += 1;
    }
    assert!(told > 0, "{told} of {all}");
}

#[test]
fn pages_wiped_or_swapped() {
    let sound = sound();
    let pages = sound.len() / 4096;
    for page in spread(pages, pages.min(TIMES)) {
        let range = page * 4096..(page + 1) * 4096;
        for byte in [0, 0xFF] {
            let mut bytes = sound.clone();
            bytes[range.clone()].fill(byte);
            check(&bytes, &format!("page {page} filled with {byte}"));
        }
        let mut bytes = sound.clone();
        bytes.copy_within(range, (page * 7 + 3) % pages * 4096);
        check(&bytes, &format!("page {page} in another place"));
    }
}

#[test]
fn what_is_not_ours_is_left_alone() {
    for bytes in [&b"SQLite format 3\0............"[..], b"[history]\nkeep = 1\n", b"x", &[0xFF; 9000]] {
        assert_eq!(check(bytes, "another format"), Some(Kind::Foreign));
    }
    let (_folder, path) = place();
    redb::Database::create(&path).expect("a database of somebody");
    let store = open(&path);
    assert_eq!(store.status().trouble.map(|trouble| trouble.error.kind()), Some(Kind::Foreign));
    assert!(path.exists() && store.status().set_aside.is_empty());
}

#[test]
fn a_newer_version_is_left_alone_and_told() {
    let (_folder, path) = place();
    fs::write(&path, sound()).expect("a file");
    let database = redb::Database::open(&path).expect("a database");
    let txn = database.begin_write().expect("a transaction");
    let meta = redb::TableDefinition::<&str, u64>::new("meta");
    txn.open_table(meta).expect("a table").insert("bellwether history", 2).expect("a row");
    txn.commit().expect("a sound file");
    drop(database);
    let said = said(&path);
    let said = said.replace(&path.display().to_string(), "PATH");
    insta::assert_snapshot!(said, @"cannot read PATH: its format is 2, and this version knows formats up to 1; start the newer version again, or move the file away; it is left as it is");
    assert_eq!(check(&fs::read(&path).expect("a file"), "newer"), Some(Kind::Newer));
}

/// The trouble that a store has with a file.
fn said(path: &Path) -> String {
    open(&path.to_owned()).status().trouble.map(|trouble| trouble.error.to_string()).unwrap_or_default()
}

#[test]
fn nothing_is_taken_for_something_to_begin_with() {
    assert_eq!(check(b"", "an empty file"), None);
    assert_eq!(check(&[0; 100_000], "zeros"), Some(Kind::Damaged));
}

#[test]
fn not_more_than_three_are_set_aside() {
    let (folder, path) = place();
    let mut damaged = sound();
    damaged.truncate(9000);
    for n in 1..=5_usize {
        fs::write(&path, &damaged).expect("a file");
        let store = open(&path);
        let status = store.status();
        assert_eq!(status.set_aside.len(), n.min(3));
        assert_eq!((status.trouble.is_some(), status.open), (n > 3, n <= 3));
        let first = key(1, 0, 0);
        store.put(first, &block(first));
        assert_eq!(store.flush(NOW).is_ok(), n <= 3);
        assert_eq!(read(&store), Some(1));
    }
    let said = said(&path).replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(said, @"cannot set aside FOLDER/history.bw: it is damaged, and 3 damaged files are kept beside it already; move those away; it is tried again");
    assert_eq!(fs::read(&path).expect("it is still there"), damaged);
    let names: Vec<PathBuf> = (1..=3).map(|n| folder.path().join(format!("history.bw.damaged-{n}"))).collect();
    assert!(names.iter().all(|name| fs::read(name).is_ok_and(|bytes| bytes == damaged)));

    // Whoever looked at them and took one away has made room.
    let store = open(&path);
    fs::remove_file(&names[1]).expect("a file");
    store.flush(NOW + 60_000).expect("a fresh file");
    assert_eq!(store.status().set_aside, names);
}

/// Changes a byte of these texts, wherever they are in a file.
fn change(path: &Path, texts: &[&[u8]]) {
    let mut bytes = fs::read(path).expect("a file");
    for text in texts {
        let all = bytes.windows(text.len()).enumerate().filter(|(_, part)| part == text).map(|(at, _)| at);
        for at in all.collect::<Vec<_>>() {
            bytes[at] ^= 1;
        }
    }
    fs::write(path, bytes).expect("a file");
}

#[test]
fn what_is_sound_in_a_damaged_file_is_taken_over() {
    let (_folder, path) = place();
    let store = open(&path);
    store.put(key(1, 0, 1), b"the bytes of a block");
    store.put(key(1, 0, 2), b"those of another one");
    store.put(key(7, 5, 2), b"of another tier");
    store.describe(1, "a series");
    let log = store.log(Limits::default());
    log.append(&note("12345678"), NOW).expect("a small one");
    let last = log.append(&note("87654321"), NOW).expect("a small one");
    store.close(NOW).expect("a sound file");
    change(&path, &[b"the bytes of a block", b"12345678"]);

    let store = open(&path);
    let status = store.status();
    assert_eq!((status.set_aside.len(), status.salvaged_rows, status.damaged_rows), (1, 4, 0));
    assert_eq!((status.trouble, status.damage.map(|error| error.kind())), (None, Some(Kind::Damaged)));
    let look = |store: &Store| {
        let reading = store.read().expect("a sound file");
        let tier = |tier| reading.scan(tier, i64::MIN..i64::MAX).map(|row| row.expect("a sound file").0);
        assert_eq!(tier(1).chain(tier(7)).collect::<Vec<_>>(), [key(1, 0, 2), key(7, 5, 2)]);
        assert_eq!(*reading.series().expect("a sound file")[&1], *b"a series");
        let page = reading.page::<Note>(&Query::oldest()).expect("a sound file");
        assert_eq!((page.entries[0].id, page.entries[0].record.0.as_str(), page.damaged), (last, "87654321", 0));
    };
    look(&store);
    // It goes on where it was, and is a file like any other.
    assert_eq!(store.log(Limits::default()).append(&note("1"), NOW).expect("a small one"), last + 1);
    store.flush(NOW).expect("a sound file");
    look(&store);
    assert!(store.status().stored_bytes > 0);
    store.close(NOW).expect("a sound file");
    drop(store);
    let store = open(&path);
    look(&store);
    let status = store.status();
    assert_eq!((status.trouble, status.damage, status.salvaged_rows), (None, None, 0));
}

/// A file that is checked as it is opened may be damaged later, and a large one is not checked.
#[test]
fn one_wrong_row_is_skipped_and_counted() {
    let (_folder, path) = place();
    let store = open(&path);
    store.put(key(1, 0, 1), b"the bytes of a block");
    store.put(key(1, 0, 2), b"those of another one");
    let log = store.log(Limits::default());
    log.append(&note("12345678"), NOW).expect("a small one");
    log.append(&note("87654321"), NOW).expect("a small one");
    store.close(NOW).expect("a sound file");
    drop(store);

    let store = Store::open(Options::new(&path).cache(0), NOW);
    change(&path, &[b"the bytes of a block", b"12345678"]);
    let reading = store.read().expect("a sound file");
    let found: Vec<_> = reading.scan(1, 0..1).map(|row| row.expect("a sound file").0).collect();
    assert_eq!(found, [key(1, 0, 2)]);
    assert_eq!(reading.blocks(1, 1, 0..1).expect("a sound file"), []);
    let page = reading.page::<Note>(&Query::oldest()).expect("a sound file");
    assert_eq!((page.entries.len(), page.damaged, page.newer), (1, 1, 0));
    assert_eq!(store.status().damaged_rows, 3);
    assert_eq!(store.status().trouble, None);
}

/// A key that says less than the one before it leads whoever looks for a later one back to it.
#[test]
fn a_damaged_key_hides_no_other_row() {
    let (_folder, path) = place();
    fs::write(&path, sound()).expect("a file");
    let store = Store::open(Options::new(&path).cache(0), NOW);
    let mut bytes = fs::read(&path).expect("a file");
    let wrong = [(5 * HOUR).to_le_bytes().as_slice(), &7_u32.to_le_bytes()].concat();
    let all = bytes.windows(wrong.len()).enumerate().filter(|(_, part)| *part == wrong).map(|(at, _)| at);
    for at in all.collect::<Vec<_>>() {
        bytes[at..at + 8].fill(0);
    }
    fs::write(&path, bytes).expect("a file");
    let reading = store.read().expect("a sound file");
    let starts = |series| {
        let blocks = reading.blocks(1, series, i64::MIN..i64::MAX).expect("a sound file");
        blocks.into_iter().map(|(start, _)| start / HOUR).collect::<Vec<_>>()
    };
    assert_eq!(starts(7), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    assert_eq!(starts(8), (0..12).collect::<Vec<_>>());
    assert_eq!(reading.scan(1, i64::MIN..i64::MAX).count(), 12 * SERIES as usize - 1);
}

/// A file whose numbers about itself are wrong, as if bits of them had turned.
#[test]
fn wrong_numbers_are_counted_again() {
    for wrong in [0, 1 << 50, u64::MAX] {
        let (_folder, path) = place();
        fs::write(&path, sound()).expect("a file");
        let rows = read(&open(&path));
        let database = redb::Database::open(&path).expect("a database");
        let txn = database.begin_write().expect("a transaction");
        let tiers = redb::TableDefinition::<u8, (u64, u32)>::new("tiers");
        txn.open_table(tiers).expect("a table").insert(1, (wrong, 7)).expect("a row");
        let logs = redb::TableDefinition::<&str, (u64, u64, u32)>::new("logs");
        txn.open_table(logs).expect("a table").insert("notes", (wrong, wrong, 7)).expect("a row");
        txn.commit().expect("a sound file");
        drop(database);

        let store = open(&path);
        let log = store.log(Limits::default());
        let newest = |store: &Store| {
            let page = store.log::<Note>(Limits::default()).page(&Query::newest().limit(1)).expect("a sound file");
            page.entries[0].id
        };
        let before = newest(&store);
        assert_eq!(log.append(&note("1"), 0).expect("a small one"), before + 1);
        assert_eq!(store.flush(NOW).expect("a sound file").removed, 0);
        assert_eq!((read(&store), newest(&store)), (rows.map(|rows| rows + 1), before + 1));
        let status = store.status();
        assert_eq!((status.trouble, status.damage), (None, None));
        assert!((50_000..1 << 20).contains(&status.stored_bytes), "{} bytes", status.stored_bytes);
    }
}
