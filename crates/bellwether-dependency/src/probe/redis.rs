//! Whether a Redis answers a `PING`: its protocol by hand, so that no client is built for six bytes.

mod answer;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bellwether_core::{Clock, Instant};

use super::{Probe, blocking, tcp};
use crate::fault::Fault;
use answer::Answer;

/// No thread is left behind for longer, whatever the time limit of the probe.
const LIMIT: Duration = Duration::from_secs(5);

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
    fn ask(&mut self, command: &[u8], expected: &[u8]) -> Result<(), Fault> {
        self.say(command).map_err(|error| Fault::of(&error))?;
        let mut answer = Answer::default();
        let mut bytes = [0; 64];
        loop {
            let read = self.hear(&mut bytes).map_err(|error| Fault::of(&error))?;
            if answer.take(bytes.get(..read).unwrap_or_default())? {
                return answer.expect(expected);
            }
        }
    }

    fn say(&mut self, command: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write_all(command)
    }

    fn hear(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        let read = self.stream.read(bytes)?;
        if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
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
