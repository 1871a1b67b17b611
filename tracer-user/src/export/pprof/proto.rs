//! The part of pprof's format that is written: messages and field numbers of `proto/profile.proto` (github.com/google/pprof), by their names
//! there. Texts are numbers in the string table, whose first is empty.

use prost::Message;

/// `Profile`; a file is one of them, packed by gzip.
#[derive(Clone, PartialEq, Message)]
pub struct Profile {
    /// What the values of each sample are.
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    /// `sample`.
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    /// `mapping`.
    #[prost(message, repeated, tag = "3")]
    pub mapping: Vec<Mapping>,
    /// `location`.
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    /// `function`.
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    /// `string_table`.
    #[prost(string, repeated, tag = "6")]
    pub string_table: Vec<String>,
    /// When it began, ns since 1970.
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    /// `duration_nanos`.
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    /// What a period is.
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    /// One in so many is counted.
    #[prost(int64, tag = "12")]
    pub period: i64,
    /// The type a viewer begins with.
    #[prost(int64, tag = "14")]
    pub default_sample_type: i64,
}

/// `ValueType`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct ValueType {
    /// `type`.
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    /// `unit`.
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

/// `Sample`.
#[derive(Clone, PartialEq, Message)]
pub struct Sample {
    /// The innermost first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    /// One of each type.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
    /// `label`.
    #[prost(message, repeated, tag = "3")]
    pub label: Vec<Label>,
}

/// `Label`.
#[derive(Clone, PartialEq, Message)]
pub struct Label {
    /// `key`.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// Its text.
    #[prost(int64, tag = "2")]
    pub str: i64,
    /// Or its number.
    #[prost(int64, tag = "3")]
    pub num: i64,
}

/// `Mapping`: a file that code is in.
#[derive(Clone, PartialEq, Message)]
pub struct Mapping {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// `filename`.
    #[prost(int64, tag = "5")]
    pub filename: i64,
    /// Nobody has to look its symbols up.
    #[prost(bool, tag = "7")]
    pub has_functions: bool,
    /// `has_filenames`.
    #[prost(bool, tag = "8")]
    pub has_filenames: bool,
    /// `has_line_numbers`.
    #[prost(bool, tag = "9")]
    pub has_line_numbers: bool,
}

/// `Location`: a frame.
#[derive(Clone, PartialEq, Message)]
pub struct Location {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// 0: none.
    #[prost(uint64, tag = "2")]
    pub mapping_id: u64,
    /// Of the program counter, in its file.
    #[prost(uint64, tag = "3")]
    pub address: u64,
    /// `line`.
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
}

/// `Line`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Line {
    /// `function_id`.
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
    /// `line`.
    #[prost(int64, tag = "2")]
    pub line: i64,
}

/// `Function`.
#[derive(Clone, PartialEq, Message)]
pub struct Function {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// `name`.
    #[prost(int64, tag = "2")]
    pub name: i64,
    /// `system_name`.
    #[prost(int64, tag = "3")]
    pub system_name: i64,
    /// `filename`.
    #[prost(int64, tag = "4")]
    pub filename: i64,
}
