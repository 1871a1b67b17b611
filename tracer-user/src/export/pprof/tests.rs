//! What is written of a small workload, read back.

use std::io::Read as _;

use super::*;
use crate::export::{Folded, Time, export};
use crate::script;

fn profile(text: &str) -> (Profile, u64) {
    let mut source = script::workload(text);
    // Waits reach over both ends of what is counted.
    let opened = Nanos(source.meta.opened.0 + 501_000_000);
    (source.meta.opened, source.meta.closed) = (opened, Nanos(opened.0 + 1_001_000_000));
    let mut out = Vec::new();
    export(&source, &mut Pprof, &mut out).expect("in memory");
    let mut bytes = Vec::new();
    let mut packed = flate2::read::GzDecoder::new(out.as_slice());
    packed.read_to_end(&mut bytes).expect("packed");
    let mut folded = Vec::new();
    let mut form = Folded::new(&source.meta, Time::OffCpu);
    export(&source, &mut form, &mut folded).expect("in memory");
    let folded = String::from_utf8(folded).expect("text");
    let sums = folded.lines().filter_map(|line| line.rsplit(' ').next());
    let microseconds = sums.map(|sum| sum.parse::<u64>().expect("a number")).sum();
    (
        Profile::decode(bytes.as_slice()).expect("its own messages"),
        microseconds,
    )
}

const WORK: &str = "window 2s\n4 workers: fetch A 5ms; lock L held 4ms";

#[test]
fn delays_are_those_of_folded_stacks() {
    let (profile, microseconds) = profile(WORK);
    let delay: i64 = profile.sample.iter().map(|sample| sample.value[1]).sum();
    let off = delay.unsigned_abs().abs_diff(1000 * microseconds);
    assert!(
        off <= 1000 * profile.sample.len() as u64,
        "{delay} {microseconds}"
    );
    let waits: i64 = profile.sample.iter().map(|sample| sample.value[0]).sum();
    assert!(waits > 100, "{waits}");
}

#[test]
fn whatever_a_number_names_is_there() {
    let (profile, _) = profile(WORK);
    let text =
        |number: i64| profile.string_table[usize::try_from(number).expect("a number")].as_str();
    assert_eq!(text(0), "");
    let types: Vec<(&str, &str)> = (profile.sample_type.iter())
        .map(|of| (text(of.r#type), text(of.unit)))
        .collect();
    assert_eq!(types, [("contentions", "count"), ("delay", "nanoseconds")]);
    let function = |location: u64| {
        let location = profile
            .location
            .iter()
            .find(|one| one.id == location)
            .expect("there");
        let id = location.line[0].function_id;
        text(
            profile
                .function
                .iter()
                .find(|one| one.id == id)
                .expect("there")
                .name,
        )
    };
    let mut threads = Vec::new();
    for sample in &profile.sample {
        assert!(function(sample.location_id[0]).starts_with('['));
        assert!(
            sample
                .location_id
                .iter()
                .all(|id| !function(*id).is_empty())
        );
        assert_eq!(text(sample.label[0].key), "thread");
        threads.push(text(sample.label[0].str));
    }
    threads.sort_unstable();
    threads.dedup();
    assert_eq!(threads.len(), 4, "{threads:?}");
}
