//! A look at the window so far, and rows that come in pieces.

use super::{Options, report};
use crate::analyse::Analyzer;
use crate::report::{Coverage, Report};
use crate::row::Nanos;
use crate::script;

/// Of every mechanism something.
const ALL: &str = "cpus 2\n\
    window 12s\n\
    peer A serves 2 local\n\
    6 workers: fetch A 20ms+-10ms; compute 3ms; lock L held 8ms; every 5 items fsync F 10ms; write B 5ms\n\
    2 workers: queue Never\n\
    children 5/s: read /lib/libc.so 2ms\n\
    1 helper: sleep 100ms; flock G held 3ms polling 1ms";

#[test]
fn rows_in_any_number_of_batches_give_the_same_report() {
    let source = script::workload(ALL);
    let whole = report(&source);
    assert!(whole.items.count > 500, "{:?}", whole.items);
    for pieces in [1, 7, 100] {
        let split = report(&script::in_batches(&source, pieces));
        assert_eq!(split, whole, "{pieces} batches");
    }
}

#[test]
fn a_look_in_the_middle_is_the_report_of_a_window_that_closes_there() {
    let source = script::in_batches(&script::workload(ALL), 120);
    let mut analyzer = Analyzer::new(&source.meta, &Options::default()).expect("no rules");
    let mut looks = 0;
    for (number, batch) in source.batches.iter().enumerate() {
        analyzer.observe(batch.clone());
        if number % 30 != 29 {
            continue;
        }
        let look = analyzer
            .snapshot(&source.meta)
            .expect("no item is asked for");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number of nanoseconds"
        )]
        let length = Nanos((look.report.window_s * 1e9).round() as u64);
        let at = source.meta.opened + length;
        let mut closed = script::closed_at(&source, at);
        closed.meta.counters = source.meta.counters.clone();
        // How many rows were read is another number.
        let without = |report: Report| Report {
            coverage: Coverage::default(),
            ..report
        };
        assert_eq!(without(look.report), without(report(&closed)), "at {at:?}");
        looks += 1;
    }
    assert_eq!(looks, 4);
}
