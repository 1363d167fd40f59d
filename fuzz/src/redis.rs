//! What a Redis answers, of any bytes: never a panic, the same in pieces of any size, and well only by the very word.
#![no_main]

#[path = "../../crates/bellwether-dependency/src/probe/redis/answer/mod.rs"]
mod answer;
mod cascade {
    pub use bellwether_dependency::Failure;
}
mod fault {
    pub use bellwether_dependency::{Fault, Retry};
}

use answer::Answer;
use fault::Fault;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, bytes)) = input.split_first() else { return };
    let found = read(bytes, bytes.len().max(1));
    assert_eq!(read(bytes, usize::from(size).max(1)), found);
    assert_eq!(found == Ok(true), bytes.starts_with(b"+PONG\r\n"));
});

/// Whether it is the answer to a `PING`; not yet, if the line is not whole.
fn read(bytes: &[u8], size: usize) -> Result<bool, Fault> {
    let mut answer = Answer::default();
    for piece in bytes.chunks(size) {
        if answer.take(piece)? {
            return answer.expect(b"+PONG").map(|()| true);
        }
    }
    Ok(false)
}
