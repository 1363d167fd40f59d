//! Whether a Redis answers a `PING`: its protocol by hand, so that no client is built for six bytes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bellwether_core::{Clock, Instant};

use super::{Probe, blocking, tcp};
use crate::cascade::Failure;
use crate::fault::{Fault, Retry};

/// No thread is left behind for longer, whatever the time limit of the probe.
const LIMIT: Duration = Duration::from_secs(5);
/// A line of an answer; those of errors are short.
const MAX_LINE: usize = 512;

pub(super) fn probe(address: &str, login: Option<(&str, &str)>) -> Probe {
    let address = address.to_owned();
    let login = login.map(|(user, password)| command(&["AUTH", user, password]));
    blocking::probe(move || {
        let clock = Clock::system();
        let until = clock.now().after(LIMIT);
        let stream = tcp::connect(&address, LIMIT)?;
        let mut redis = Redis { stream, clock, until };
        login.as_ref().map_or(Ok(()), |login| redis.ask(login, b"+OK"))?;
        redis.ask(&command(&["PING"]), b"+PONG")
    })
}

/// A connection that does not last.
struct Redis {
    stream: TcpStream,
    clock: Clock,
    until: Instant,
}

impl Redis {
    fn ask(&mut self, command: &[u8], expect: &[u8]) -> Result<(), Fault> {
        let answer = self.say(command).map_err(|error| Fault::of(&error))?;
        if answer == expect { Ok(()) } else { Err(of_answer(&answer)) }
    }

    /// The first line of the answer.
    fn say(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write_all(command)?;
        let mut line = Vec::new();
        loop {
            let mut bytes = [0; 64];
            self.stream.set_read_timeout(Some(self.left()?))?;
            let read = self.stream.read(&mut bytes)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.extend(bytes.iter().take(read));
            if let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") {
                line.truncate(end);
                return Ok(line);
            }
            if MAX_LINE < line.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Somebody who sends a byte now and then does not get more.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.since(self.clock.now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// A command as an array of bulk strings. Source: the Redis serialization protocol (RESP), version 2.
fn command(words: &[&str]) -> Vec<u8> {
    let word = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    format!("*{}\r\n{}", words.len(), words.iter().map(word).collect::<String>()).into_bytes()
}

/// The class of an error, by its first word, which is its type.
fn of_answer(line: &[u8]) -> Fault {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    Fault::new(match word {
        b"-NOAUTH" | b"-WRONGPASS" | b"-NOPERM" | b"-DENIED" => Failure::Auth,
        b"-LOADING" | b"-BUSY" | b"-MASTERDOWN" | b"-CLUSTERDOWN" | b"-TRYAGAIN" => {
            return Fault::new(Failure::Upstream).retry(Retry::AfterPause);
        }
        [b'-', ..] => Failure::Upstream,
        _ => Failure::Decode,
    })
}
