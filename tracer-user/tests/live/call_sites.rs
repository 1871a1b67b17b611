//! Lock waits of a program without frame pointers name the function and line that takes the lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use holdup::capture::{Flow, Session, Settings, TargetSpec};
use holdup::row::{Batch, ResourceId, RowSink, SinkError, Stack, StackId, Syscall, Wait};

#[derive(Default)]
struct Kept {
    stacks: HashMap<StackId, Stack>,
    waits: Vec<Wait>,
}

impl RowSink for Kept {
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError> {
        self.stacks
            .extend(batch.stacks.into_iter().map(|stack| (stack.id, stack)));
        self.waits.extend(batch.waits);
        Ok(())
    }
}

#[test]
fn each_lock_has_the_line_that_takes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("contended");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/callsite/contended.c");
    let mut compiler = Command::new("gcc");
    compiler
        .args(["-O2", "-g", "-fomit-frame-pointer", "-pthread", "-o"])
        .arg(&program)
        .arg(source);
    assert!(compiler.status().expect("gcc is here").success());

    let mut child = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let output = child.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");

    let settings = Settings {
        targets: vec![TargetSpec::Pid(child.id())],
        duration: Some(Duration::from_secs(2)),
        ..Settings::default()
    };
    let mut kept = Kept::default();
    let session = Session::open(settings).expect("attached");
    let meta = session
        .run(&mut kept, &mut |_| Flow::Continue)
        .expect("captured");
    child.kill().expect("it runs");
    child.wait().expect("it ends");

    let mut sites: BTreeMap<ResourceId, BTreeSet<String>> = BTreeMap::new();
    for wait in kept.waits.iter().filter(|wait| wait.call == Syscall::Futex) {
        if wait.stack == StackId::NONE {
            continue;
        }
        let stack = kept.stacks.get(&wait.stack).expect("its row came before");
        let site = stack
            .call_site()
            .map(ToString::to_string)
            .unwrap_or_default();
        sites.entry(wait.resource).or_default().insert(site);
    }
    let one = |site: &str| BTreeSet::from([site.to_owned()]);
    let found: BTreeSet<_> = sites.into_values().collect();
    let expect = [
        one("write_rows (contended.c:11)"),
        one("add_totals (contended.c:19)"),
    ];
    assert_eq!(found, BTreeSet::from(expect));
    assert_eq!(meta.counters.stack_failures, 0);
    assert_eq!(meta.counters.lost(), 0);
}
