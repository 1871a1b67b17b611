//! Packets one after the other: tracks are described before what is on them, names are written once.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use prost::Message;

use super::proto::{
    CLEARED, COUNTER, CounterDescriptor, EventName, INSTANT, InternedData, NEEDED,
    ProcessDescriptor, SLICE_BEGIN, SLICE_END, ThreadDescriptor, Trace, TracePacket,
    TrackDescriptor, TrackEvent,
};
use crate::row::{Nanos, Pid, Tid};

/// All packets are of one sequence.
const SEQUENCE: u32 = 1;

/// A track of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Track {
    /// All of a process.
    Process(Pid),
    /// What a thread does.
    Thread(Tid),
    /// What a task does.
    Task(u32),
    /// Requests on a connection, by its number in the trace.
    Connection(u32),
    /// How many requests are under way at a peer, by its number in the analysis.
    InFlight(u32),
    /// How many threads are ready to run without a CPU.
    RunQueue,
}

impl Track {
    /// A number of its own: the kind of track stands in the highest bits.
    fn uuid(self) -> u64 {
        let (kind, number) = match self {
            Self::Process(pid) => (1, u64::from(pid.0)),
            Self::Thread(tid) => (2, u64::from(tid.0)),
            Self::Task(task) => (3, u64::from(task)),
            Self::Connection(socket) => (4, u64::from(socket)),
            Self::InFlight(class) => (5, u64::from(class)),
            Self::RunQueue => (6, 0),
        };
        (kind << 60) | (number & ((1 << 60) - 1))
    }
}

/// Arrows between slices.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flows {
    /// One begins here.
    pub(super) begins: Option<u64>,
    /// One ends here.
    pub(super) ends: Option<u64>,
}

/// Writes packets.
pub(super) struct Packets<'o> {
    out: &'o mut dyn Write,
    buffer: Vec<u8>,
    is_begun: bool,
    names: HashMap<String, u64>,
    described: HashSet<(u64, String)>,
}

impl<'o> Packets<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        Self {
            out,
            buffer: Vec::new(),
            is_begun: false,
            names: HashMap::new(),
            described: HashSet::new(),
        }
    }

    fn write(&mut self, packet: TracePacket) -> io::Result<()> {
        let flags = if self.is_begun {
            NEEDED
        } else {
            CLEARED | NEEDED
        };
        self.is_begun = true;
        let trace = Trace {
            packet: vec![TracePacket {
                trusted_packet_sequence_id: Some(SEQUENCE),
                sequence_flags: Some(flags),
                ..packet
            }],
        };
        self.buffer.clear();
        trace.encode(&mut self.buffer).map_err(io::Error::other)?;
        self.out.write_all(&self.buffer)
    }

    /// Describes a track, unless it was described by this name before.
    pub(super) fn describe(
        &mut self,
        track: Track,
        below: Option<Pid>,
        name: &str,
    ) -> io::Result<()> {
        if !self.described.insert((track.uuid(), name.to_owned())) {
            return Ok(());
        }
        let mut descriptor = TrackDescriptor {
            uuid: Some(track.uuid()),
            parent_uuid: below.map(|pid| Track::Process(pid).uuid()),
            ..TrackDescriptor::default()
        };
        let number = |id: u32| Some(id.cast_signed());
        match track {
            Track::Process(pid) => {
                descriptor.process = Some(ProcessDescriptor {
                    pid: number(pid.0),
                    process_name: Some(name.to_owned()),
                });
            }
            Track::Thread(tid) => {
                descriptor.thread = Some(ThreadDescriptor {
                    pid: below.and_then(|pid| number(pid.0)),
                    tid: number(tid.0),
                    thread_name: Some(name.to_owned()),
                });
            }
            Track::InFlight(_) | Track::RunQueue => {
                descriptor.name = Some(name.to_owned());
                descriptor.counter = Some(CounterDescriptor {});
            }
            Track::Task(_) | Track::Connection(_) => descriptor.name = Some(name.to_owned()),
        }
        self.write(TracePacket {
            track_descriptor: Some(descriptor),
            ..TracePacket::default()
        })
    }

    /// A slice from one instant to another.
    pub(super) fn slice(
        &mut self,
        track: Track,
        (from, to): (Nanos, Nanos),
        (category, name): (&str, &str),
        flows: Flows,
    ) -> io::Result<()> {
        let (name, interned) = self.name(name);
        let begin = TrackEvent {
            r#type: Some(SLICE_BEGIN),
            track_uuid: Some(track.uuid()),
            name_iid: Some(name),
            categories: vec![category.to_owned()],
            flow_ids: flows.begins.into_iter().collect(),
            terminating_flow_ids: flows.ends.into_iter().collect(),
            ..TrackEvent::default()
        };
        self.event(from, begin, interned)?;
        let end = TrackEvent {
            r#type: Some(SLICE_END),
            track_uuid: Some(track.uuid()),
            ..TrackEvent::default()
        };
        self.event(to, end, None)
    }

    /// Something that takes no time.
    pub(super) fn instant(
        &mut self,
        track: Track,
        at: Nanos,
        (category, name): (&str, &str),
        flows: Flows,
    ) -> io::Result<()> {
        let (name, interned) = self.name(name);
        let event = TrackEvent {
            r#type: Some(INSTANT),
            track_uuid: Some(track.uuid()),
            name_iid: Some(name),
            categories: vec![category.to_owned()],
            flow_ids: flows.begins.into_iter().collect(),
            ..TrackEvent::default()
        };
        self.event(at, event, interned)
    }

    /// The value of a counter from now on.
    pub(super) fn counter(&mut self, track: Track, at: Nanos, value: i64) -> io::Result<()> {
        let event = TrackEvent {
            r#type: Some(COUNTER),
            track_uuid: Some(track.uuid()),
            counter_value: Some(value),
            ..TrackEvent::default()
        };
        self.event(at, event, None)
    }

    fn event(
        &mut self,
        at: Nanos,
        event: TrackEvent,
        interned_data: Option<InternedData>,
    ) -> io::Result<()> {
        self.write(TracePacket {
            timestamp: Some(at.0),
            track_event: Some(event),
            interned_data,
            ..TracePacket::default()
        })
    }

    /// The number of a name, and the name itself where it is new.
    fn name(&mut self, name: &str) -> (u64, Option<InternedData>) {
        if let Some(number) = self.names.get(name) {
            return (*number, None);
        }
        let number = self.names.len() as u64 + 1;
        self.names.insert(name.to_owned(), number);
        let interned = InternedData {
            event_names: vec![EventName {
                iid: Some(number),
                name: Some(name.to_owned()),
            }],
        };
        (number, Some(interned))
    }
}
