//! Workloads under way: they do operations when told, and say what those took.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::machine;

/// What some operations took.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Operations done.
    pub operations: u64,
    /// From the first to the last.
    pub wall: Duration,
    /// CPU time of the process.
    pub cpu: Duration,
    /// Switches of its threads, voluntary and not.
    pub switches: u64,
}

impl Run {
    /// CPU time of an operation, ns.
    pub fn cpu_each(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.operations as f64
    }

    /// Wall time of an operation, ns.
    pub fn wall_each(&self) -> f64 {
        self.wall.as_nanos() as f64 / self.operations as f64
    }
}

/// A workload.
pub trait Load {
    /// The process to watch.
    fn pid(&self) -> u32;
    /// Does at least so many operations.
    fn run(&mut self, operations: u64) -> anyhow::Result<Run>;

    /// How many operations take about `time`.
    fn calibrate(&mut self, time: Duration) -> anyhow::Result<u64> {
        let mut operations = 1;
        loop {
            let run = self.run(operations)?;
            let factor = time.as_secs_f64() / run.wall.as_secs_f64().max(1e-9);
            if factor < 4.0 {
                return Ok(((run.operations as f64 * factor) as u64).max(1));
            }
            operations = (run.operations as f64 * factor.min(50.0) / 2.0) as u64 + 1;
        }
    }
}

/// A workload of the program `load`.
pub struct Own {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// What the threads of the latest run counted themselves, if they do.
    pub did: Option<Did>,
}

/// What threads counted of their own from birth to end.
#[derive(Clone, Copy, Debug)]
pub struct Did {
    /// Calls of kinds that are recorded.
    pub calls: u64,
    /// Switches, voluntary and not.
    pub switches: u64,
}

impl Own {
    /// Starts it and waits until it stands.
    pub fn start(words: &[String]) -> anyhow::Result<Self> {
        Self::start_command(Command::new(machine::beside("load")?).args(words))
    }

    /// Likewise, another program that speaks the same.
    pub fn start_command(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the workload")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the workload has no output")?;
        let mut own = Self {
            child,
            input,
            output: BufReader::new(output),
            did: None,
        };
        let line = own.line()?;
        if line != "ready" {
            bail!("the workload said {line:?} and not that it is ready");
        }
        Ok(own)
    }

    /// Gives a number of operations to do; [`Own::result`] waits for them.
    pub fn begin(&mut self, operations: u64) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("the workload has no input")?;
        writeln!(input, "{operations}").context("the workload has ended")
    }

    /// Waits for the end of what [`Own::begin`] began.
    pub fn result(&mut self) -> anyhow::Result<Run> {
        let mut line = self.line()?;
        if let Some(did) = line.strip_prefix("did ") {
            let numbers: Vec<u64> = did
                .split_whitespace()
                .filter_map(|word| word.parse().ok())
                .collect();
            if let &[calls, switches] = numbers.as_slice() {
                self.did = Some(Did { calls, switches });
            }
            line = self.line()?;
        }
        let numbers: Vec<u64> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let &[operations, wall, cpu, switches] = numbers.as_slice() else {
            bail!("the workload said {line:?}");
        };
        Ok(Run {
            operations,
            wall: Duration::from_nanos(wall),
            cpu: Duration::from_nanos(cpu),
            switches,
        })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Load for Own {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn run(&mut self, operations: u64) -> anyhow::Result<Run> {
        self.begin(operations)?;
        self.result()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // It ends with its input; a kill for one that is stuck.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Redis, asked by redis-benchmark; the CPU time is the server's.
pub struct Redis {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Redis {
    /// Starts a server that keeps nothing.
    pub fn start() -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let folder = tempfile::tempdir()?;
        let server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server (cargo xtask setup --bench installs it)")?;
        let redis = Self {
            server,
            port,
            folder,
        };
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > Duration::from_secs(10) {
                bail!("redis-server does not answer on port {port}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }
}

impl Load for Redis {
    fn pid(&self) -> u32 {
        self.server.id()
    }

    fn run(&mut self, operations: u64) -> anyhow::Result<Run> {
        let cpu = || machine::cpu_of(self.server.id()).context("redis-server has ended");
        let (began, before) = (Instant::now(), cpu()?);
        let status = Command::new("redis-benchmark")
            .args(["-p", &self.port.to_string(), "-n", &operations.to_string()])
            .args(["-c", "50", "-t", "set", "-q"])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .status()
            .context("redis-benchmark (cargo xtask setup --bench installs it)")?;
        if !status.success() {
            bail!("redis-benchmark: {status}");
        }
        Ok(Run {
            operations,
            wall: began.elapsed(),
            cpu: cpu()?.saturating_sub(before),
            switches: 0,
        })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
