//! Workloads of real clients and servers, whose own rate is what counts: PostgreSQL under pgbench, and programs of Node and Python.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::load::{Load, Own, Run};
use super::machine;

/// How long a server gets to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clients of pgbench.
const CLIENTS: u64 = 16;
/// All clients add to one row; whoever has it locked asks twice more before the lock goes.
const HOT_ROW: &str = "BEGIN;\nUPDATE hot SET n = n + 1 WHERE id = 1;\nCOMMIT;\n";

/// A program that speaks as `load` does.
pub struct Script {
    own: Own,
    _folder: tempfile::TempDir,
}

impl Script {
    /// Node, 64 requests under way in one process.
    pub fn node() -> anyhow::Result<Self> {
        Self::start(
            "node",
            "requests.js",
            include_str!("../programs/requests.js"),
        )
    }

    /// Python, 32 threads and 4 connections.
    pub fn python() -> anyhow::Result<Self> {
        Self::start("python3", "pool.py", include_str!("../programs/pool.py"))
    }

    fn start(interpreter: &str, name: &str, text: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        let mut command = Command::new(interpreter);
        let own = Own::start_command(command.arg(path))
            .with_context(|| format!("{interpreter} (cargo xtask setup installs it)"))?;
        Ok(Self {
            own,
            _folder: folder,
        })
    }
}

impl Load for Script {
    fn pid(&self) -> u32 {
        self.own.pid()
    }

    fn run(&mut self, operations: u64) -> anyhow::Result<Run> {
        self.own.run(operations)
    }
}

/// A server of PostgreSQL with a table of one row.
pub struct Postgres {
    server: Child,
    port: u16,
    programs: PathBuf,
    folder: tempfile::TempDir,
}

impl Postgres {
    /// Makes a database of its own, and starts a server for it.
    pub fn start() -> anyhow::Result<Self> {
        let missing = "PostgreSQL is not installed (cargo xtask setup --bench)";
        let programs = programs().context(missing)?;
        let (uid, gid) = user("postgres").context(missing)?;
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in("/var/tmp")?;
        std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid))
            .context("PostgreSQL does not run as root, and only root may start it as its user")?;
        let data = folder.path().join("data");
        let mut init = as_user(&programs.join("initdb"), uid, gid, folder.path());
        init.stderr(Stdio::piped());
        let done = init.arg("-D").arg(&data).args(["-A", "trust"]).output()?;
        if !done.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        let port = free_port()?;
        let server = as_user(&programs.join("postgres"), uid, gid, folder.path())
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .spawn()
            .context("cannot start postgres")?;
        let postgres = Self {
            server,
            port,
            programs,
            folder,
        };
        postgres.wait()?;
        postgres.ask(
            "CREATE TABLE hot (id int PRIMARY KEY, n bigint); INSERT INTO hot VALUES (1, 0)",
        )?;
        std::fs::write(postgres.script(), HOT_ROW)?;
        Ok(postgres)
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("hot.sql")
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-U",
            "postgres",
        ]);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn wait(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self
            .client("pg_isready")
            .stdout(Stdio::null())
            .status()?
            .success()
        {
            if began.elapsed() > PATIENCE {
                bail!("postgres does not answer on port {}", self.port);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn ask(&self, statement: &str) -> anyhow::Result<()> {
        let done = self
            .client("psql")
            .args(["-q", "-c", statement, "postgres"])
            .output()?;
        if !done.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        Ok(())
    }
}

impl Load for Postgres {
    fn pid(&self) -> u32 {
        self.server.id()
    }

    /// An operation is a transaction; the rate is pgbench's own, without the time it takes to connect.
    fn run(&mut self, operations: u64) -> anyhow::Result<Run> {
        let each = operations.div_ceil(CLIENTS);
        let cpu = || machine::cpu_with_children(self.server.id()).context("postgres has ended");
        let before = cpu()?;
        let done = self
            .client("pgbench")
            .args([
                "-n",
                "-c",
                &CLIENTS.to_string(),
                "-t",
                &each.to_string(),
                "-f",
            ])
            .arg(self.script())
            .arg("postgres")
            .output()
            .context("pgbench (cargo xtask setup --bench installs it)")?;
        let text = String::from_utf8_lossy(&done.stdout);
        let rate = text.lines().find_map(|line| {
            let rate = line.strip_prefix("tps = ")?;
            rate.split(' ').next()?.parse::<f64>().ok()
        });
        let rate = rate.filter(|rate| *rate > 0.0).with_context(|| {
            format!("pgbench: {}", String::from_utf8_lossy(&done.stderr).trim())
        })?;
        let operations = each * CLIENTS;
        Ok(Run {
            operations,
            wall: Duration::from_secs_f64(operations as f64 / rate),
            cpu: cpu()?.saturating_sub(before),
            switches: 0,
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A fast shutdown, which ends its children too.
        if let Ok(pid) = libc::pid_t::try_from(self.server.id()) {
            // SAFETY: a signal to a child that is not waited for yet, so its number is its own.
            unsafe { libc::kill(pid, libc::SIGINT) };
        }
        let _ = self.server.wait();
    }
}

/// The newest installed version's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let newest = versions
        .filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok())
        .max()?;
    let folder = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    folder.join("postgres").is_file().then_some(folder)
}

/// User and group of that name.
fn user(name: &str) -> Option<(u32, u32)> {
    let mut text = String::new();
    std::fs::File::open("/etc/passwd")
        .ok()?
        .read_to_string(&mut text)
        .ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let found = *fields.first()? == name;
        found.then(|| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))?
    })
}

fn as_user(program: &Path, uid: u32, gid: u32, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.uid(uid).gid(gid).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}
