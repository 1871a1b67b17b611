//! A program that keeps books of its own, watched while it works.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use holdup::capture::{Flow, Session, Settings, TargetSpec};
use holdup::row::{Batch, Meta, RowSink, SinkError, Stack, StackId};

/// All rows of a window.
#[derive(Default)]
pub struct Rows(pub Vec<Batch>);

impl RowSink for Rows {
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.0.push(batch);
        Ok(())
    }
}

/// The numbers a program printed as its last line, and what was seen of it.
pub struct Seen {
    pub said: Vec<u64>,
    pub rows: Rows,
    pub meta: Meta,
}

impl Seen {
    /// All stacks, by their ids.
    pub fn stacks(&self) -> HashMap<StackId, &Stack> {
        let batches = self.rows.0.iter();
        let stacks = batches.flat_map(|batch| &batch.stacks);
        stacks.map(|stack| (stack.id, stack)).collect()
    }
}

/// A Python program of this text.
pub fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", script]);
    command
}

/// Compiles a C program of this package into `folder`.
pub fn compile(source: &Path, folder: &Path) -> PathBuf {
    let program = folder.join("program");
    let mut compiler = Command::new("gcc");
    compiler
        .args(["-O2", "-g", "-fomit-frame-pointer", "-pthread", "-o"])
        .arg(&program)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source));
    assert!(compiler.status().expect("gcc is here").success());
    program
}

/// Runs a program that says "ready", works between reading a line and printing a line of numbers, and ends with its input; it
/// is watched while it works.
pub fn watch(command: &mut Command) -> Seen {
    watch_within(command, None)
}

/// Likewise, with a budget of so many percent.
pub fn watch_within(command: &mut Command, max_overhead: Option<f64>) -> Seen {
    let mut program = Program::start(command);
    let settings = Settings {
        targets: vec![TargetSpec::Pid(program.child.id())],
        duration: Some(Duration::from_secs(60)),
        max_overhead,
        ..Settings::default()
    };
    let session = Session::open(settings).unwrap_or_else(|error| panic!("{error}"));
    let mut rows = Rows::default();
    let mut said = None;
    program.go();
    let meta = session
        .run(&mut rows, &mut |_| {
            said = said.take().or_else(|| program.said());
            if said.is_some() {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })
        .expect("watched to the end");
    Seen {
        said: said.expect("the program printed its books"),
        rows,
        meta,
    }
}

/// The program waits for its first line of input before it works, and for its end of input before it ends.
pub struct Program {
    child: Child,
    input: ChildStdin,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Program {
    /// Starts it and waits until it is ready.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let input = child.stdin.take().expect("piped");
        let lines = forward(child.stdout.take().expect("piped"));
        let ready: String = lines.recv().expect("it says that it is ready");
        assert_eq!(ready, "ready");
        Self {
            child,
            input,
            lines,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets it work.
    pub fn go(&mut self) {
        self.input.write_all(b"go\n").expect("it reads");
    }

    /// The numbers it has printed, if it has.
    pub fn said(&self) -> Option<Vec<u64>> {
        let line = self.lines.try_recv().ok()?;
        let numbers = line.split(' ').map(|word| word.parse().expect("a number"));
        Some(numbers.collect())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(output: ChildStdout) -> std::sync::mpsc::Receiver<String> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
