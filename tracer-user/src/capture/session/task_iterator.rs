//! Runs the kernel side's task iterator, which scans all threads of the host: it takes in threads of tracked processes that
//! exist already (the initial scan), and cuts long waits into parts.

use std::io::Read;

use aya::{
    Ebpf,
    maps::{Array, MapData},
    programs::{Iter, ProgramError},
};

use crate::capture::CaptureError;
use crate::capture::probes::{attach, object};

const PROGRAM: &str = "seed_and_cut";
const CONTROL: &str = "CONTROL";

/// What one pass over the thread list found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Threads of tracked processes that live.
    pub alive: u64,
    /// Threads among them that were met for the first time.
    pub fresh: u64,
}

/// The iterator program, and the map by which it takes orders and gives figures.
pub struct TaskIterator {
    control: Array<MapData, [u64; 5]>,
    left_out: u64,
}

impl TaskIterator {
    /// Loads the iterator program.
    ///
    /// # Errors
    /// [`CaptureError::Program`], [`CaptureError::Map`].
    pub fn load(ebpf: &mut Ebpf, btf: &aya::Btf) -> Result<Self, CaptureError> {
        let load = |ebpf: &mut Ebpf| -> Result<(), ProgramError> {
            let program: &mut Iter = attach::program(ebpf, PROGRAM)?.try_into()?;
            program.load("task", btf)
        };
        load(ebpf).map_err(|error| attach::program_error(PROGRAM, error))?;
        Ok(Self {
            control: object::take(ebpf, CONTROL)?,
            left_out: 0,
        })
    }

    /// Has the kernel side leave out the records that these bits of `tracer_common::narrow` stand for.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn leave_out(&mut self, bits: u64) -> Result<(), CaptureError> {
        self.left_out = bits;
        self.control
            .set(0, [u64::MAX, 0, 0, 0, bits], 0)
            .map_err(map_error)
    }

    /// The bits of `tracer_common::narrow` that are left out now.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Has the kernel side forget all it knows of threads, which it cannot do by itself while its probes are detached.
    ///
    /// # Errors
    /// As [`TaskIterator::pass`].
    pub fn reset(&mut self, ebpf: &mut Ebpf) -> Result<(), CaptureError> {
        self.iterate(ebpf, u64::MAX, 1).map(|_| ())
    }

    /// Makes one pass over all threads of the host: takes in those of tracked processes, and cuts waits whose present part is
    /// at least `cut_age` ns old (`u64::MAX`: none).
    ///
    /// # Errors
    /// [`CaptureError::Program`], [`CaptureError::Map`] or [`CaptureError::Iterate`].
    pub fn pass(&mut self, ebpf: &mut Ebpf, cut_age: u64) -> Result<Pass, CaptureError> {
        self.iterate(ebpf, cut_age, 0)
    }

    fn iterate(&mut self, ebpf: &mut Ebpf, cut_age: u64, reset: u64) -> Result<Pass, CaptureError> {
        self.control
            .set(0, [cut_age, 0, 0, reset, self.left_out], 0)
            .map_err(map_error)?;
        let open = |ebpf: &mut Ebpf| -> Result<std::fs::File, ProgramError> {
            let program: &mut Iter = attach::program(ebpf, PROGRAM)?.try_into()?;
            let link = program.attach()?;
            let link = program.take_link(link)?;
            link.into_file().map_err(|_| ProgramError::NotAttached)
        };
        let mut file = open(ebpf).map_err(|error| attach::program_error(PROGRAM, error))?;
        // The program writes nothing; the read makes it run.
        let mut nothing = Vec::new();
        file.read_to_end(&mut nothing)
            .map_err(CaptureError::Iterate)?;
        let [_, alive, fresh, ..] = self.control.get(&0, 0).map_err(map_error)?;
        Ok(Pass { alive, fresh })
    }
}

fn map_error(source: aya::maps::MapError) -> CaptureError {
    CaptureError::Map {
        name: CONTROL,
        source: Box::new(source),
    }
}
