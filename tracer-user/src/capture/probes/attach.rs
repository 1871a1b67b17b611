//! Attaches the programs of the object to their tracepoints, and detaches them while recording is paused.

use aya::{
    Ebpf,
    programs::{BtfTracePoint, Program, ProgramError, tp_btf::BtfTracePointLinkId},
};

use super::btf::Btf;
use crate::capture::CaptureError;
use crate::capture::overhead::run_stats::Programs;

/// A program and its tracepoint, which have the same name.
struct Probe {
    name: &'static str,
    /// How many arguments the program reads; the tracepoint may have more.
    arguments: usize,
    /// What a trace lacks without this program; `None` when nothing works without it.
    lack: Option<&'static str>,
}

/// A program that is detached while recording is paused.
#[derive(Debug)]
pub struct Link {
    name: &'static str,
    /// `None` while the program is detached.
    id: Option<BtfTracePointLinkId>,
}

/// Programs that stay attached while recording is paused: they run rarely, and threads come and go all the time.
const STAYING: [&str; 6] = [
    "task_newtask",
    "sched_process_exec",
    "task_rename",
    "sched_process_exit",
    "jbd2_start_commit",
    "jbd2_end_commit",
];

/// In the order of attaching: births first, so that nothing born meanwhile is missed; wake-ups before switches.
const PROBES: [Probe; 12] = [
    Probe {
        name: "task_newtask",
        arguments: 2,
        lack: None,
    },
    Probe {
        name: "sched_process_exec",
        arguments: 2,
        lack: None,
    },
    Probe {
        name: "task_rename",
        arguments: 2,
        lack: Some("threads that are renamed keep the name they had"),
    },
    Probe {
        name: "sched_process_exit",
        arguments: 1,
        lack: None,
    },
    Probe {
        name: "sched_waking",
        arguments: 1,
        lack: None,
    },
    Probe {
        name: "sched_switch",
        arguments: 4,
        lack: None,
    },
    Probe {
        name: "sys_enter",
        arguments: 2,
        lack: None,
    },
    Probe {
        name: "sys_exit",
        arguments: 2,
        lack: None,
    },
    Probe {
        name: "contention_begin",
        arguments: 2,
        lack: Some("waits for the kernel's own locks have no name"),
    },
    Probe {
        name: "contention_end",
        arguments: 1,
        lack: Some("waits for the kernel's own locks have no name"),
    },
    Probe {
        name: "jbd2_start_commit",
        arguments: 2,
        lack: Some("commits of the file system's journal are not seen"),
    },
    Probe {
        name: "jbd2_end_commit",
        arguments: 2,
        lack: Some("commits of the file system's journal are not seen"),
    },
];

/// Programs at system calls, which are not needed where only waits are recorded.
const AT_CALLS: [&str; 2] = ["sys_enter", "sys_exit"];

/// Loads and attaches all programs, without `calls` all but those at system calls. Returns notes on what this kernel lacks, and
/// the programs that can be detached for a while.
///
/// # Errors
/// [`CaptureError::Tracepoint`] or [`CaptureError::Program`] for a program without which nothing works.
pub fn attach(
    ebpf: &mut Ebpf,
    types: &Btf<'_>,
    btf: &aya::Btf,
    release: &str,
    calls: bool,
) -> Result<(Vec<String>, Vec<Link>), CaptureError> {
    let mut links = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut lacking = |probe: &Probe, lack: &str| {
        let note = format!("no tracepoint {} on this kernel: {lack}", probe.name);
        notes.push(note);
    };
    let wanted = PROBES
        .iter()
        .filter(|probe| calls || !AT_CALLS.contains(&probe.name));
    for probe in wanted {
        if types
            .tracepoint_arguments(probe.name)
            .is_none_or(|found| found < probe.arguments)
        {
            match probe.lack {
                Some(lack) => lacking(probe, lack),
                None => {
                    return Err(CaptureError::Tracepoint {
                        name: probe.name,
                        release: release.to_owned(),
                    });
                }
            }
            continue;
        }
        match attach_one(ebpf, btf, probe.name) {
            Ok(id) if !STAYING.contains(&probe.name) => links.push(Link {
                name: probe.name,
                id: Some(id),
            }),
            Ok(_) => {}
            Err(error) => match probe.lack {
                Some(lack) => lacking(probe, lack),
                None => return Err(program_error(probe.name, error)),
            },
        }
    }
    Ok((notes, links))
}

/// Detaches these programs.
///
/// # Errors
/// [`CaptureError::Program`].
pub fn detach(ebpf: &mut Ebpf, links: &mut [Link]) -> Result<(), CaptureError> {
    for link in links {
        let Some(id) = link.id.take() else { continue };
        let off = |ebpf: &mut Ebpf| -> Result<(), ProgramError> {
            let program: &mut BtfTracePoint = program(ebpf, link.name)?.try_into()?;
            program.detach(id)
        };
        off(ebpf).map_err(|error| program_error(link.name, error))?;
    }
    Ok(())
}

/// Attaches these programs again.
///
/// # Errors
/// [`CaptureError::Program`].
pub fn attach_again(ebpf: &mut Ebpf, links: &mut [Link]) -> Result<(), CaptureError> {
    for link in links {
        if link.id.is_some() {
            continue;
        }
        let on = |ebpf: &mut Ebpf| -> Result<BtfTracePointLinkId, ProgramError> {
            let program: &mut BtfTracePoint = program(ebpf, link.name)?.try_into()?;
            program.attach()
        };
        link.id = Some(on(ebpf).map_err(|error| program_error(link.name, error))?);
    }
    Ok(())
}

/// All programs of the object that are loaded, to read their run statistics.
#[must_use]
pub fn programs(ebpf: &Ebpf) -> Programs {
    let loaded = ebpf.programs().filter_map(|(_, program)| match program {
        Program::BtfTracePoint(program) => program.fd().ok()?.try_clone().ok(),
        Program::Iter(program) => program.fd().ok()?.try_clone().ok(),
        Program::PerfEvent(program) => program.fd().ok()?.try_clone().ok(),
        _ => None,
    });
    Programs::new(loaded.collect())
}

fn attach_one(
    ebpf: &mut Ebpf,
    btf: &aya::Btf,
    name: &'static str,
) -> Result<BtfTracePointLinkId, ProgramError> {
    let program: &mut BtfTracePoint = program(ebpf, name)?.try_into()?;
    program.load(name, btf)?;
    program.attach()
}

/// The program of that name in the object.
///
/// # Errors
/// The object has no program of that name.
pub fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Program, ProgramError> {
    ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)
}

/// Tells too few rights from a program that the kernel refuses.
#[must_use]
pub fn program_error(name: &'static str, error: ProgramError) -> CaptureError {
    match &error {
        ProgramError::LoadError {
            io_error,
            verifier_log,
        } if io_error.raw_os_error() == Some(libc::EPERM)
            && verifier_log.to_string().is_empty() =>
        {
            CaptureError::Rights
        }
        _ => CaptureError::Program {
            name,
            source: Box::new(error),
        },
    }
}
