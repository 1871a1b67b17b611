//! Loads every program of the object to see whether this kernel's verifier accepts it, without attaching any.
//!
//! In: nothing but the kernel. Out: for each program whether it was accepted. In the doubtful case: a tracepoint the kernel's own
//! types do not know (a module that is not loaded) is [`Judgement::NoTracepoint`] and no refusal.

use aya::programs::{Program, ProgramError};

use super::{object, offsets};
use crate::capture::overhead::run_stats;
use crate::capture::session::describe;
use crate::capture::{CaptureError, Settings};

/// What the kernel's verifier says of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The program is accepted.
    Accepted {
        /// Instructions that the verifier went through.
        instructions: u32,
    },
    /// The kernel has no tracepoint that the program could be attached to.
    NoTracepoint,
    /// The program is refused; this is what the verifier says.
    Refused(String),
}

/// Loads every program by itself. The names are those of the tracepoints, in alphabetical order.
///
/// # Errors
/// [`CaptureError`] when the host or the rights do not allow to load anything.
pub fn judge() -> Result<Vec<(String, Judgement)>, CaptureError> {
    let settings = Settings {
        peek: true,
        call_sites: true,
        ..Settings::default()
    };
    let bytes = offsets::read_btf()?;
    let types = offsets::parse(&bytes)?;
    let values = offsets::find(&types, &describe::host().kernel)?;
    let btf = offsets::for_aya(&bytes)?;
    let mut ebpf = object::load(&settings, &values, &btf)?;
    let mut judged = Vec::new();
    for (name, program) in ebpf.programs_mut() {
        let outcome = match program {
            Program::BtfTracePoint(_) if types.tracepoint_arguments(name).is_none() => {
                judged.push((name.to_owned(), Judgement::NoTracepoint));
                continue;
            }
            Program::BtfTracePoint(program) => {
                program.load(name, &btf).and_then(|()| program.info())
            }
            Program::Iter(program) => program.load("task", &btf).and_then(|()| program.info()),
            Program::PerfEvent(program) => program.load().and_then(|()| program.info()),
            _ => Err(ProgramError::UnexpectedProgramType),
        };
        let judgement = match outcome {
            Ok(info) => Judgement::Accepted {
                instructions: run_stats::of(&info).map_or(0, |stats| stats.verified),
            },
            Err(error) => Judgement::Refused(spelled_out(&error)),
        };
        judged.push((name.to_owned(), judgement));
    }
    judged.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(judged)
}

fn spelled_out(error: &ProgramError) -> String {
    match error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } => format!("{io_error}\n{verifier_log}"),
        other => other.to_string(),
    }
}
