//! Has the kernel look, at a steady rate, what runs on each CPU.
//!
//! A timer for each CPU (`PERF_COUNT_SW_CPU_CLOCK`) is enough: who computes for long is found by any clock, and virtual machines often
//! have no counters of their own. Virtual or not, it strikes in kernel mode too.

use aya::Ebpf;
use aya::programs::ProgramError;
use aya::programs::perf_event::{
    PerfEvent, PerfEventConfig, PerfEventScope, SamplePolicy, SoftwareEvent,
};
use aya::util::online_cpus;

use super::attach::program;

/// The program in the object.
const PROGRAM: &str = "sample";
/// Samples of a CPU in a second: enough for a share of a tenth to be told within a few percent after ten seconds, and in step with
/// nothing that is done a round number of times a second.
const PER_CPU: u64 = 49;
/// Samples of all CPUs in a second, so that a large host costs no more than a small one.
const ALL_CPUS: u64 = 500;

/// Starts to sample all CPUs. Gives what a trace lacks where this host does not allow it.
#[must_use]
pub fn attach(ebpf: &mut Ebpf) -> Option<String> {
    let error = match attach_all(ebpf) {
        Ok(()) => return None,
        Err(ProgramError::SyscallError(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Some(format!(
        "the CPUs cannot be sampled, so functions that compute are not named: {error}"
    ))
}

fn attach_all(ebpf: &mut Ebpf) -> Result<(), ProgramError> {
    let cpus = online_cpus().map_err(|(_, error)| ProgramError::IOError(error))?;
    let program: &mut PerfEvent = program(ebpf, PROGRAM)?.try_into()?;
    program.load()?;
    let clock = PerfEventConfig::Software(SoftwareEvent::CpuClock);
    let rate = SamplePolicy::Frequency(rate(cpus.len()));
    for cpu in cpus {
        program.attach(
            clock,
            PerfEventScope::AllProcessesOneCpu { cpu },
            rate,
            false,
        )?;
    }
    Ok(())
}

/// Samples of each of so many CPUs in a second.
fn rate(cpus: usize) -> u64 {
    let cpus = u64::try_from(cpus).unwrap_or(u64::MAX).max(1);
    (ALL_CPUS / cpus).clamp(1, PER_CPU)
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn many_cpus_are_each_sampled_less_often() {
        let rates = [0, 1, 10, 20, 128, 4096].map(rate);
        assert_eq!(rates, [49, 49, 49, 25, 3, 1]);
    }
}
