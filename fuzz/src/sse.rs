//! A body of any bytes: never a panic, the same in chunks of any size, and no error where no object is.
#![no_main]

use bellwether_breaker::sse::{Ending, Frame, Scanner, Usage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, body)) = input.split_first() else { return };
    let whole = scan(body, body.len().max(1));
    assert_eq!(scan(body, usize::from(size).max(1)), whole);

    // One event of one line: what is not JSON is not taken for any.
    let event = [b"data: ", body, b"\n\n"].concat();
    let one_line = !body.contains(&b'\n') && !body.contains(&b'\r');
    if let ([Frame::Failed(_)], true) = (&*scan(&event, event.len()).0, one_line) {
        assert!(body.trim_ascii_start().starts_with(b"{") && body.trim_ascii_end().ends_with(b"}"));
    }
});

fn scan(body: &[u8], size: usize) -> (Vec<Frame>, Ending, Usage, Option<String>) {
    let (mut scanner, mut frames) = (Scanner::new(), Vec::new());
    body.chunks(size).for_each(|chunk| scanner.feed(chunk, |frame| frames.push(frame)));
    (frames, scanner.ending(), scanner.usage(), scanner.model().map(str::to_owned))
}
