//! The tools that are compared: holdup in its modes, and what people use today.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::machine;
use super::slow_disk::SlowDisk;

/// Off-CPU time of every thread of one process, as a histogram: what the well-known script does, without its stacks.
const OFF_CPU: &str = "BEGIN { printf(\"ready\\n\"); }
tracepoint:sched:sched_switch {
    if (pid == $1) { @left[args->prev_pid] = nsecs; }
    if (@left[args->next_pid]) {
        @us[args->next_pid] = hist((nsecs - @left[args->next_pid]) / 1000);
        delete(@left[args->next_pid]);
    }
}";
/// How long a tool that does not say when it watches gets to begin.
const HEAD_START: Duration = Duration::from_millis(1000);
/// How long a tool gets to say that it watches, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// One way to watch a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `holdup record` with these arguments.
    Holdup {
        /// As the table names it.
        name: &'static str,
        /// Arguments besides the target.
        arguments: &'static [&'static str],
        /// Watch another process than the workload, which is then a bystander.
        elsewhere: bool,
    },
    /// holdup as users have it, within its budget: it is looked at once it has settled, and for longer than the others, since it
    /// watches in windows.
    Budgeted,
    /// `bpftrace` with a script for off-CPU time.
    Bpftrace,
    /// `perf sched record`.
    PerfSched,
    /// `perf trace -s`.
    PerfTrace,
    /// `strace -c -f`.
    Strace,
}

impl Tool {
    /// As the table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holdup { name, .. } => name,
            Self::Budgeted => "holdup, budget of 2%",
            Self::Bpftrace => "bpftrace, off-CPU script",
            Self::PerfSched => "perf sched record",
            Self::PerfTrace => "perf trace -s",
            Self::Strace => "strace -c -f",
        }
    }

    /// The program it needs, if it is not the project's own.
    fn program(self) -> Option<&'static str> {
        match self {
            Self::Holdup { .. } | Self::Budgeted => None,
            Self::Bpftrace => Some("bpftrace"),
            Self::PerfSched | Self::PerfTrace => Some("perf"),
            Self::Strace => Some("strace"),
        }
    }

    /// Whether it can run here.
    pub fn is_installed(self) -> bool {
        let Some(program) = self.program() else {
            return true;
        };
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    fn command(self, pids: &[u32], bystander: u32, folder: &Path) -> anyhow::Result<Command> {
        let words: Vec<String> = pids.iter().map(u32::to_string).collect();
        let pid = words.join(",");
        let out = folder.join("out");
        let mut command = Command::new(match self.program() {
            Some(program) => PathBuf::from(program),
            None => machine::beside("holdup")?,
        });
        match self {
            Self::Holdup {
                arguments,
                elsewhere,
                ..
            } => {
                let pid = if elsewhere {
                    bystander.to_string()
                } else {
                    pid
                };
                command.args(["record", "--duration", "10m", "--pid", &pid]);
                command.args(arguments).arg("-o").arg(&out);
            }
            Self::Budgeted => {
                command.args(["record", "--duration", "10m", "--pid", &pid, "-o"]);
                command.arg(&out);
            }
            Self::Bpftrace => {
                command.args(["-e", OFF_CPU, &pid]);
            }
            Self::PerfSched => {
                command.args(["sched", "record", "-o"]).arg(&out);
            }
            Self::PerfTrace => {
                command.args(["trace", "-s", "-p", &pid, "-o"]);
                command.arg(&out);
            }
            Self::Strace => {
                command.args(["-c", "-f", "-p", &pid, "-o"]);
                command.arg(&out);
            }
        }
        command.current_dir(folder).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// A word in what it says once it watches.
    fn says(self) -> Option<&'static str> {
        match self {
            Self::Holdup { .. } | Self::Budgeted => Some("watching"),
            Self::Bpftrace => Some("ready"),
            Self::Strace => Some("attached"),
            Self::PerfSched | Self::PerfTrace => None,
        }
    }

    /// Starts it and waits until it watches.
    pub fn start(self, pid: u32, bystander: u32) -> anyhow::Result<Watching> {
        self.start_in(&[pid], bystander, Path::new("/var/tmp"), None)
    }

    /// Likewise, watching several processes.
    pub fn start_all(self, pids: &[u32]) -> anyhow::Result<Watching> {
        self.start_in(pids, 0, Path::new("/var/tmp"), None)
    }

    /// Likewise, writing below `place`, which may be slow.
    pub fn start_in(
        self,
        pids: &[u32],
        bystander: u32,
        place: &Path,
        slow: Option<&SlowDisk>,
    ) -> anyhow::Result<Watching> {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(place)?;
        let began = Instant::now();
        let mut command = self.command(pids, bystander, folder.path())?;
        if let Some(slow) = slow {
            let procs = slow.procs();
            let join = move || std::fs::write(&procs, "0");
            // SAFETY: between fork and exec it only opens, writes and closes a file; no other thread of this process holds
            // the allocator's lock for long, and a child that gets stuck is seen to say nothing.
            unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, join) };
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.name()))?;
        let (sender, lines) = mpsc::channel();
        for stream in [
            child
                .stdout
                .take()
                .map(|out| Box::new(out) as Box<dyn Read + Send>),
            child
                .stderr
                .take()
                .map(|out| Box::new(out) as Box<dyn Read + Send>),
        ]
        .into_iter()
        .flatten()
        {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    // Nobody listens any more once it watches.
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut watching = Watching {
            name: self.name(),
            child,
            folder,
            lines,
            ready: Duration::ZERO,
        };
        match self.says() {
            Some(word) => watching.wait_for(word)?,
            None => std::thread::sleep(HEAD_START),
        }
        watching.ready = began.elapsed();
        if let Some(status) = watching.child.try_wait()? {
            bail!("{} ended at once ({status})", self.name());
        }
        Ok(watching)
    }
}

/// A tool that watches.
pub struct Watching {
    name: &'static str,
    child: Child,
    folder: tempfile::TempDir,
    lines: mpsc::Receiver<String>,
    /// From its start until it said that it watches.
    pub ready: Duration,
}

/// What a tool left.
pub struct Watched {
    /// The folder with what it wrote; goes with this.
    pub folder: tempfile::TempDir,
}

impl Watching {
    fn wait_for(&mut self, word: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut said = Vec::new();
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(word) => return Ok(()),
                Ok(line) => said.push(line),
                Err(_) => bail!("{} does not watch: {}", self.name, said.join(" / ")),
            }
        }
    }

    /// Its CPU time up to now.
    pub fn cpu(&self) -> Option<Duration> {
        machine::cpu_of(self.child.id())
    }

    /// Asks it to end, as Ctrl-C does, and waits for that.
    pub fn stop(mut self) -> anyhow::Result<Watched> {
        self.signal(libc::SIGINT);
        let began = Instant::now();
        while !self.has_ended() {
            if began.elapsed() > PATIENCE {
                bail!("{} does not end", self.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.wait();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir()?);
        Ok(Watched { folder })
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) {
        if let Ok(pid) = libc::pid_t::try_from(self.child.id()) {
            // SAFETY: a signal to a child that is not waited for yet, so its number is its own.
            unsafe { libc::kill(pid, signal) };
        }
    }

    /// Whether it has ended, without taking it off the process table.
    fn has_ended(&self) -> bool {
        // SAFETY: plain numbers, and a call that writes to the struct given.
        unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            libc::waitid(libc::P_PID, self.child.id(), &raw mut info, options) != 0
                || info.si_pid() != 0
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
