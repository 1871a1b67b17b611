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
    control: Array<MapData, [u64; 3]>,
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
        })
    }

    /// One pass over all threads of the host: takes in those of tracked processes, and cuts waits whose present part is at
    /// least `cut_age` ns old (`u64::MAX`: none).
    ///
    /// # Errors
    /// [`CaptureError::Program`], [`CaptureError::Map`] or [`CaptureError::Iterate`].
    pub fn pass(&mut self, ebpf: &mut Ebpf, cut_age: u64) -> Result<Pass, CaptureError> {
        let map_error = |source| CaptureError::Map {
            name: CONTROL,
            source: Box::new(source),
        };
        self.control.set(0, [cut_age, 0, 0], 0).map_err(map_error)?;
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
        let [_, alive, fresh] = self.control.get(&0, 0).map_err(map_error)?;
        Ok(Pass { alive, fresh })
    }
}
