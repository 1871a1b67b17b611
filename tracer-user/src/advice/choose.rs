//! Which remedy is for which cause.

use super::remedy::{Fix, FixInput, Remedy, Variant};
use super::{
    address_space, async_lock, batch_fetch, batch_write, blocking_call, blocking_lock, checkpoint,
    consumers, critical_section, disk, even_work, event_loop, feed, fewer_bytes, fewer_workers,
    file_lock, fsync, gate, kept_connections, kept_interpreter, less_garbage, less_memory,
    more_workers, own_data, own_file, pacing, polled_lock, pool, processes, shard, sqlite,
    thread_pool, transaction,
};
use crate::cause::Cause;
use crate::work::StageName;

/// A lock held for less than this, ms, cannot be made worth while by holding it shorter: a futex wake-up and the switch to
/// the woken thread cost some ten microseconds.
const SHORT_HOLD_MS: f64 = 0.05;

/// What to change, in the target's language; `None` where nothing was named.
#[must_use]
pub fn fix(input: &FixInput<'_>) -> Option<Fix> {
    choose(input).map(|remedy| remedy.fill(input))
}

fn choose(input: &FixInput<'_>) -> Option<&'static Remedy> {
    let culprit = input.culprit;
    Some(match input.cause {
        Cause::RemoteSerial if input.variant == Variant::HeldByTransaction => &transaction::REMEDY,
        Cause::RemoteSerial if input.stage == StageName::Fetch => &batch_fetch::REMEDY,
        Cause::RemoteSerial => &batch_write::REMEDY,
        Cause::UserLock if input.variant == Variant::AmongTasks => &async_lock::REMEDY,
        Cause::UserLock if culprit.service_ms > 0.0 && culprit.service_ms < SHORT_HOLD_MS => {
            &shard::REMEDY
        }
        Cause::UserLock => &critical_section::REMEDY,
        Cause::InterpreterLock if input.variant == Variant::InCalls => &kept_interpreter::REMEDY,
        Cause::InterpreterLock => &processes::REMEDY,
        Cause::FileLock | Cause::Fsync | Cause::Quota if is_sqlite(&culprit.name) => {
            &sqlite::REMEDY
        }
        Cause::FileLock if input.variant == Variant::Polled => &polled_lock::REMEDY,
        Cause::FileLock => &file_lock::REMEDY,
        Cause::Checkpoint => &checkpoint::REMEDY,
        Cause::Fsync => &fsync::REMEDY,
        Cause::Disk => &disk::REMEDY,
        Cause::Quota if input.variant == Variant::OfAccesses => &disk::UNDER_A_LIMIT,
        Cause::Quota => &fsync::UNDER_A_LIMIT,
        Cause::KernelLock if input.variant == Variant::OfAddressSpace => &address_space::REMEDY,
        Cause::KernelLock if input.variant == Variant::OfFile => &own_file::REMEDY,
        Cause::KernelLock => &gate::REMEDY,
        Cause::Memory => &less_memory::REMEDY,
        Cause::Pool if input.variant == Variant::OfThreads => &thread_pool::REMEDY,
        Cause::Pool if input.variant == Variant::HandedOver => &consumers::REMEDY,
        Cause::Pool => &pool::REMEDY,
        Cause::Network if input.variant == Variant::OfWay => &fewer_bytes::REMEDY,
        Cause::Network => &kept_connections::REMEDY,
        Cause::RateLimit => &pacing::REMEDY,
        Cause::Starved => &feed::REMEDY,
        Cause::Imbalance => &even_work::REMEDY,
        Cause::RuntimePause => &less_garbage::REMEDY,
        Cause::SingleThread if input.variant == Variant::InCalls => &blocking_call::REMEDY,
        Cause::SingleThread if input.variant == Variant::HandedOver => &consumers::REMEDY,
        Cause::SingleThread => &event_loop::REMEDY,
        Cause::Spin => &blocking_lock::REMEDY,
        Cause::Cpu => &fewer_workers::REMEDY,
        Cause::CpuInflation => &own_data::REMEDY,
        Cause::None => &more_workers::REMEDY,
        Cause::Unknown => return None,
    })
}

/// A database of SQLite by the usual endings of its name, its journal and its log.
fn is_sqlite(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let base = ["-journal", "-wal", "-shm"]
        .iter()
        .find_map(|end| path.strip_suffix(end))
        .unwrap_or(&path);
    [".db", ".db3", ".sqlite", ".sqlite3"]
        .iter()
        .any(|end| base.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_sqlite() {
        for path in ["/d/a.db", "/d/A.SQLITE3", "/d/a.db-wal", "a.sqlite-journal"] {
            assert!(is_sqlite(path), "{path}");
        }
        for path in ["", "/d/a.dbx", "/data/db", "x-wal"] {
            assert!(!is_sqlite(path), "{path}");
        }
    }
}
