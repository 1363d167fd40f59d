//! The command line.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
A voice service with its own upstreams, its own traffic and a scripted day of trouble.

Usage: voice [OPTIONS]

  --port N        listen on 127.0.0.1:N (8080; 0 takes any free port)
  --config PATH   settings and objectives (the demo's own bellwether.toml)
  --history PATH  a file for what happened, to be there after the next start (only in memory)
  --day SECONDS   how long a day lasts (300)
  --days N        after so many there is no more traffic (it goes on)
  --seed N        of traffic and latencies (1)
  --no-traffic    no traffic and no trouble: the service alone
  --quiet         do not tell the day of trouble
  --help          this text

Environment:
  DATABASE_URL     sqlite:PATH or postgres://USER@HOST/NAME (an SQLite file among the temporary files)
  OPENAI_API_KEY   talk to the real provider, at OPENAI_BASE_URL if that is set (servers on loopback)
  OPENAI_BATCH_API_KEY  the key for customers on trial, with a quota and a breaker of its own (OPENAI_API_KEY)

Built with --features otlp,log, it also heeds OTEL_EXPORTER_OTLP_ENDPOINT and BELLWETHER_LOG_LAYOUT.";

/// The settings of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// The port of the service; 0 takes any.
    pub port: u16,
    /// Where settings and objectives are; the demo's own by default.
    pub config: Option<PathBuf>,
    /// Where history is kept; only in memory by default.
    pub history: Option<PathBuf>,
    /// How long a day of the demo lasts.
    pub day: Duration,
    /// After how many days there is no more traffic; never by default.
    pub days: Option<u32>,
    /// Where traffic and latencies start from.
    pub seed: u64,
    /// Whether the demo visits itself.
    pub traffic: bool,
    /// Whether the day of trouble is told.
    pub quiet: bool,
}

impl Default for Args {
    fn default() -> Self {
        let day = Duration::from_secs(300);
        Self { port: 8080, config: None, history: None, day, days: None, seed: 1, traffic: true, quiet: false }
    }
}

impl Args {
    /// Reads the arguments (without the program's name); `None` asks for the help text.
    pub fn parse<I>(arguments: I) -> Result<Option<Self>, lexopt::Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("port") => args.port = parser.value()?.parse()?,
                Long("config") => args.config = Some(parser.value()?.into()),
                Long("history") => args.history = Some(parser.value()?.into()),
                Long("day") => args.day = parser.value()?.parse_with(day)?,
                Long("days") => args.days = Some(parser.value()?.parse()?),
                Long("seed") => args.seed = parser.value()?.parse()?,
                Long("no-traffic") => args.traffic = false,
                Long("quiet") => args.quiet = true,
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(Some(args))
    }
}

fn day(seconds: &str) -> Result<Duration, &'static str> {
    match seconds.parse() {
        Ok(seconds @ 10..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => Err("a day lasts 10 to 86400 seconds"),
    }
}
