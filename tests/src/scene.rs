//! A plan under way with so many workers: its servers, its program, its books.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdup::demo::{GroundTruth, GroupLimit, LimitError, Record};

use crate::link;
use crate::plan::{Plan, Server, Service, Settings};
use crate::workshop::{Workshop, WorkshopError};

/// Every process of a scene ends by itself after this long, s.
const LONGEST_S: u64 = 60;

/// So long at most a program's file may be busy as it is to be started.
const LONGEST_BUSY: Duration = Duration::from_secs(2);

/// Why a scene does not run.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// A program cannot be had.
    #[error(transparent)]
    Workshop(#[from] WorkshopError),
    /// The limit on writes, reads or memory cannot be had.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A file or a process could not be had.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// No namespace was made for the far end of a link.
    #[error("a link between two network namespaces cannot be made here")]
    NoLink,
    /// A server said no address.
    #[error("the server for {0} did not start")]
    NoServer(&'static str),
    /// The workers did not come to do their first items.
    #[error("only {busy} of {workers} workers did an item within {seconds} s")]
    NoWork {
        /// Workers with an item done.
        busy: u32,
        /// All.
        workers: usize,
        /// How long was waited.
        seconds: u64,
    },
}

impl SceneError {
    /// Whether the host lacks something, rather than that something went wrong.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::Limit(_)
                | Self::Workshop(WorkshopError::NoTool { .. } | WorkshopError::NoModule { .. })
        )
    }
}

/// A process and all its children, ended on drop.
#[derive(Debug)]
struct Group(Child);

impl Group {
    fn start(mut command: Command, stdin: Stdio, stdout: Stdio) -> io::Result<Self> {
        command.stdin(stdin).stdout(stdout).process_group(0);
        let end = Instant::now() + LONGEST_BUSY;
        loop {
            match command.spawn() {
                // Another lane that starts a process has the copy open for writing, until that process is another program.
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy
                        && Instant::now() < end =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                child => return child.map(Self),
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let group = i32::try_from(self.0.id()).unwrap_or(i32::MAX);
        // SAFETY: signals the group that `start` made; its leader is not reaped yet, so that the number is still its own.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _status = self.0.wait();
    }
}

/// A plan under way.
#[derive(Debug)]
pub struct Scene {
    // In the order they have to go.
    program: Group,
    servers: Vec<Group>,
    _limit: Option<GroupLimit>,
    _bench: tempfile::TempDir,
    ground_truth: GroundTruth,
    addresses: Vec<(&'static str, String)>,
}

impl Scene {
    /// Starts `plan` with so many workers and waits until each has done an item.
    ///
    /// # Errors
    /// [`SceneError`].
    pub fn start(workshop: &mut Workshop, plan: &Plan, workers: usize) -> Result<Self, SceneError> {
        for need in &plan.needs {
            workshop.find(*need)?;
        }
        let bench = workshop.bench()?;
        let path = bench.path();
        let ground_truth = GroundTruth::create(&path.join("books"), workers)?;
        let limit = limit(plan, path)?;
        let mut settings = plan
            .settings
            .clone()
            .set("workers", workers)
            .set("seconds", LONGEST_S);
        let (mut servers, mut addresses) = (Vec::new(), Vec::new());
        let (mut stdout, mut place) = (Stdio::piped(), Place::Here);
        let mut far = Place::Here;
        if let Some(bits) = plan.link_limit {
            let (link, pid) = start(link::command(bits, LONGEST_S), Stdio::null())?;
            far = Place::NetworkOf(pid.parse().map_err(|_| SceneError::NoLink)?);
            place = Place::NetworkOf(link.0.id());
            servers.push(link);
        }
        for server in &plan.servers {
            // Of a link the server for `output` is at the far end.
            let (at, address) = match far {
                Place::NetworkOf(_) if server.role == "output" => (far, link::FAR),
                _ => (place, "127.0.0.1"),
            };
            let stdin = if server.service == Service::Reader {
                let (printed, prints) = io::pipe()?;
                stdout = prints.into();
                printed.into()
            } else {
                Stdio::null()
            };
            let settings_of = settings_of(server, &addresses).set("at", address);
            let (group, address) =
                start_server(workshop, (server, settings_of), (path, at), stdin)?;
            match server.service {
                Service::Names => place = Place::AskingThere,
                Service::Files => place = Place::MountsOf(group.0.id()),
                Service::Plain
                | Service::Tls
                | Service::Redis
                | Service::Postgres
                | Service::Bouncer
                | Service::MariaDb
                | Service::Nginx
                | Service::Reader => {}
            }
            settings = settings.set(server.role, &address);
            addresses.push((server.role, address));
            servers.push(group);
        }
        if let Some(limit) = &limit {
            settings = settings.set("join", limit.members().display());
        }
        std::fs::write(path.join("settings"), settings.text())?;
        let program = workshop.place(plan.program, path, "worker")?;
        let program = Group::start(place.take(program), Stdio::null(), stdout)?;
        let scene = Self {
            program,
            servers,
            _limit: limit,
            _bench: bench,
            ground_truth,
            addresses,
        };
        scene.wait_for_work(plan)?;
        Ok(scene)
    }

    fn wait_for_work(&self, plan: &Plan) -> Result<(), SceneError> {
        let seconds = 8 + 4 * plan.together_ms / 1000;
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            let busy = self.ground_truth.sample().busy;
            if busy as usize >= self.ground_truth.slots() {
                break;
            }
            if Instant::now() > end {
                return Err(SceneError::NoWork {
                    busy,
                    workers: self.ground_truth.slots(),
                    seconds,
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // A cycle more, so that the queues of the start have gone.
        std::thread::sleep(Duration::from_millis(plan.together_ms.clamp(200, 1_000)));
        Ok(())
    }

    /// The process to attach to.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.0.id()
    }

    /// The process groups of the program and its servers.
    #[must_use]
    pub fn groups(&self) -> Vec<u32> {
        let servers = self.servers.iter().map(|group| group.0.id());
        servers.chain([self.pid()]).collect()
    }

    /// Address of the server for `role`.
    #[must_use]
    pub fn address(&self, role: &str) -> Option<&str> {
        self.addresses
            .iter()
            .find(|(name, _)| *name == role)
            .map(|(_, address)| address.as_str())
    }

    /// Reads the workload's own clocks all the while `meanwhile` runs.
    pub fn watch<T>(&self, meanwhile: impl FnOnce() -> T) -> (T, Record) {
        Record::during(&self.ground_truth, meanwhile)
    }
}

/// The limit that the program is under, if it is under one.
fn limit(plan: &Plan, bench: &Path) -> Result<Option<GroupLimit>, LimitError> {
    let limit = match (plan.write_limit, plan.read_limit, plan.memory_limit) {
        (Some(writes), _, _) => GroupLimit::of_writes(bench, writes, "zoo"),
        (None, Some(reads), _) => GroupLimit::of_reads(bench, reads, "zoo"),
        (None, None, Some(bytes)) => GroupLimit::of_memory(bytes, "zoo"),
        (None, None, None) => return Ok(None),
    };
    limit.map(Some)
}

/// Where the program sees what its servers made for it.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Here.
    Here,
    /// In the network namespace of this process.
    NetworkOf(u32),
    /// Where names are asked for as `resolv.conf` of its folder says: in a mount namespace of its own.
    AskingThere,
    /// Where this process has mounted something: in its mount namespace.
    MountsOf(u32),
}

impl Place {
    /// The same command there, by the same process.
    fn take(self, command: Command) -> Command {
        const ASKING_THERE: &str = r#"mount --bind resolv.conf /etc/resolv.conf && exec "$@""#;
        // The folder it was in is one of another namespace.
        const MOUNTS: &str = r#"cd "$0" && exec "$@""#;
        match self {
            Self::Here => command,
            Self::AskingThere => by(
                "unshare",
                &["--mount", "sh", "-c", ASKING_THERE, "sh"],
                &command,
            ),
            Self::NetworkOf(pid) => {
                let namespace = format!("--net=/proc/{pid}/ns/net");
                by("nsenter", &[&namespace], &command)
            }
            Self::MountsOf(pid) => {
                let folder = command.get_current_dir().unwrap_or(Path::new("/"));
                let folder = folder.to_string_lossy();
                let namespace = format!("--mount=/proc/{pid}/ns/mnt");
                let words = [&namespace, "sh", "-c", MOUNTS, &folder];
                by("nsenter", &words, &command)
            }
        }
    }
}

/// The same command behind `words` of a `tool` that becomes it.
fn by(tool: &str, words: &[&str], command: &Command) -> Command {
    let mut there = Command::new(tool);
    there.args(words);
    there.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            there.env(name, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        there.current_dir(folder);
    }
    there
}

/// What a server is told: also where those are that were started before it.
fn settings_of(server: &Server, addresses: &[(&'static str, String)]) -> Settings {
    let own = server.settings.clone().set("seconds", LONGEST_S);
    let all = addresses.iter();
    all.fold(own, |settings, (role, address)| settings.set(role, address))
}

fn start_server(
    workshop: &mut Workshop,
    (server, settings_of): (&Server, Settings),
    (bench, at): (&Path, Place),
    stdin: Stdio,
) -> Result<(Group, String), SceneError> {
    let (program, name) = server.program();
    let settings = format!("{}.settings", server.role);
    std::fs::write(bench.join(&settings), settings_of.text())?;
    if server.service == Service::Tls {
        workshop.place_certificate(bench)?;
    }
    let mut command = workshop.place(program, bench, name)?;
    command.arg(settings);
    let (group, address) = start(at.take(command), stdin)?;
    if address.is_empty() {
        return Err(SceneError::NoServer(server.role));
    }
    Ok((group, address))
}

/// Starts a process that says a line once it is ready; gives that line.
fn start(command: Command, stdin: Stdio) -> io::Result<(Group, String)> {
    let mut group = Group::start(command, stdin, Stdio::piped())?;
    let mut line = String::new();
    if let Some(out) = group.0.stdout.take() {
        BufReader::new(out).read_line(&mut line)?;
    }
    Ok((group, line.trim().to_owned()))
}
