//! The part of Perfetto's trace format that is written: messages and field numbers of `protos/perfetto/trace` (Perfetto v50), by their names
//! there.

use prost::Message;

/// `Trace`; a file is any number of them after each other.
#[derive(Clone, PartialEq, Message)]
pub struct Trace {
    /// `packet`.
    #[prost(message, repeated, tag = "1")]
    pub packet: Vec<TracePacket>,
}

/// `TracePacket`.
#[derive(Clone, PartialEq, Message)]
pub struct TracePacket {
    /// ns.
    #[prost(uint64, optional, tag = "8")]
    pub timestamp: Option<u64>,
    /// Who wrote it: what is interned is known within one sequence.
    #[prost(uint32, optional, tag = "10")]
    pub trusted_packet_sequence_id: Option<u32>,
    /// `interned_data`.
    #[prost(message, optional, tag = "12")]
    pub interned_data: Option<InternedData>,
    /// [`CLEARED`] or [`NEEDED`].
    #[prost(uint32, optional, tag = "13")]
    pub sequence_flags: Option<u32>,
    /// `track_event`.
    #[prost(message, optional, tag = "11")]
    pub track_event: Option<TrackEvent>,
    /// `track_descriptor`.
    #[prost(message, optional, tag = "60")]
    pub track_descriptor: Option<TrackDescriptor>,
}

/// `SEQ_INCREMENTAL_STATE_CLEARED`.
pub const CLEARED: u32 = 1;
/// `SEQ_NEEDS_INCREMENTAL_STATE`.
pub const NEEDED: u32 = 2;

/// `InternedData`.
#[derive(Clone, PartialEq, Message)]
pub struct InternedData {
    /// `event_names`.
    #[prost(message, repeated, tag = "2")]
    pub event_names: Vec<EventName>,
}

/// `EventName`.
#[derive(Clone, PartialEq, Message)]
pub struct EventName {
    /// Its number.
    #[prost(uint64, optional, tag = "1")]
    pub iid: Option<u64>,
    /// `name`.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
}

/// `TrackEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct TrackEvent {
    /// [`SLICE_BEGIN`] and the like.
    #[prost(int32, optional, tag = "9")]
    pub r#type: Option<i32>,
    /// The track it is on.
    #[prost(uint64, optional, tag = "11")]
    pub track_uuid: Option<u64>,
    /// Its name, as it was interned.
    #[prost(uint64, optional, tag = "10")]
    pub name_iid: Option<u64>,
    /// `categories`.
    #[prost(string, repeated, tag = "22")]
    pub categories: Vec<String>,
    /// `counter_value`.
    #[prost(int64, optional, tag = "30")]
    pub counter_value: Option<i64>,
    /// `flow_ids`.
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    pub flow_ids: Vec<u64>,
    /// `terminating_flow_ids`.
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    pub terminating_flow_ids: Vec<u64>,
}

/// `TYPE_SLICE_BEGIN`.
pub const SLICE_BEGIN: i32 = 1;
/// `TYPE_SLICE_END`.
pub const SLICE_END: i32 = 2;
/// `TYPE_INSTANT`.
pub const INSTANT: i32 = 3;
/// `TYPE_COUNTER`.
pub const COUNTER: i32 = 4;

/// `TrackDescriptor`.
#[derive(Clone, PartialEq, Message)]
pub struct TrackDescriptor {
    /// Its number.
    #[prost(uint64, optional, tag = "1")]
    pub uuid: Option<u64>,
    /// `name`.
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    /// `process`.
    #[prost(message, optional, tag = "3")]
    pub process: Option<ProcessDescriptor>,
    /// `thread`.
    #[prost(message, optional, tag = "4")]
    pub thread: Option<ThreadDescriptor>,
    /// The track it is shown below.
    #[prost(uint64, optional, tag = "5")]
    pub parent_uuid: Option<u64>,
    /// `counter`.
    #[prost(message, optional, tag = "8")]
    pub counter: Option<CounterDescriptor>,
}

/// `ProcessDescriptor`.
#[derive(Clone, PartialEq, Message)]
pub struct ProcessDescriptor {
    /// `pid`.
    #[prost(int32, optional, tag = "1")]
    pub pid: Option<i32>,
    /// `process_name`.
    #[prost(string, optional, tag = "6")]
    pub process_name: Option<String>,
}

/// `ThreadDescriptor`.
#[derive(Clone, PartialEq, Message)]
pub struct ThreadDescriptor {
    /// `pid`.
    #[prost(int32, optional, tag = "1")]
    pub pid: Option<i32>,
    /// `tid`.
    #[prost(int32, optional, tag = "2")]
    pub tid: Option<i32>,
    /// `thread_name`.
    #[prost(string, optional, tag = "5")]
    pub thread_name: Option<String>,
}

/// `CounterDescriptor`; absolute values.
#[derive(Clone, PartialEq, Message)]
pub struct CounterDescriptor {}
