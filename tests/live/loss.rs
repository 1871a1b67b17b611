//! A ring buffer that overflows: what is lost is counted to the last record, and the time of it is noted.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use holdup::capture::{Flow, RING_BYTES, Session, Settings, TargetSpec};
use holdup::row::{Batch, Nanos};

use crate::watched::{Program, Rows, compile};

/// Pairs of calls: many times what the smallest ring buffer holds.
const PAIRS: &str = "2000";
/// A program that makes so few calls is done after this.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the byte that is shared with the program says.
const DONE: u8 = 1;
const GO_ON: u8 = 2;

/// While the program makes its calls, nobody empties the ring buffer: the session's own tick waits for it. So it overflows however
/// fast or slow this machine is.
pub fn what_is_generated_is_recorded_or_counted_as_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = compile(Path::new("live/fill.c"), folder.path());
    let path = folder.path().join("shared");
    std::fs::write(&path, [0]).expect("it can be written");
    let shared = std::fs::File::options()
        .read(true)
        .write(true)
        .open(&path)
        .expect("it opens");
    let mut program = Program::start(Command::new(binary).arg(&path).arg(PAIRS));
    let settings = Settings {
        targets: vec![TargetSpec::Pid(program.pid())],
        ring_bytes: *RING_BYTES.start(),
        // A snapshot of a stack that is lost is neither a wait nor a call.
        call_sites: false,
        ..Settings::default()
    };
    let session = Session::open(settings).unwrap_or_else(|error| panic!("{error}"));
    let mut rows = Rows::default();
    let (mut ticks, mut said) = (0, None);
    let meta = session
        .run(&mut rows, &mut |_| {
            ticks += 1;
            match ticks {
                1 => {
                    program.go();
                    wait_for_the_end(&shared);
                }
                // The ring buffer was emptied since.
                2 => shared.write_all_at(&[GO_ON], 0).expect("it can be written"),
                _ => said = program.said(),
            }
            if said.is_some() {
                Flow::Stop
            } else {
                Flow::Continue
            }
        })
        .expect("watched to the end");
    let said = said.expect("the program printed its counts");
    let &[calls, waits, from, until] = said.as_slice() else {
        panic!("{said:?}");
    };

    let is_counted = |end: Nanos| end > Nanos(from) && end <= Nanos(until);
    let batches: &[Batch] = &rows.0;
    let all = batches.iter().flat_map(|batch| &batch.calls);
    let recorded_calls: u64 = all
        .filter(|call| is_counted(call.end))
        .map(|call| u64::from(call.count))
        .sum();
    let all = batches.iter().flat_map(|batch| &batch.waits);
    let recorded_waits = all
        .filter(|wait| is_counted(wait.end) && !wait.continues)
        .count() as u64;
    let lost = &meta.counters;
    assert!(lost.lost_calls > 0 && lost.lost_waits > 0, "{lost:?}");
    assert_eq!(calls, recorded_calls + lost.lost_calls, "calls: {lost:?}");
    assert_eq!(waits, recorded_waits + lost.lost_waits, "waits: {lost:?}");
    assert_eq!(lost.lost(), lost.lost_calls + lost.lost_waits, "{lost:?}");

    // All that was lost lies in the gaps, and these in the window.
    let gaps: Vec<(Nanos, Nanos)> = batches
        .iter()
        .flat_map(|batch| batch.gaps.clone())
        .collect();
    assert!(!gaps.is_empty());
    for (from, to) in &gaps {
        assert!(
            meta.opened <= *from && from < to && *to <= meta.closed,
            "{gaps:?}"
        );
    }
    let last = batches
        .iter()
        .flat_map(|batch| &batch.calls)
        .filter(|call| is_counted(call.end))
        .map(|call| call.end)
        .max()
        .expect("calls");
    assert!(
        gaps.iter().any(|(from, to)| *from <= last && last < *to),
        "{last:?} {gaps:?}"
    );
}

fn wait_for_the_end(shared: &std::fs::File) {
    let began = Instant::now();
    let mut byte = [0];
    while byte != [DONE] {
        assert!(began.elapsed() < PATIENCE, "the program does not get on");
        std::thread::sleep(Duration::from_millis(1));
        shared.read_exact_at(&mut byte, 0).expect("it can be read");
    }
}
