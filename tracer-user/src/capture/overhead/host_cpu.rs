//! What the CPUs of the host do: how busy they are in all, and whether all of them have work at a moment.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::row::Nanos;

/// The two files of `/proc` that tell it, held open: the first is read at each look, the second once a period.
#[derive(Debug)]
pub struct HostCpu {
    load: Option<File>,
    stat: Option<File>,
    cpus: u32,
    looks: u32,
    busy_looks: u32,
    /// Busy time of all CPUs since the host's start.
    before: Option<Nanos>,
}

impl HostCpu {
    /// Opens the files. What cannot be read stays unknown.
    #[must_use]
    pub fn open() -> Self {
        let mut host = Self {
            load: File::open("/proc/loadavg").ok(),
            stat: File::open("/proc/stat").ok(),
            cpus: u32::try_from(std::thread::available_parallelism().map_or(1, usize::from))
                .unwrap_or(1),
            looks: 0,
            busy_looks: 0,
            before: None,
        };
        host.before = host.busy_up_to_now();
        host
    }

    /// CPUs of the host.
    #[must_use]
    pub fn cpus(&self) -> u32 {
        self.cpus
    }

    /// Looks whether all CPUs have work but for this thread, which runs too while it looks.
    pub fn look(&mut self) {
        let mut buffer = [0; 128];
        let Some(runnable) = read(self.load.as_ref(), &mut buffer).and_then(parse_runnable) else {
            return;
        };
        self.looks += 1;
        self.busy_looks += u32::from(runnable.saturating_sub(1) >= self.cpus);
    }

    /// The share of the looks since the last call at which all CPUs had work, and the time that all CPUs together were busy since
    /// then; `None` where the host does not tell.
    pub fn finish(&mut self) -> (f64, Option<Nanos>) {
        let busy = f64::from(self.busy_looks) / f64::from(self.looks.max(1));
        (self.looks, self.busy_looks) = (0, 0);
        let now = self.busy_up_to_now();
        let before = std::mem::replace(&mut self.before, now);
        (busy, now.zip(before).map(|(now, before)| now.since(before)))
    }

    fn busy_up_to_now(&self) -> Option<Nanos> {
        let mut buffer = [0; 512];
        read(self.stat.as_ref(), &mut buffer).and_then(parse_busy)
    }
}

fn read<'a>(file: Option<&File>, buffer: &'a mut [u8]) -> Option<&'a str> {
    let length = file?.read_at(buffer, 0).ok()?;
    std::str::from_utf8(&buffer[..length]).ok()
}

/// The fourth field of `/proc/loadavg`: `RUNNABLE/ALL` (`loadavg_proc_show`, fs/proc/loadavg.c, 6.18).
fn parse_runnable(text: &str) -> Option<u32> {
    let (runnable, _) = text.split_ascii_whitespace().nth(3)?.split_once('/')?;
    runnable.parse().ok()
}

/// Of the first line of `/proc/stat`, in hundredths of a second: user, nice, system, (idle, iowait), irq, softirq, steal. What
/// follows is in user already (`show_stat`, fs/proc/stat.c, 6.18).
fn parse_busy(text: &str) -> Option<Nanos> {
    let mut fields = text.lines().next()?.split_ascii_whitespace();
    if fields.next() != Some("cpu") {
        return None;
    }
    let ticks: Vec<u64> = fields
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let busy: u64 = ticks
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 3 && *at != 4)
        .map(|(_, ticks)| ticks)
        .sum();
    (ticks.len() == 8).then(|| Nanos(busy.saturating_mul(10_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_this_kernel() {
        assert_eq!(parse_runnable("7.54 6.62 4.97 3/412 20817\n"), Some(3));
        assert_eq!(parse_runnable(""), None);
        let stat = "cpu  10 1 5 1000 70 2 3 4 0 0\ncpu0 5 0 2 500 35 1 1 2 0 0\n";
        assert_eq!(parse_busy(stat), Some(Nanos(250_000_000)));
        assert_eq!(parse_busy("cpu0 1 2"), None);
    }

    #[test]
    fn this_host_tells() {
        let mut host = HostCpu::open();
        host.look();
        assert_eq!(host.looks, 1);
        let (busy, time) = host.finish();
        assert!((0.0..=1.0).contains(&busy) && time.is_some());
    }
}
