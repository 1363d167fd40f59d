//! `bellwether check`: whether files of settings and objectives would be accepted.

use std::path::PathBuf;
use std::process::ExitCode;

use bellwether::Config;
use bellwether_slo::format::{openslo, sloth};
use clap::Args;

/// Reads files as a service would, and says what is wrong: `bellwether.toml`, OpenSLO and sloth documents.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files that end in .toml, .yaml or .yml. OpenSLO documents may refer to each other.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// What is larger is no file of settings.
const MAX_BYTES: u64 = 4 << 20;

impl Check {
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        let mut wrong = false;
        let mut say = |result: Result<String, String>| match result {
            Ok(fine) => println!("{fine}"),
            Err(problems) => {
                wrong = true;
                eprintln!("{problems}");
            }
        };
        let mut documents: Vec<(String, String)> = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let text = match read(path) {
                Ok(text) => text,
                Err(error) => {
                    say(Err(format!("{name}: {error}")));
                    continue;
                }
            };
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("toml") => say(Config::parse(&text, &name)
                    .map(|config| format!("{name}: fine, with {}", objectives(config.objectives().len())))
                    .map_err(|error| error.to_string())),
                Some("yaml" | "yml") if text.contains("prometheus/v1") => say(sloth::read(&text, &name)
                    .map(|read| told(&name, &read))
                    .map_err(|problems| problems.to_string())),
                Some("yaml" | "yml") => documents.push((text, name)),
                _ => say(Err(format!("{name}: its name says not what it is; accepted are .toml, .yaml and .yml"))),
            }
        }
        if !documents.is_empty() {
            let names: Vec<&str> = documents.iter().map(|(_, name)| name.as_str()).collect();
            let read = openslo::read_all(documents.iter().map(|(text, name)| (name.as_str(), text.as_str())));
            say(read.map(|read| told(&names.join(", "), &read)).map_err(|problems| problems.to_string()));
        }
        Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// What was read, and what of it is not expressed here.
fn told(name: &str, read: &bellwether_slo::format::Objectives) -> String {
    let notes = read.notes.iter().map(|note| format!("\n  {note}"));
    format!("{name}: fine, with {}{}", objectives(read.slos.len()), notes.collect::<String>())
}

fn objectives(number: usize) -> String {
    if number == 1 { "1 objective".to_owned() } else { format!("{number} objectives") }
}

fn read(path: &PathBuf) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_BYTES {
        return Err("it has more than 4 MiB".to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
