//! History's file with any bytes in it, or with any change to sound ones: it is opened, used, and begun anew if need be.
#![no_main]

mod pieces {
    pub mod draw;
}

use bellwether_history::file::{BlockKey, Kind, Limits, Options, Query, Record, Store, Undecodable};
use libfuzzer_sys::fuzz_target;
use pieces::draw::Draw;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder of this process, and a sound file with something of everything in it.
static PLACE: OnceLock<(PathBuf, Vec<u8>)> = OnceLock::new();

struct Note;

impl Record for Note {
    const LOG: &'static str = "notes";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"a note");
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        if bytes == b"a note" { Ok(Self) } else { Err(Undecodable) }
    }
}

fuzz_target!(
    init: {
        // redb panics on what makes no sense, and that is contained: only a panic that gets out is a failure.
        drop(std::panic::take_hook());
        std::panic::set_hook(Box::new(|_| {}));
    },
    |input: &[u8]| {
        let (folder, sound) = PLACE.get_or_init(place);
        let path = folder.join("history.bw");
        fs::write(&path, changed(sound, input)).expect("a file");
        check(&path);
        for file in fs::read_dir(folder).expect("a folder").flatten() {
            fs::remove_file(file.path()).expect("a file of ours");
        }
    }
);

fn place() -> (PathBuf, Vec<u8>) {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = parent.join(format!("bellwether-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("sound.bw");
    let store = open(&path);
    for start in 0..6 {
        for series in 0..20 {
            store.put(BlockKey { tier: 1, start, series }, &block(series));
            store.put(BlockKey { tier: 2, start, series }, &[2]);
            store.describe(series, b"a series");
            append(&store);
        }
        store.flush(0).expect("a new file");
    }
    store.close(0).expect("a sound file");
    let sound = fs::read(&path).expect("a file");
    fs::remove_file(&path).expect("a file");
    (folder, sound)
}

fn open(path: &Path) -> Store {
    Store::open(Options::new(path).cache(1 << 20).max_bytes(1 << 20), 0)
}

fn append(store: &Store) {
    store.log(Limits::default().bytes(2_000)).append(&Note, 0).expect("a small one");
}

fn block(series: u32) -> Vec<u8> {
    vec![series as u8; 30 + 10 * series as usize]
}

/// Bytes as they are, or a sound file with changes of some kinds.
fn changed(sound: &[u8], input: &[u8]) -> Vec<u8> {
    let mut draw = Draw(input);
    if draw.byte() % 16 == 0 {
        return draw.0.to_vec();
    }
    let mut bytes = sound.to_vec();
    while !draw.is_empty() && !bytes.is_empty() {
        let place = |draw: &mut Draw<'_>| {
            // The headers are small and matter much.
            let within = if draw.byte() % 2 == 0 { 400.min(bytes.len()) } else { bytes.len() };
            draw.number() as usize % within
        };
        let at = place(&mut draw);
        match draw.byte() % 8 {
            0 => bytes.truncate(at),
            1 => {
                let (from, to) = (at / 4096 * 4096, place(&mut draw) / 4096 * 4096);
                let length = 4096.min(bytes.len() - from.max(to));
                bytes.copy_within(from..from + length, to);
            }
            2 => {
                let (end, byte) = ((at + draw.number() as usize % 8192).min(bytes.len()), draw.byte());
                bytes[at..end].fill(byte);
            }
            3..6 => bytes[at] = draw.byte(),
            _ => bytes[at] ^= 1 << (draw.byte() % 8),
        }
    }
    bytes
}

fn check(path: &Path) {
    let store = open(path);
    read(&store);
    for _ in 0..3 {
        store.put(BlockKey { tier: 1, start: 7, series: 3 }, &block(3));
        append(&store);
        store.flush(0).ok();
        read(&store);
    }
    let status = store.status();
    match status.trouble.map(|trouble| trouble.error) {
        None => assert!(status.open),
        Some(error) => assert!(matches!(error.kind(), Kind::Foreign | Kind::Newer), "{error}"),
    }
    assert!(read(&store), "what is put last is there");
}

/// Reads all there is; what is read is true. Gives whether the last block is there.
fn read(store: &Store) -> bool {
    let Ok(reading) = store.read() else { return false };
    for row in reading.scan(1, i64::MIN..i64::MAX) {
        let Ok((key, bytes)) = row else { return false };
        assert_eq!(*bytes, *block(key.series));
    }
    let (_, _, page) = (reading.series(), reading.extent(2), reading.page::<Note>(&Query::newest()));
    if let Ok(page) = page {
        assert!(page.entries.windows(2).all(|pair| pair[0].id > pair[1].id) && page.newer == 0);
    }
    let last = reading.blocks(1, 3, 7..8);
    last.is_ok_and(|blocks| blocks.len() == 1)
}
