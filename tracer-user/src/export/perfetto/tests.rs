//! What is drawn of small workloads, read back packet by packet.

use std::collections::BTreeMap;

use prost::Message;

use super::proto::{COUNTER, INSTANT, SLICE_BEGIN, SLICE_END, Trace, TrackEvent};
use super::*;
use crate::export::export;
use crate::row::{MemorySource, OpenRequest, ResourceId};
use crate::script;

/// A slice as a viewer puts it together.
#[derive(Clone, Debug, PartialEq)]
struct Slice {
    from: u64,
    to: u64,
    category: String,
    name: String,
    ends: Vec<u64>,
}

/// All that is in a trace.
#[derive(Debug, Default)]
struct Drawn {
    /// Names of tracks by their numbers.
    tracks: BTreeMap<u64, String>,
    slices: BTreeMap<u64, Vec<Slice>>,
    counters: BTreeMap<u64, Vec<(u64, i64)>>,
    begun: Vec<u64>,
}

impl Drawn {
    /// The tracks whose names begin so.
    fn named(&self, beginning: &str) -> Vec<u64> {
        let tracks = self.tracks.iter();
        let named = tracks.filter(|(_, name)| name.starts_with(beginning));
        named.map(|(uuid, _)| *uuid).collect()
    }

    fn slices(&self, beginning: &str) -> Vec<&Slice> {
        let tracks = self.named(beginning);
        let slices = tracks.iter().filter_map(|track| self.slices.get(track));
        slices.flatten().collect()
    }
}

fn drawn(text: &str) -> (Drawn, u64) {
    drawn_of(&script::workload(text))
}

fn drawn_of(source: &MemorySource) -> (Drawn, u64) {
    let mut bytes = Vec::new();
    export(source, &mut Perfetto, &mut bytes).expect("in memory");
    let trace = Trace::decode(bytes.as_slice()).expect("its own messages");
    let mut drawn = Drawn::default();
    let mut names = BTreeMap::new();
    let mut open: BTreeMap<u64, (u64, TrackEvent)> = BTreeMap::new();
    for packet in trace.packet {
        if let Some(of) = packet.track_descriptor {
            let name = of.name.or(of.thread.and_then(|thread| thread.thread_name));
            let name = name.or(of.process.and_then(|process| process.process_name));
            let uuid = of.uuid.expect("each track has a number");
            if let Some(parent) = of.parent_uuid {
                assert!(drawn.tracks.contains_key(&parent), "{name:?}");
            }
            drawn.tracks.insert(uuid, name.unwrap_or_default());
        }
        for name in packet
            .interned_data
            .into_iter()
            .flat_map(|data| data.event_names)
        {
            names.insert(name.iid.expect("a number"), name.name.expect("a name"));
        }
        let Some(event) = packet.track_event else {
            continue;
        };
        let at = packet.timestamp.expect("each event has a time");
        let track = event.track_uuid.expect("and a track");
        assert!(drawn.tracks.contains_key(&track), "described before");
        match event.r#type.expect("and a type") {
            SLICE_BEGIN => assert!(open.insert(track, (at, event)).is_none(), "one at a time"),
            SLICE_END => {
                let (from, begin) = open.remove(&track).expect("it began");
                let slice = Slice {
                    from,
                    to: at,
                    category: begin.categories[0].clone(),
                    name: names[&begin.name_iid.expect("a name")].clone(),
                    ends: begin.terminating_flow_ids,
                };
                drawn.slices.entry(track).or_default().push(slice);
            }
            INSTANT => drawn.begun.extend(event.flow_ids),
            COUNTER => {
                let value = event.counter_value.expect("a value");
                drawn.counters.entry(track).or_default().push((at, value));
            }
            other => panic!("type {other}"),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    (drawn, source.meta.closed.since(source.meta.opened).0)
}

#[test]
fn every_nanosecond_of_a_worker_is_drawn_once() {
    let (drawn, window) =
        drawn("cpus 1\nwindow 1s\n6 workers: fetch A 5ms; lock L held 2ms; compute 2ms");
    let workers = drawn.named("worker");
    assert_eq!(workers.len(), 6, "{:?}", drawn.tracks);
    for worker in workers {
        let slices = &drawn.slices[&worker];
        let sum: u64 = slices.iter().map(|slice| slice.to - slice.from).sum();
        assert_eq!(sum, window);
        assert!(slices.windows(2).all(|two| two[0].to == two[1].from));
        let mut categories: Vec<&str> =
            slices.iter().map(|slice| slice.category.as_str()).collect();
        categories.sort_unstable();
        categories.dedup();
        assert_eq!(categories, ["queued", "running", "waiting"]);
        assert!(slices.iter().any(|slice| slice.name.starts_with("lock ")));
    }
}

#[test]
fn requests_are_on_their_connections_and_counted_at_their_peer() {
    let (drawn, _) = drawn("window 1s\n4 workers: fetch A 5ms; compute 1ms");
    let requests = drawn.slices("connection");
    assert!(requests.len() > 500, "{}", requests.len());
    // What was asked before the window is not known.
    let other = requests
        .iter()
        .filter(|slice| !slice.name.starts_with("HTTP read"));
    assert!(other.count() <= 4);
    let long = requests
        .iter()
        .filter(|slice| slice.to - slice.from >= 5_000_000);
    assert!(long.count() > 500);
    let [peer] = drawn.named("in flight at")[..] else {
        panic!("{:?}", drawn.tracks);
    };
    let counts = &drawn.counters[&peer];
    assert!(counts.windows(2).all(|two| two[0].0 <= two[1].0));
    assert!(counts.iter().all(|(_, count)| (0..=4).contains(count)));
    assert_eq!(counts.iter().map(|(_, count)| *count).max(), Some(4));
}

#[test]
fn a_request_from_before_the_window_is_drawn_from_its_begin_on() {
    let mut source = script::workload("window 1s\n4 workers: fetch A 5ms; compute 1ms");
    let opened = source.meta.opened;
    let batch = source.batches.first_mut().expect("a batch");
    let mut asked = BTreeMap::new();
    batch.calls.retain(|call| {
        let is_first = call.call.is_output() && !asked.contains_key(&call.resource);
        if is_first {
            asked.insert(call.resource, call.pid);
        }
        !is_first
    });
    let found = |(resource, pid): (&ResourceId, &Pid)| OpenRequest {
        end: opened,
        asked: opened,
        resource: *resource,
        pid: *pid,
    };
    batch.requests = asked.iter().map(found).collect();
    let (drawn, _) = drawn_of(&source);
    assert_eq!(asked.len(), 4);
    for connection in drawn.named("connection") {
        let first = &drawn.slices[&connection][0];
        assert_eq!(
            (first.from, first.name.as_str()),
            (opened.0, "request, 200"),
            "{first:?}"
        );
    }
}

#[test]
fn who_wakes_whom_is_an_arrow_and_who_queues_is_counted() {
    let (drawn, _) = drawn("cpus 1\nwindow 1s\n6 workers: sleep 2ms; lock L held 1ms; compute 4ms");
    let ended: Vec<u64> = drawn
        .slices("worker")
        .iter()
        .flat_map(|slice| slice.ends.clone())
        .collect();
    assert!(ended.len() > 50, "{}", ended.len());
    assert!(ended.iter().all(|flow| drawn.begun.contains(flow)));
    let [queue] = drawn.named("run queue")[..] else {
        panic!("{:?}", drawn.tracks);
    };
    let counts = &drawn.counters[&queue];
    assert!(counts.iter().all(|(_, count)| (0..=6).contains(count)));
    assert!(counts.iter().any(|(_, count)| *count >= 2));
}
