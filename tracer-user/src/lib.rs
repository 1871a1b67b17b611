//! holdup: what is holding your workers up?
//!
//! The data falls through the modules in the order they stand here; a module uses what stands above it, never what stands
//! below.

pub mod row;

pub mod number;

#[cfg(test)]
pub(crate) mod script;

#[cfg(target_os = "linux")]
pub mod capture;
pub mod trace;

pub mod timeline;

pub mod classify;

pub mod actors;

pub mod work;

pub mod blame;
pub mod scaling;

pub mod picture;

pub mod cause;

pub mod diagnose;

pub mod advice;

pub mod report;

pub mod analyse;

pub mod compare;

pub mod export;

pub mod demo;

pub mod cli;
