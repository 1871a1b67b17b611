//! What can be shown.

use clap::ValueEnum;

/// A built-in workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Scenario {
    /// 64 workers fetch over GraphQL and insert into a database that takes one insert at a time.
    Goldsky,
    /// The same by 64 async functions of one Node process.
    GoldskyNode,
    /// 16 threads write records under one mutex.
    Lock,
    /// 12 processes append and sync, each to a file of its own, on a device with few operations a second.
    Fsync,
    /// 16 threads share four connections.
    Pool,
}

impl Scenario {
    /// Workers it has.
    #[must_use]
    pub fn workers(self) -> usize {
        match self {
            Self::Goldsky | Self::GoldskyNode => 64,
            Self::Lock | Self::Pool => 16,
            Self::Fsync => 12,
        }
    }

    /// The program that this host must have for it, beside holdup itself.
    #[must_use]
    pub fn needs(self) -> Option<&'static str> {
        match self {
            Self::GoldskyNode => Some("node"),
            Self::Goldsky | Self::Lock | Self::Fsync | Self::Pool => None,
        }
    }

    /// One sentence for the user: what is about to run.
    #[must_use]
    pub fn describe(self, fixed: bool) -> &'static str {
        match (self, fixed) {
            (Self::Goldsky, false) => {
                "64 workers fetch over GraphQL (about 205 ms) and insert one row each into a database that takes one insert at a time (about 236 ms)"
            }
            (Self::Goldsky, true) => {
                "64 workers fetch over GraphQL (about 205 ms) and hand their rows to one writer, which inserts all it has in one go"
            }
            (Self::GoldskyNode, false) => {
                "64 async functions in one Node process fetch over GraphQL (about 205 ms) and insert one row each into a database that takes one insert at a time (about 236 ms)"
            }
            (Self::GoldskyNode, true) => {
                "64 async functions in one Node process fetch over GraphQL (about 205 ms) and gather their rows, which are inserted in one go"
            }
            (Self::Lock, false) => {
                "16 threads fetch (20 ms) and write one record each under one mutex (9 ms)"
            }
            (Self::Lock, true) => {
                "16 threads fetch (20 ms) and write records in batches of 16 under one mutex"
            }
            (Self::Fsync, false) => {
                "12 processes fetch (10 ms), append one record each to a file of their own and sync it, on a device limited to 200 writes a second"
            }
            (Self::Fsync, true) => {
                "12 processes fetch (10 ms), append, and sync once in 32 records"
            }
            (Self::Pool, false) => {
                "16 threads query a parallel database (40 ms) over four shared connections"
            }
            (Self::Pool, true) => {
                "16 threads query a parallel database (40 ms) over sixteen connections"
            }
        }
    }
}
