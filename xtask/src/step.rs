//! Running other programs: each step says what it is, and a failed one says what to type to see it again.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where build output and installed tools go: cargo's target directory.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(set) => root().join(set),
        None => root().join("target"),
    }
}

/// The triple we build for: this machine's.
pub(crate) fn host() -> Result<String, String> {
    let text = Step::new("compiler version", "rustc -vV").output()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc -vV names no host".to_owned())
}

/// One program to run from the repository's root.
pub(crate) struct Step {
    title: String,
    words: Vec<String>,
    env: Vec<(String, String)>,
}

impl Step {
    /// A step named `title` that runs `line`, split at blanks (no quoting).
    pub(crate) fn new(title: &str, line: &str) -> Self {
        Self { title: title.to_owned(), words: line.split_whitespace().map(str::to_owned).collect(), env: Vec::new() }
    }

    /// A step for the shell: `line` is given to `sh -c` as it stands.
    pub(crate) fn shell(title: &str, line: &str) -> Self {
        let words = ["sh", "-c", line].map(str::to_owned).to_vec();
        Self { title: title.to_owned(), words, env: Vec::new() }
    }

    /// One more word, taken as it is.
    pub(crate) fn arg(mut self, word: impl Into<String>) -> Self {
        self.words.push(word.into());
        self
    }

    /// An environment variable of this step.
    pub(crate) fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        self.env.push((key.to_owned(), value.into()));
        self
    }

    /// Runs it with our own output. The error carries the command to repeat it by hand.
    pub(crate) fn run(&self) -> Result<(), String> {
        println!("\n── {}\n   $ {}", self.title, self.line());
        let status = self.command()?.status().map_err(|e| self.failed(&e.to_string()))?;
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string())) }
    }

    /// Runs it and gives what it printed to stdout; stderr stays ours.
    pub(crate) fn output(&self) -> Result<String, String> {
        let mut command = self.command()?;
        command.stderr(std::process::Stdio::inherit());
        let output = command.output().map_err(|e| self.failed(&e.to_string()))?;
        if !output.status.success() {
            return Err(self.failed(&output.status.to_string()));
        }
        String::from_utf8(output.stdout).map_err(|_| self.failed("its output is not UTF-8"))
    }

    /// Runs it silently and gives all it printed; if it fails, that is shown.
    pub(crate) fn quietly(&self) -> Result<String, String> {
        println!("\n── {}\n   $ {}", self.title, self.line());
        let output = self.command()?.output().map_err(|e| self.failed(&e.to_string()))?;
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if output.status.success() {
            return Ok(text);
        }
        println!("{text}");
        Err(self.failed(&output.status.to_string()))
    }

    fn command(&self) -> Result<Command, String> {
        let (program, args) = self.words.split_first().ok_or("a step without a program")?;
        let mut command = Command::new(program);
        command.args(args).current_dir(root());
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        Ok(command)
    }

    /// As a person would type it.
    fn line(&self) -> String {
        if let [sh, c, line] = self.words.as_slice()
            && sh == "sh"
            && c == "-c"
        {
            return line.clone();
        }
        let env = self.env.iter().map(|(k, v)| format!("{k}={}", quoted(v)));
        env.chain(self.words.iter().map(|w| quoted(w))).collect::<Vec<_>>().join(" ")
    }

    fn failed(&self, how: &str) -> String {
        format!("{} failed ({how}). To see it again:\n    {}", self.title, self.line())
    }
}

/// Whether `program` is found on the PATH.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
