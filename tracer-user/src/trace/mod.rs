//! Rows to disk and back: a trace is a folder of Parquet tables.
//!
//! In: batches of rows, by the [`Writer`], which is a [`crate::row::RowSink`]. Out: the same rows in the same order, by the
//! [`Reader`], which is a [`crate::row::RowSource`]. In the doubtful case: a damaged trace gives its sound epochs and says
//! what is missing; what cannot be opened is a [`TraceError`] that says what to do.
//!
//! The folder and its tables are described in `docs/TRACE.md`.

mod damage;
mod error;

mod names;

mod column;
mod decode;
mod table;

mod schema;

mod disk;
mod epoch;
mod meta_file;

mod encode;
mod group;

mod cells;
mod open;
mod pages;
mod thrift;

mod cut;
mod staging;
mod write;

mod create;

mod compact;

mod check;
mod merge;
mod read;

mod views;

pub use create::Options;
pub use error::TraceError;
pub use read::Reader;
pub use views::ViewsError;
pub use write::Writer;

#[cfg(test)]
mod tests;
