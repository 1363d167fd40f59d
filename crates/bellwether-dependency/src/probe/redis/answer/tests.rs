//! Answers in pieces of any size, and lines that are none.

use super::{Answer, MAX_LINE};
use crate::cascade::Failure;
use crate::fault::Retry;

/// What is made of these bytes, in pieces of so many: the class of the fault, `None` being the answer to a `PING`; or that the
/// line is not whole.
fn check(bytes: &[u8], expect: Result<Option<Failure>, &str>) {
    for size in [1, 2, 3, 64, bytes.len().max(1)] {
        let (mut answer, mut whole) = (Answer::default(), Ok(false));
        for piece in bytes.chunks(size) {
            whole = answer.take(piece);
            if whole != Ok(false) {
                break;
            }
        }
        let found = match whole {
            Ok(false) => Err("more is to come"),
            Ok(true) => Ok(answer.expect(b"+PONG").err().map(|fault| fault.failure)),
            Err(fault) => Ok(Some(fault.failure)),
        };
        assert_eq!(found, expect, "{:?} by {size}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn lines() {
    check(b"+PONG\r\n", Ok(None));
    check(b"+PONG\r\n+OK\r\n", Ok(None));
    check(b"+PONG", Err("more is to come"));
    check(b"+PONG\r", Err("more is to come"));
    check(b"+PONG\n", Err("more is to come"));
    check(b"", Err("more is to come"));
    check(b"\r\n", Ok(Some(Failure::Decode)));
    check(b"+OK\r\n", Ok(Some(Failure::Decode)));
    check(b"HTTP/1.1 400 Bad Request\r\n", Ok(Some(Failure::Decode)));
    check(b"-NOAUTH Authentication required.\r\n", Ok(Some(Failure::Auth)));
    check(b"-NOAUTHOR\r\n", Ok(Some(Failure::Upstream)));
    check(b"-ERR unknown command\r\n", Ok(Some(Failure::Upstream)));
}

#[test]
fn the_longest() {
    let line = |bytes: usize| [&b"-"[..], &vec![b'x'; bytes - 1], b"\r\n"].concat();
    check(&line(MAX_LINE), Ok(Some(Failure::Upstream)));
    check(&line(MAX_LINE + 1), Ok(Some(Failure::Decode)));
    check(&vec![b'x'; MAX_LINE + 1], Err("more is to come"));
    check(&vec![b'x'; MAX_LINE + 2], Ok(Some(Failure::Decode)));
}

#[test]
fn one_that_is_loading_will_be_there() {
    let mut answer = Answer::default();
    assert_eq!(answer.take(b"-LOADING Redis is loading the dataset in memory\r\n"), Ok(true));
    assert_eq!(answer.expect(b"+PONG").unwrap_err().retry, Retry::AfterPause);
}
