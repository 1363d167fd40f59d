//! A JSON object in one piece, of any bytes: never a panic, the same in pieces of any size, and no number out of nothing.
#![no_main]

use bellwether_breaker::sse::{Ending, Fault, Message, Usage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, body)) = input.split_first() else { return };
    let whole = read(body, body.len().max(1));
    assert_eq!(read(body, usize::from(size).max(1)), whole);

    let (ending, _, usage, model) = whole;
    let body = body.trim_ascii();
    if !body.starts_with(b"{") || !body.ends_with(b"}") {
        assert!(usage.is_unknown() && model.is_none() && ending != Ending::Complete, "{ending:?} {usage:?}");
    }
    let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
    for count in [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning].into_iter().flatten()
    {
        // Sums may carry.
        assert!(count.to_string().len() <= digits + 2, "{count} out of {digits} digits");
    }
    assert!(model.is_none_or(|model| model.len() <= 64));
});

fn read(body: &[u8], size: usize) -> (Ending, Fault, Usage, Option<String>) {
    let mut message = Message::new();
    body.chunks(size).for_each(|piece| message.feed(piece));
    (message.ending(), message.fault(), message.usage(), message.model().map(str::to_owned))
}
