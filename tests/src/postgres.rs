//! A PostgreSQL server (Debian's), for a demo whose database is somewhere else and may go away.

use crate::component::{Component, INSTALL, free_port};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A running server with an empty database. Dropping it kills it.
#[derive(Debug)]
pub struct Postgres {
    component: Component,
    user: Option<User>,
    port: u16,
}

/// Who it runs as: it refuses to be root.
#[derive(Debug, Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl Postgres {
    /// Makes a database and serves it on 127.0.0.1.
    ///
    /// # Panics
    /// If it is missing (with the command that installs it) or does not get ready.
    pub async fn start() -> Self {
        let component = Component::new("postgres");
        let folder = component.folder().to_owned();
        let user = (folder.metadata().expect("its folder").uid() == 0).then(User::postgres);
        if let Some(User { id, group }) = user {
            chown(&folder, Some(id), Some(group)).expect("a folder given away");
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("a folder of its own");
        let mut init = program("initdb", user);
        init.current_dir(&folder).args(["-D", "db", "-U", "voice", "--auth=trust", "-E", "UTF8", "--no-sync"]);
        let made = init.output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = Self { component, user, port: 0 };
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            postgres.port = free_port();
            if postgres.up().await {
                return postgres;
            }
        }
        panic!("postgres ends as soon as it starts:\n{}", postgres.component.log());
    }

    /// Its database, for `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://voice@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Ends it at once, every connection with it.
    pub async fn stop(&mut self) {
        self.component.signal("QUIT").await;
    }

    /// Starts it again, on the same port with the same data.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(&mut self) {
        assert!(self.up().await, "postgres does not start again:\n{}", self.component.log());
    }

    async fn up(&mut self) -> bool {
        let folder = self.component.folder().to_owned();
        let mut command = program("postgres", self.user);
        command.current_dir(&folder).args(["-D", "db", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
        command.arg("-k").arg(&folder).args(["-p", &self.port.to_string()]);
        self.component.start(&mut command);
        let mut probe = program("pg_isready", None);
        probe.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        self.component.ready(async || probe.status().is_ok_and(|status| status.success())).await
    }
}

impl User {
    /// The one that Debian's package makes.
    fn postgres() -> Self {
        let number = |flag: &str| {
            let asked = Command::new("id").args([flag, "postgres"]).output().ok()?;
            String::from_utf8(asked.stdout).ok()?.trim().parse().ok()
        };
        match (number("-u"), number("-g")) {
            (Some(id), Some(group)) => Self { id, group },
            _ => panic!("there is no user postgres. To install PostgreSQL: {INSTALL}"),
        }
    }
}

/// One of its programs; Debian keeps them off the PATH, by version.
fn program(name: &str, user: Option<User>) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.exists());
    let mut command = Command::new(found.pop().unwrap_or_else(|| Path::new(name).to_owned()));
    if let Some(User { id, group }) = user {
        command.uid(id).gid(group);
    }
    command
}
