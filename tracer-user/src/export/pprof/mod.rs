//! pprof's format, for `go tool pprof` and whatever reads profiles of Go: waiting by call stack, as a mutex or block profile has it.
//!
//! Each wait of the target's threads counts, cut to the window, as in [`super::folded`]: `contentions` how many began, `delay` how long, ns. The
//! innermost frame says in which call, and of what; labels say the thread and its process. Memory is bounded by a batch, by the stacks and by
//! what is summed up.

mod names;
mod proto;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;

use self::names::Names;
use self::proto::{Label, Profile, Sample, ValueType};
use super::{Export, ExportError};
use crate::row::{
    Batch, Meta, Nanos, Pid, Reason, ResourceId, RowSource, StackId, Syscall, TaskRole, Tid, Wait,
};

/// What is summed up in one sample.
type Key = (Pid, Tid, StackId, Syscall, ResourceId);

/// What a sample sums up.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    waits: u64,
    time: Nanos,
}

/// The form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pprof;

/// What was taken from a trace so far.
#[derive(Debug)]
struct Taken {
    window: (Nanos, Nanos),
    /// When it opened, since 1970.
    began: Nanos,
    targets: HashSet<Pid>,
    threads: HashMap<Tid, String>,
    stacks: HashMap<StackId, Vec<u64>>,
    resources: HashMap<ResourceId, String>,
    sums: BTreeMap<Key, Sum>,
    names: Names,
}

impl Taken {
    fn new(meta: &Meta) -> Self {
        let since = meta.opened.since(meta.clocks.monotonic);
        Self {
            window: (meta.opened, meta.closed),
            began: meta.clocks.realtime + since,
            targets: HashSet::new(),
            threads: HashMap::new(),
            stacks: HashMap::new(),
            resources: HashMap::new(),
            sums: BTreeMap::new(),
            names: Names::default(),
        }
    }

    fn take(&mut self, batch: &Batch) {
        for task in &batch.tasks {
            if task.role == TaskRole::Target && !task.is_reading() {
                self.targets.insert(task.pid);
            }
            if !task.name.is_empty() {
                self.threads.insert(task.tid, task.name.clone());
            }
        }
        for stack in &batch.stacks {
            let frames = stack.frames.iter();
            let locations = frames.map(|frame| self.names.frame(frame)).collect();
            self.stacks.insert(stack.id, locations);
        }
        for resource in &batch.resources {
            self.resources
                .insert(resource.id, super::folded::of(resource));
        }
        for wait in &batch.waits {
            self.count(wait);
        }
    }

    fn count(&mut self, wait: &Wait) {
        let (opened, closed) = self.window;
        let time = wait.end.min(closed).since(wait.start.max(opened));
        let counts = wait.reason == Reason::Blocked && self.targets.contains(&wait.pid);
        if !counts || time == Nanos::ZERO {
            return;
        }
        let key = (wait.pid, wait.tid, wait.stack, wait.call, wait.resource);
        let sum = self.sums.entry(key).or_default();
        sum.time += time;
        // A long one comes in parts.
        sum.waits += u64::from(!wait.continuation);
    }

    fn profile(mut self) -> Profile {
        let mut value = |r#type, unit| ValueType {
            r#type: self.names.text(r#type),
            unit: self.names.text(unit),
        };
        let (contentions, delay) = (value("contentions", "count"), value("delay", "nanoseconds"));
        let mut samples = Vec::new();
        for ((pid, tid, stack, call, resource), sum) in std::mem::take(&mut self.sums) {
            let of = self.resources.get(&resource).map_or("", String::as_str);
            let mut locations = vec![self.names.call(call.name(), of)];
            locations.extend(self.stacks.get(&stack).into_iter().flatten());
            let thread = self.threads.get(&tid).map_or("", String::as_str);
            samples.push(Sample {
                location_id: locations,
                value: vec![signed(sum.waits), signed(sum.time.0)],
                label: vec![
                    Label {
                        key: self.names.text("thread"),
                        str: self.names.text(&format!("{thread} {tid}")),
                        num: 0,
                    },
                    Label {
                        key: self.names.text("pid"),
                        str: 0,
                        num: i64::from(pid.0),
                    },
                ],
            });
        }
        let (opened, closed) = self.window;
        Profile {
            sample_type: vec![contentions, delay],
            default_sample_type: delay.r#type,
            period_type: Some(contentions),
            period: 1,
            sample: samples,
            time_nanos: signed(self.began.0),
            duration_nanos: signed(closed.since(opened).0),
            ..self.names.into_profile()
        }
    }
}

impl Export for Pprof {
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError> {
        let mut taken = Taken::new(source.meta());
        for batch in source.batches() {
            taken.take(&batch?);
        }
        let mut packed = GzEncoder::new(out, Compression::default());
        packed.write_all(&taken.profile().encode_to_vec())?;
        packed.finish()?;
        Ok(())
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
