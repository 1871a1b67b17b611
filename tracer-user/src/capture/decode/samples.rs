//! What the tests of the decoders share: a destination that keeps all it gets, and records made of structs or of noise.

use tracer_common::{FileEvent, RawResource, SocketEvent, StackEvent};

use super::{
    Destination, Found, Resources, Stacks, Statements, Threads, Undecodable, Wire, decode,
};
use crate::row::{Batch, Nanos, Pid, ResourceId, StackId, TaskRole, Tid};

/// Keeps everything; resource ids count up from 1, stack ids are the keys.
#[derive(Default)]
pub(super) struct Collector {
    pub(super) rows: Batch,
    pub(super) snapshots: Vec<(u64, Vec<u8>)>,
    pub(super) files: usize,
    pub(super) sockets: usize,
    statements: Statements,
}

#[derive(Default)]
struct Counting {
    next: u32,
    files: usize,
    sockets: usize,
}

impl Resources for Counting {
    fn id(&mut self, _: &RawResource, _: Pid, _: Nanos) -> ResourceId {
        self.next += 1;
        ResourceId(self.next)
    }
    fn file(&mut self, _: &FileEvent) {
        self.files += 1;
    }
    fn socket(&mut self, _: &SocketEvent) {
        self.sockets += 1;
    }
}

struct Keys<'a>(&'a mut Vec<(u64, Vec<u8>)>);

impl Stacks for Keys<'_> {
    fn id(&mut self, key: u64, _: Pid, _: Nanos) -> StackId {
        StackId(u32::try_from(key & 0xffff_ffff).expect("masked"))
    }
    fn snapshot(&mut self, event: &StackEvent, bytes: &[u8]) {
        self.0.push((event.stack, bytes.to_vec()));
    }
    fn sample(&mut self, event: &StackEvent, bytes: &[u8]) -> Found {
        self.snapshot(event, bytes);
        Found {
            stack: self.id(event.stack, Pid(event.pid), Nanos::ZERO),
            spins: true,
            kernel_spins: false,
        }
    }
}

struct Everybody;

impl Threads for Everybody {
    fn role(&self, _: Pid) -> TaskRole {
        TaskRole::Target
    }
    fn owner(&mut self, _: Pid, futex_word: u32, _: Nanos) -> Tid {
        Tid(futex_word)
    }
}

impl Collector {
    pub(super) fn decode(&mut self, record: &[u8]) -> Result<(), Undecodable> {
        let mut resources = Counting::default();
        let done = decode(
            record,
            &mut Destination {
                resources: &mut resources,
                stacks: &mut Keys(&mut self.snapshots),
                threads: &mut Everybody,
                statements: &mut self.statements,
                rows: &mut self.rows,
            },
        );
        self.files += resources.files;
        self.sockets += resources.sockets;
        done
    }
}

/// The bytes of a wire struct.
pub(super) fn bytes<T: Wire>(event: &T) -> Vec<u8> {
    // SAFETY: a `Wire` type has no padding, so each of its bytes is set.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(event).cast::<u8>(), size_of::<T>()) }
        .to_vec()
}

/// A small generator of noise (xorshift64*), so that a failure repeats.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[test]
fn noise_never_panics_and_refused_records_leave_no_rows() {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut taken = [0usize; 11];
    for round in 0..40_000u64 {
        let len = usize::try_from(noise.next() % 240).expect("small");
        let mut record: Vec<u8> = (0..len).map(|_| noise.next().to_le_bytes()[3]).collect();
        // Mostly kinds that exist, and mostly small numbers, or hardly any record would get past its first check.
        if let Some(kind) = record.get_mut(8..10) {
            kind.copy_from_slice(&(u16::try_from(round % 11).expect("small")).to_le_bytes());
        }
        if round % 2 == 0 {
            record
                .iter_mut()
                .enumerate()
                .skip(16)
                .for_each(|(at, byte)| *byte = if at % 4 == 0 { *byte % 8 } else { 0 });
        }
        let mut to = Collector::default();
        let done = to.decode(&record);
        // A sample is a row and a snapshot.
        let snapshots = to.snapshots.len() - to.rows.samples.len();
        let seen = to.rows.len() - to.rows.statements.len() + snapshots + to.files + to.sockets;
        assert_eq!(seen, usize::from(done.is_ok()), "{record:02x?}");
        if done.is_ok() {
            taken[usize::from(record[8])] += 1;
        }
        for wait in &to.rows.waits {
            assert!(
                wait.start <= wait.end
                    && (wait.woken.0 == 0 || (wait.start..=wait.end).contains(&wait.woken))
            );
        }
        for call in &to.rows.calls {
            assert!(
                call.start <= call.end && call.inside <= call.end - call.start && call.count > 0
            );
        }
    }
    assert!(taken[1..=6].iter().all(|count| *count > 0), "{taken:?}");
}

#[test]
fn short_and_unknown_records() {
    let mut to = Collector::default();
    assert_eq!(
        to.decode(&[]),
        Err(Undecodable::Short { have: 0, need: 16 })
    );
    let mut record = vec![0; 16];
    record[8] = 200;
    assert_eq!(to.decode(&record), Err(Undecodable::Kind(200)));
    record[8] = 1;
    assert_eq!(
        to.decode(&record),
        Err(Undecodable::Short {
            have: 16,
            need: 104
        })
    );
}
