//! Rows a second from disk to the report on one core, and the memory that takes.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use holdup::row::{Host, Meta, RowSink as _, RowSource as _};
use holdup::timeline::Sweep;
use holdup::trace::{Reader, Writer};

use super::generate::{Batches, OPENED};
use super::{machine, table};

/// Rows of the traces: the memory of the second must not be more than that of the first.
const ROWS: [u64; 2] = [5_000_000, 50_000_000];
/// Goals: rows a second, and bytes.
const TIMELINE_GOAL: f64 = 5e6;
const REPORT_GOAL: f64 = 2e6;
const MEMORY_GOAL: u64 = 300_000_000;

/// Measures both traces.
pub fn measure() -> anyhow::Result<String> {
    let mut text = machine::line("cargo xtask bench replay");
    text.push_str(
        "\nGenerated rows of the real schema, 64 threads, written through the same door as a recording; rows a second are of CPU time \
         (all threads of the process together). The goals are 5 million rows a second to the timeline, 2 million to the report, \
         and 300 MB.\n\n",
    );
    let mut figures = table::new(&[
        "rows",
        "bytes a row",
        "written, M/s",
        "decode, M/s",
        "decode + timeline, M/s",
        "",
        "report, M/s",
        "",
        "report, wall s",
        "peak memory, MB",
        "",
    ]);
    for rows in ROWS {
        eprintln!("{rows} rows");
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in("/var/tmp")?;
        let path = folder.path().join("t.holdup");
        let written = write(&path, rows)?;
        let (decoded, timeline) = (decode(&path)?, sweep(&path)?);
        let report = report(&path)?;
        let rate = |time: Duration| rows as f64 / time.as_secs_f64();
        let millions = |rate: f64| format!("{:.1}", rate / 1e6);
        figures.add_row([
            rows.to_string(),
            format!("{:.1}", size(&path) as f64 / rows as f64),
            millions(rate(written)),
            millions(rate(decoded)),
            millions(rate(timeline)),
            table::verdict(rate(timeline) >= TIMELINE_GOAL).to_owned(),
            millions(rate(report.cpu)),
            table::verdict(rate(report.cpu) >= REPORT_GOAL).to_owned(),
            format!("{:.1}", report.wall.as_secs_f64()),
            format!("{:.0}", report.peak as f64 / 1e6),
            table::verdict(report.peak <= MEMORY_GOAL).to_owned(),
        ]);
    }
    let _ = write!(text, "{figures}");
    Ok(text)
}

fn write(path: &Path, rows: u64) -> anyhow::Result<Duration> {
    let mut meta = Meta {
        schema: holdup::row::SCHEMA,
        opened: OPENED,
        host: Host {
            cpus: 64,
            ..Host::default()
        },
        ..Meta::default()
    };
    let mut writer = Writer::create(path, &meta)?;
    let mut took = Duration::ZERO;
    for batch in Batches::new(rows) {
        meta.closed = batch.watermark;
        meta.counters.events += batch.len() as u64;
        let began = own_cpu();
        writer.accept(batch)?;
        took += own_cpu() - began;
    }
    let began = own_cpu();
    writer.finish(&meta)?;
    Ok(took + (own_cpu() - began))
}

fn decode(path: &Path) -> anyhow::Result<Duration> {
    let began = own_cpu();
    let reader = Reader::open(path)?;
    let mut rows = 0;
    for batch in reader.batches() {
        rows += batch?.len();
    }
    std::hint::black_box(rows);
    Ok(own_cpu() - began)
}

fn sweep(path: &Path) -> anyhow::Result<Duration> {
    let began = own_cpu();
    let reader = Reader::open(path)?;
    let mut steps = 0u64;
    let mut sweep = Sweep::new(reader.meta().opened);
    for batch in reader.batches() {
        sweep.push(batch?, &mut |_| steps += 1);
    }
    sweep.finish(reader.meta().closed, &mut |_| steps += 1);
    std::hint::black_box(steps);
    Ok(own_cpu() - began)
}

struct Reported {
    cpu: Duration,
    wall: Duration,
    peak: u64,
}

fn report(path: &Path) -> anyhow::Result<Reported> {
    let began = std::time::Instant::now();
    let child = Command::new(machine::beside("holdup")?)
        .arg("report")
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start holdup")?;
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: plain numbers, and a call that writes to what it is given; the child is waited for here alone.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::wait4(pid, &raw mut status, 0, &raw mut usage) != pid {
            bail!(
                "cannot wait for holdup: {}",
                std::io::Error::last_os_error()
            );
        }
        usage
    };
    let status = std::process::ExitStatus::from_raw(status);
    if !status.success() {
        bail!("holdup report: {status}");
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec.try_into().unwrap_or(0))
            + Duration::from_micros(time.tv_usec.try_into().unwrap_or(0))
    };
    Ok(Reported {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        wall: began.elapsed(),
        peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    })
}

/// CPU time of this process.
fn own_cpu() -> Duration {
    machine::cpu_of(std::process::id()).unwrap_or_default()
}

/// Bytes of all files under `path`.
fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().map_or(0, |meta| meta.len())
            }
        })
        .sum()
}
