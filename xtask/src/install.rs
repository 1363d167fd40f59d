//! What the tests need beside cargo, one row each, installed only where it is missing.
//!
//! Debian packages by `apt-get` (all missing ones in one call), PyPI and npm packages under `target/tools`, so that
//! nothing outside the repository changes but Debian's own packages. When all is there it costs milliseconds.

use crate::step::{Step, on_path, target};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program from Debian: how to see that it is there, and the packages that bring it.
struct Debian {
    packages: &'static str,
    there: fn() -> bool,
}

const DEBIAN: &[Debian] = &[
    Debian { packages: "prometheus", there: || on_path("prometheus") && on_path("promtool") },
    Debian { packages: "postgresql", there: postgres_serves },
    Debian { packages: "redis-server", there: || on_path("redis-server") },
    Debian { packages: "wrk", there: || on_path("wrk") },
    Debian { packages: "nodejs npm", there: || on_path("node") && on_path("npm") },
    Debian { packages: "python3 python3-venv", there: python_makes_venvs },
    // libFuzzer's runtime, in the crate libfuzzer-sys, is C++.
    Debian { packages: "g++", there: || on_path("c++") },
];

/// What lives under `target/tools`: made by `commands`, and there while its stamp names the same `packages`.
struct Local {
    folder: &'static str,
    packages: &'static str,
    command: fn(folder: &str, packages: &str) -> String,
}

const LOCAL: &[Local] = &[
    Local {
        folder: "venv",
        packages: "rotel==0.0.1a15 prometheus_client==0.26.0 prometheus-api-client==0.7.2 grpcio-health-checking==1.85.1",
        command: |folder, packages| {
            format!(
                "python3 -m venv --clear {folder} && \
                 {folder}/bin/pip install --quiet --disable-pip-version-check {packages}"
            )
        },
    },
    Local {
        folder: "npm",
        packages: "pino-pretty@13.2.0 @copilotkit/aimock@1.43.0 @prometheus-io/codemirror-promql@0.314.0",
        command: |folder, packages| {
            format!("npm install --prefix {folder} --ignore-scripts --no-audit --no-fund --silent {packages}")
        },
    },
];

/// Where the PyPI and npm tools are; the tests get it as `BELLWETHER_TOOLS`.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    debian()?;
    LOCAL.iter().try_for_each(local)
}

fn debian() -> Result<(), String> {
    let missing: Vec<&str> = DEBIAN.iter().filter(|row| !(row.there)()).map(|row| row.packages).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    let sudo = if is_root() { "" } else { "sudo " };
    let install = format!(
        "{sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
         -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 {missing}"
    );
    if !on_path("apt-get") {
        return Err(format!(
            "the tests need what Debian packages as: {missing}. Install it by this system's own means \
             (on Debian: {install}), or leave those tests out: cargo xtask test --quick"
        ));
    }
    let _quiet = NoAutostart::new();
    Step::shell("the list of Debian packages", &format!("{sudo}apt-get update -q")).run()?;
    Step::shell("Debian packages for the tests", &install).run()?;
    match DEBIAN.iter().find(|row| !(row.there)()) {
        None => Ok(()),
        Some(row) => Err(format!("installed {}, yet its programs are not on the PATH", row.packages)),
    }
}

fn local(row: &Local) -> Result<(), String> {
    let folder = tools().join(row.folder);
    let stamp = folder.join(".bellwether");
    if fs::read_to_string(&stamp).is_ok_and(|is| is == row.packages) {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let command = (row.command)(&folder.display().to_string(), row.packages);
    Step::shell(&format!("{} for the tests", row.packages), &command).run()?;
    fs::write(&stamp, row.packages).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// Debian keeps the server off the PATH, by version; the client alone lies there too.
fn postgres_serves() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    on_path("initdb") || versions.map(|version| version.path().join("bin/initdb")).any(|path| path.exists())
}

fn python_makes_venvs() -> bool {
    let asked = Command::new("python3").args(["-c", "import venv, ensurepip"]).output();
    asked.is_ok_and(|out| out.status.success())
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// While it lives, no package starts its server on installation: the tests start their own, on ports of their own.
struct NoAutostart {
    made: Option<&'static Path>,
}

impl NoAutostart {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let path = Path::new("/usr/sbin/policy-rc.d");
        let made = !path.exists()
            && fs::write(path, "#!/bin/sh\nexit 101\n").is_ok()
            && fs::set_permissions(path, fs::Permissions::from_mode(0o755)).is_ok();
        Self { made: made.then_some(path) }
    }
}

impl Drop for NoAutostart {
    fn drop(&mut self) {
        if let Some(path) = self.made {
            // Ours alone; if it cannot be removed the machine merely starts no services on installs.
            let _ = fs::remove_file(path);
        }
    }
}
