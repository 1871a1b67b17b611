//! What the conclusion rests on besides the findings: how well they agree with other sources.

use crate::row::Nanos;
use crate::timeline::KernelComparison;

/// Results of the checks of one analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Checks {
    /// Rows read.
    pub rows: u64,
    /// Worker time that is in no stage or in two, ns; 0 unless the code is wrong.
    pub conservation: i64,
    /// Waiting that came too late to be placed.
    pub late: Nanos,
    /// The timelines against the kernel's own figures.
    pub kernel: KernelComparison,
}
