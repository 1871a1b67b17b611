//! The task iterator from user space: takes in threads that exist, and cuts long waits.

use std::io::Read;

use aya::{
    Ebpf,
    maps::{Array, MapData},
    programs::{Iter, ProgramError},
};

use super::{CaptureError, attach};

const PROGRAM: &str = "seed_and_cut";
const CONTROL: &str = "CONTROL";

/// What one pass found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Threads of tracked processes, alive.
    pub alive: u64,
    /// Of these, met for the first time.
    pub fresh: u64,
}

/// Runs the iterator.
pub struct Seeder {
    control: Array<MapData, [u64; 5]>,
    left_out: u64,
}

impl Seeder {
    /// Loads the iterator.
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
            control: super::object::take(ebpf, CONTROL)?,
            left_out: 0,
        })
    }

    /// Leaves out what these bits of `tracer_common::narrow` say.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn leave_out(&mut self, bits: u64) -> Result<(), CaptureError> {
        self.left_out = bits;
        self.control
            .set(0, [u64::MAX, 0, 0, 0, bits], 0)
            .map_err(map_error)
    }

    /// What is left out now.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Forgets what is known of all threads, while nobody else is attached who does.
    ///
    /// # Errors
    /// As [`Seeder::pass`].
    pub fn reset(&mut self, ebpf: &mut Ebpf) -> Result<(), CaptureError> {
        self.iterate(ebpf, u64::MAX, 1).map(|_| ())
    }

    /// One pass over all threads of the host: takes in those of tracked processes, and cuts waits whose present part is at
    /// least `cut_age` ns old (`u64::MAX`: none).
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
        // It writes nothing; the read makes it run.
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
