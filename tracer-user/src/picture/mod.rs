//! What it takes to draw a trace: what each actor does over time, and the time of each call stack.
//!
//! In: events by actor, and the samples of batches, as they come. Out: a [`Sketch`], whose size is bounded for any length of the trace: time
//! is kept in steps, and where there are more segments than a page can hold, the steps double. Nothing is concluded here: who works, which words
//! are one lock and what serialises is known at the end, and told by the report.

mod strip;

mod marks;
mod sketch;
mod stacks;

pub use marks::Marks;
pub use sketch::{Detail, DetailId, MOST_SEGMENTS, Row, Sketch};
pub use stacks::Stacks;
pub use strip::{Segment, Strip};
