//! Two reports beside each other: what changed, by how much beyond its noise, and whether a promise was kept.
//!
//! In: the report before a change and the report after it. Out: a [`Comparison`], or the [`Refusal`] to compare what is not alike; text,
//! markdown, JSON. The JSON form of [`Comparison`] is the contract `holdup.compare/1`: fields are added, never changed.

mod value;

mod measured;

mod refusal;

mod changes;
mod promise;

mod words;

mod comparison;
mod page;

#[cfg(test)]
mod tests;

pub use comparison::compare;
pub use page::{markdown, text};
pub use refusal::Refusal;
pub use value::{Change, Comparison, Direction, Kept, Promise, SCHEMA, Side};
