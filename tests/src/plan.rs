//! What a case is, and what it draws from a seed.

use std::collections::BTreeMap;
use std::fmt::Display;

use holdup::cause::Cause;

use crate::draw::Draw;

/// A workload with a known cause.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its label, which stays in the zoo.
    pub name: &'static str,
    /// What holdup must name.
    pub cause: Cause,
    /// Part of `--quick`.
    pub quick: bool,
    /// Its parameters.
    pub plan: fn(&mut Draw) -> Plan,
}

/// A program of `programs/`, by its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Built with rustc.
    Rust(&'static str),
    /// Built with cc.
    C(&'static str),
    /// Run by python3.
    Python(&'static str),
    /// Built with javac, run by java.
    Java(&'static str),
    /// Built with go.
    Go(&'static str),
    /// Run by node.
    Node(&'static str),
    /// Built with the zoo, since it needs more than the standard library: `src/bin/`.
    Built(&'static str),
}

impl Program {
    /// Its source below `programs/`, or in `src/bin/`.
    #[must_use]
    pub fn file(self) -> String {
        match self {
            Self::Rust(name) => format!("{name}.rs"),
            Self::C(name) => format!("{name}.c"),
            Self::Python(name) => format!("{name}.py"),
            Self::Java(name) => format!("{name}.java"),
            Self::Go(name) => format!("{name}.go"),
            Self::Node(name) => format!("{name}.js"),
            Self::Built(name) => format!("{name}.rs"),
        }
    }
}

/// Names and values, as the programs read them.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// With one more.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// By name; of one that is set twice the last, as the programs take it.
    #[must_use]
    pub fn map(&self) -> BTreeMap<String, String> {
        let pairs = self.0.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    }

    /// Lines of a name and a value.
    #[must_use]
    pub fn text(&self) -> String {
        self.0
            .iter()
            .map(|(name, value)| format!("{name} {value}\n"))
            .collect()
    }
}

/// A server that the workers talk to.
#[derive(Clone, Debug)]
pub struct Server {
    /// Setting of the program that gets its address: `input`, `output`, or what else it is for.
    pub role: &'static str,
    /// What it is.
    pub service: Service,
    /// How it serves.
    pub settings: Settings,
}

/// Something beyond compilers and interpreters that a host may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    /// A module of Python.
    Python(&'static str),
    /// A package of Node.
    Node(&'static str),
    /// A program.
    Tool(&'static str),
    /// A file, a device or a folder.
    Place(&'static str),
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The zoo's own.
    Plain,
    /// The zoo's own, over TLS.
    Tls,
    /// Addresses of names, after a while; whoever asks for names asks there.
    Names,
    /// redis-server, as it comes.
    Redis,
    /// PostgreSQL, as it comes, with an empty database.
    Postgres,
    /// PgBouncer, as it comes, before the PostgreSQL that was started before it.
    Bouncer,
    /// MariaDB, as it comes, with a row for each worker.
    MariaDb,
    /// nginx, as it comes: by itself, or before the server that was started before it.
    Nginx,
    /// Reads what the program prints.
    Reader,
    /// A file system that the program finds mounted.
    Files,
}

impl Server {
    /// Its program, and the name that it runs under.
    #[must_use]
    pub fn program(&self) -> (Program, &'static str) {
        match self.service {
            Service::Plain => (Program::Rust("server"), self.role),
            Service::Tls => (Program::Python("tls_server"), "server"),
            Service::Names => (Program::Python("slow_names"), "names"),
            Service::Redis => (Program::Python("start_redis"), "start"),
            Service::Postgres => (Program::Python("start_postgres"), "start"),
            Service::Bouncer => (Program::Python("start_bouncer"), "start"),
            Service::MariaDb => (Program::Python("start_mariadb"), "start"),
            Service::Nginx => (Program::Python("start_nginx"), "start"),
            Service::Reader => (Program::Rust("reader"), self.role),
            Service::Files => (Program::Rust("files"), self.role),
        }
    }
}

/// What must be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// Nothing in particular.
    Any,
    /// A lock taken in this function.
    CallSite(&'static str),
    /// A file whose path has this in it.
    File(&'static str),
    /// The server with this role, by address and process.
    Server(&'static str),
    /// A process of this host that serves the workers, by the name of its program.
    Process(&'static str),
    /// Something of this kind.
    Kind(&'static str),
    /// Threads or CPUs, with this function as what keeps them busy.
    Runs(&'static str),
    /// The same of a function that its runtime may inline into another one, which then has its time.
    RunsInlined {
        /// The function.
        function: &'static str,
        /// The one that calls it.
        into: &'static str,
    },
}

/// What a case draws.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many workers.
    pub workers: usize,
    /// The program.
    pub program: Program,
    /// Its parameters.
    pub settings: Settings,
    /// Started first.
    pub servers: Vec<Server>,
    /// What must be there.
    pub needs: Vec<Need>,
    /// Writes a second that the program may send to its disk.
    pub write_limit: Option<u32>,
    /// Reads a second that it may make of it.
    pub read_limit: Option<u32>,
    /// Bytes of memory that it may have.
    pub memory_limit: Option<u64>,
    /// Bits a second that the way to the server for `output` carries.
    pub link_limit: Option<u64>,
    /// What must be named.
    pub culprit: Culprit,
    /// What cannot be told apart from the case's cause from outside.
    pub or: Option<Cause>,
    /// holdup is told how many workers there are, since nothing shows it.
    pub told: bool,
    /// About how long an item takes one worker alone, ms.
    pub alone_ms: u64,
    /// About how long an item takes one of all the workers, ms.
    pub together_ms: u64,
}

impl Plan {
    /// A plan without servers, limits or a culprit.
    #[must_use]
    pub fn new(workers: u64, program: Program, alone_ms: u64, together_ms: u64) -> Self {
        Self {
            workers: usize::try_from(workers).unwrap_or(usize::MAX),
            program,
            settings: Settings::default().set("stagger_us", alone_ms * 1000 / workers.max(1)),
            servers: Vec::new(),
            needs: Vec::new(),
            write_limit: None,
            read_limit: None,
            memory_limit: None,
            link_limit: None,
            culprit: Culprit::Any,
            or: None,
            told: false,
            alone_ms,
            together_ms,
        }
    }

    /// With a parameter of the program.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl Display) -> Self {
        self.settings = self.settings.set(name, value);
        self
    }

    /// With a server for `role` that takes `service_us` for a request.
    #[must_use]
    pub fn server(self, role: &'static str, service_us: u64, more: Settings) -> Self {
        self.served_by(Service::Plain, role, more.set("service_us", service_us))
    }

    /// With such a server for `role`.
    #[must_use]
    pub fn served_by(mut self, service: Service, role: &'static str, settings: Settings) -> Self {
        self.servers.push(Server {
            role,
            service,
            settings,
        });
        self
    }

    /// Where this is there.
    #[must_use]
    pub fn needs(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// With all servers over TLS.
    #[must_use]
    pub fn over_tls(mut self) -> Self {
        for server in &mut self.servers {
            server.service = Service::Tls;
        }
        self.set("tls", 1)
    }

    /// With the number of workers told to holdup.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.told = true;
        self
    }

    /// Not to be told apart from this other cause from outside.
    #[must_use]
    pub fn or(mut self, cause: Cause) -> Self {
        self.or = Some(cause);
        self
    }

    /// To be named.
    #[must_use]
    pub fn culprit(mut self, culprit: Culprit) -> Self {
        self.culprit = culprit;
        self
    }
}
