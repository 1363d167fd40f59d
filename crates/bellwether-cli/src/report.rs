//! `bellwether report`: the compliance report of a day, week, month, quarter or year.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bellwether::Config;
use bellwether_core::{Clock, Registry};
use bellwether_history::{History, Options};
use bellwether_slo::report::{self, Outcome};
use bellwether_slo::{Calendar, Remembered, Unit, Zone};
use clap::{Args, ValueEnum};

use crate::ask::ask;

/// Writes the compliance report of a unit of the calendar.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("time").required(true), group = clap::ArgGroup::new("source").required(true))]
pub(crate) struct Report {
    /// A day, such as 2026-10-05.
    #[arg(long, group = "time", value_name = "DAY")]
    day: Option<String>,
    /// An ISO week, such as 2026-W41.
    #[arg(long, group = "time", value_name = "WEEK")]
    week: Option<String>,
    /// A month, such as 2026-10.
    #[arg(long, group = "time", value_name = "MONTH")]
    month: Option<String>,
    /// A quarter, such as 2026-Q4.
    #[arg(long, group = "time", value_name = "QUARTER")]
    quarter: Option<String>,
    /// A year, such as 2026.
    #[arg(long, group = "time", value_name = "YEAR")]
    year: Option<String>,
    /// The service, where /metrics of it is: http://127.0.0.1:9464. Its token, if it has one, is read from BELLWETHER_TOKEN.
    #[arg(long, group = "source")]
    url: Option<String>,
    /// The file of history of a service that does not run.
    #[arg(long, group = "source", requires = "config")]
    history: Option<PathBuf>,
    /// Its bellwether.toml, which has the objectives.
    #[arg(long, requires = "history")]
    config: Option<PathBuf>,
    /// What the service is called, in a report that is made of a file.
    #[arg(long, default_value = "service", requires = "history")]
    service: String,
    /// Whose days they are; by custom what the service has in reports.zone, or UTC of a file.
    #[arg(long)]
    zone: Option<String>,
    /// How it is written; by custom what the name of the output ends with, or Markdown.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Where to; by custom the terminal.
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Ends with 2 if a promise was broken, and with 3 if it is not known whether one was.
    #[arg(long)]
    fail: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Html,
    Md,
    Csv,
    Json,
}

impl Report {
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        let format = self.format.unwrap_or_else(|| self.of_output());
        let (unit, name) = self.time()?;
        let (text, outcome) = match &self.url {
            Some(url) => self.asked(url, unit, name, format)?,
            None => self.made(unit, name, format)?,
        };
        match &self.output {
            Some(path) => std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?,
            // Whoever reads may have seen enough.
            None => {
                let mut out = std::io::stdout();
                match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(format!("the output: {error}")),
                    _ => {}
                }
            }
        }
        Ok(match outcome {
            Some(Outcome::Broken) if self.fail => ExitCode::from(2),
            Some(Outcome::Unknown) if self.fail => ExitCode::from(3),
            _ => ExitCode::SUCCESS,
        })
    }

    /// What the report is of.
    fn time(&self) -> Result<(Unit, &str), String> {
        let given = [
            (Unit::Day, &self.day),
            (Unit::Week, &self.week),
            (Unit::Month, &self.month),
            (Unit::Quarter, &self.quarter),
            (Unit::Year, &self.year),
        ];
        let given = given.into_iter().find_map(|(unit, name)| Some((unit, name.as_deref()?)));
        given.ok_or_else(|| "give a time, such as --month 2026-10".to_owned())
    }

    /// The zone that is asked for, if it is one.
    fn zone(&self) -> Result<Option<Zone>, String> {
        self.zone.as_deref().map(Zone::new).transpose().map_err(|error| error.to_string())
    }

    fn of_output(&self) -> Format {
        let end = self.output.as_ref().and_then(|path| path.extension()?.to_str());
        let known = end.and_then(|end| Format::from_str(end, true).ok());
        known.unwrap_or(Format::Md)
    }

    /// What the service says. Whether promises were kept is asked for only if it matters.
    fn asked(&self, url: &str, unit: Unit, name: &str, format: Format) -> Result<(String, Option<Outcome>), String> {
        // Told here what is no time at all, before anybody is asked.
        Calendar::new(unit, Zone::utc()).named(name).map_err(|error| error.to_string())?;
        let zone = self.zone()?.map_or_else(String::new, |zone| format!("&zone={}", zone.name().replace('+', "%2B")));
        let path = |format: &str| format!("/api/slo/report/{name}?format={format}{zone}");
        let word = match format {
            Format::Html => "html",
            Format::Md => "md",
            Format::Csv => "csv",
            Format::Json => "json",
        };
        let text = ask(url, &path(word))?;
        if !self.fail {
            return Ok((text, None));
        }
        let json = if format == Format::Json { text.clone() } else { ask(url, &path("json"))? };
        // At the top of the document, whose keys are two spaces in.
        let result = json.lines().find_map(|line| line.strip_prefix("  \"result\": \"")?.split('"').next());
        Ok((
            text,
            Some(match result {
                Some("kept") => Outcome::Kept,
                Some("broken") => Outcome::Broken,
                _ => Outcome::Unknown,
            }),
        ))
    }

    /// A report of what is in a file.
    fn made(&self, unit: Unit, name: &str, format: Format) -> Result<(String, Option<Outcome>), String> {
        let (Some(path), Some(config)) = (&self.history, &self.config) else {
            return Err("give --url, or --history and --config".to_owned());
        };
        let config = Config::read(config).map_err(|error| error.to_string())?;
        if config.objectives().is_empty() {
            return Err("the file given as --config has no objectives".to_owned());
        }
        // A file that is not there would be made.
        std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let clock = Clock::system();
        let history = History::open(path, Options::new(), clock.timestamp());
        if let Some(trouble) = history.status().file.trouble {
            return Err(format!("{}; if a service has it open, ask that by --url", trouble.error));
        }
        let calendar = Calendar::new(unit, self.zone()?.unwrap_or_else(Zone::utc));
        let over = calendar.named(name).map_err(|error| error.to_string())?;
        let remembered = Remembered::new(&history, &Registry::on(clock.clone()));
        let (mut slos, past) = (config.objectives().to_vec(), remembered.past());
        remembered.correct(&mut slos).map_err(|error| error.to_string())?;
        let report = report::Report::make(&*self.service, &slos, &past, &past, &calendar, over, clock.timestamp());
        let report = report.map_err(|error| error.to_string())?;
        let text = match format {
            Format::Html => report.html(),
            Format::Md => report.markdown(),
            Format::Csv => report.csv(),
            Format::Json => report.json(),
        };
        Ok((text, Some(report.outcome())))
    }
}
