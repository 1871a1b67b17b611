//! Building the programs, each once, under names that give nothing away.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::plan::{Need, Program};
use crate::programs;

/// Why a program cannot be had here.
#[derive(Debug, thiserror::Error)]
pub enum WorkshopError {
    /// A compiler or interpreter is missing.
    #[error("{tool} is not installed")]
    NoTool {
        /// Which.
        tool: &'static str,
    },
    /// A library is missing.
    #[error("{language} has no {module}")]
    NoModule {
        /// Of which language.
        language: &'static str,
        /// Which.
        module: &'static str,
    },
    /// A tool failed.
    #[error("{tool} failed: {output}")]
    Failed {
        /// Which.
        tool: &'static str,
        /// What it said.
        output: String,
    },
    /// A file could not be written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no such source.
    #[error("no program {0}")]
    NoSource(String),
}

/// A folder with everything that was built so far.
#[derive(Debug)]
pub struct Workshop {
    folder: tempfile::TempDir,
    built: HashMap<String, PathBuf>,
    found: HashSet<Need>,
    certificate: bool,
}

impl Workshop {
    /// An empty one, on a disk where there is one.
    ///
    /// # Errors
    /// There is no place for it.
    pub fn open() -> io::Result<Self> {
        let disk = Path::new("/var/tmp");
        let parent = if disk.is_dir() {
            disk.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = tempfile::Builder::new().prefix("w").tempdir_in(parent)?;
        Ok(Self {
            folder,
            built: HashMap::new(),
            found: HashSet::new(),
            certificate: false,
        })
    }

    /// An empty folder for a run, with `data` in it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn bench(&self) -> io::Result<tempfile::TempDir> {
        let bench = tempfile::Builder::new()
            .prefix("r")
            .tempdir_in(self.folder.path())?;
        fs::create_dir(bench.path().join("data"))?;
        Ok(bench)
    }

    /// Makes sure that `what` is there.
    ///
    /// # Errors
    /// It is not.
    pub fn find(&mut self, what: Need) -> Result<(), WorkshopError> {
        if self.found.contains(&what) {
            return Ok(());
        }
        let (language, module, mut command) = match what {
            Need::Tool(tool) => return need(tool),
            Need::Place(path) if Path::new(path).exists() => return Ok(()),
            Need::Place(tool) => return Err(WorkshopError::NoTool { tool }),
            Need::Python(module) => {
                let mut command = Command::new("python3");
                command.args(["-c", &format!("import {module}")]);
                ("python3", module, command)
            }
            Need::Node(module) => {
                let mut command = node();
                command.args(["-e", &format!("require({module:?})")]);
                ("node", module, command)
            }
        };
        need(language)?;
        finish(language, &mut command).map_err(|_| WorkshopError::NoModule { language, module })?;
        self.found.insert(what);
        Ok(())
    }

    /// Puts `program` into `bench` as `name` and gives the command that runs it there.
    ///
    /// # Errors
    /// [`WorkshopError`].
    pub fn place(
        &mut self,
        program: Program,
        bench: &Path,
        name: &str,
    ) -> Result<Command, WorkshopError> {
        match program {
            Program::Rust(source) => {
                let built = self.compile(
                    "rustc",
                    &format!("{source}.rs"),
                    "worker.rs",
                    programs::RUST_WITH,
                )?;
                self.executable(&built, bench, name)
            }
            Program::C(source) => {
                let built =
                    self.compile("cc", &format!("{source}.c"), "worker.c", programs::C_WITH)?;
                self.executable(&built, bench, name)
            }
            Program::Python(source) => {
                need("python3")?;
                write_all(bench, programs::PYTHON_WITH)?;
                let script = format!("{name}.py");
                write_all(bench, &[(&script, text_of(&format!("{source}.py"))?)])?;
                let mut command = Command::new("python3");
                // No folder of compiled modules, which the next program would find.
                command.arg("-B").arg(script).current_dir(bench);
                Ok(command)
            }
            Program::Go(source) => {
                let built = self.compile("go", &format!("{source}.go"), "worker.go", &[])?;
                self.executable(&built, bench, name)
            }
            Program::Node(source) => {
                need("node")?;
                let script = format!("{name}.js");
                write_all(bench, &[(&script, text_of(&format!("{source}.js"))?)])?;
                let mut command = node();
                command.arg(script).current_dir(bench);
                Ok(command)
            }
            Program::Built(name_of) => {
                let beside = std::env::current_exe().unwrap_or_default();
                let built = beside.with_file_name(name_of);
                self.executable(&built, bench, name)
            }
            Program::Java(source) => {
                let built = self.compile(
                    "javac",
                    &format!("{source}.java"),
                    "Worker.java",
                    programs::JAVA_WITH,
                )?;
                need("java")?;
                let mut command = Command::new("java");
                command.args(["-XX:+UseSerialGC", "-Xmx64m", "-cp"]);
                command.arg(built.with_file_name(""));
                command.arg("Worker").current_dir(bench);
                Ok(command)
            }
        }
    }

    /// Puts a certificate for localhost and its key into `bench`.
    ///
    /// # Errors
    /// There is no openssl, or it fails.
    pub fn place_certificate(&mut self, bench: &Path) -> Result<(), WorkshopError> {
        let names = ["certificate", "key"];
        if !self.certificate {
            need("openssl")?;
            let mut command = Command::new("openssl");
            command.args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ]);
            command.args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ]);
            command.args(["-keyout", names[1], "-out", names[0]]);
            finish("openssl", command.current_dir(self.folder.path()))?;
            self.certificate = true;
        }
        for name in names {
            let place = bench.join(name);
            if !place.exists() {
                link(&self.folder.path().join(name), &place)?;
            }
        }
        Ok(())
    }

    fn executable(&self, built: &Path, bench: &Path, name: &str) -> Result<Command, WorkshopError> {
        let place = bench.join(name);
        link(built, &place)?;
        let mut command = Command::new(place);
        command.current_dir(bench);
        Ok(command)
    }

    fn compile(
        &mut self,
        tool: &'static str,
        file: &str,
        neutral: &str,
        with: &[(&str, &str)],
    ) -> Result<PathBuf, WorkshopError> {
        if let Some(done) = self.built.get(file) {
            return Ok(done.clone());
        }
        need(tool)?;
        let folder = self.folder.path().join(format!("b{}", self.built.len()));
        fs::create_dir(&folder).map_err(|source| WorkshopError::Io {
            path: folder.clone(),
            source,
        })?;
        write_all(&folder, with)?;
        write_all(&folder, &[(neutral, text_of(file)?)])?;
        let mut command = Command::new(tool);
        match tool {
            "rustc" => command.args(["--edition", "2024", "-O", "-Cdebuginfo=1", "-o", "built"]),
            "javac" => &mut command,
            // One file needs no module, and the cache goes with the workshop.
            "go" => command
                .args(["build", "-o", "built"])
                .env("GO111MODULE", "off")
                .env("GOCACHE", self.folder.path().join("go")),
            _ => command.args(["-O2", "-g", "-pthread", "-o", "built"]),
        }
        .arg(neutral);
        finish(tool, command.current_dir(&folder))?;
        let built = folder.join("built");
        self.built.insert(file.to_owned(), built.clone());
        Ok(built)
    }
}

/// Node, with the packages that are installed for all.
fn node() -> Command {
    let mut command = Command::new("node");
    command.env(
        "NODE_PATH",
        "/usr/lib/node_modules:/usr/local/lib/node_modules:/usr/share/nodejs",
    );
    // Clients warn of what their next version will not do any more.
    command.env("NODE_NO_WARNINGS", "1");
    command
}

fn text_of(file: &str) -> Result<&'static str, WorkshopError> {
    programs::source(file).ok_or_else(|| WorkshopError::NoSource(file.to_owned()))
}

fn write_all(folder: &Path, files: &[(&str, &str)]) -> Result<(), WorkshopError> {
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|source| WorkshopError::Io { path, source })?;
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> Result<(), WorkshopError> {
    fs::copy(from, to)
        .map(drop)
        .map_err(|source| WorkshopError::Io {
            path: to.to_owned(),
            source,
        })
}

fn need(tool: &'static str) -> Result<(), WorkshopError> {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()));
    if found {
        Ok(())
    } else {
        Err(WorkshopError::NoTool { tool })
    }
}

fn finish(tool: &'static str, command: &mut Command) -> Result<(), WorkshopError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| WorkshopError::Io {
            path: tool.into(),
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(WorkshopError::Failed {
        tool,
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
