//! What a rule saw: one struct of plain numbers and ids a cause. The words for it are made in the report.

use super::consumer::ConsumerFacts;
use super::cpu::CpuFacts;
use super::cpu_inflation::InflationFacts;
use super::disk::DiskFacts;
use super::file_lock::{CheckpointFacts, FileLockFacts};
use super::fsync::FsyncFacts;
use super::imbalance::ImbalanceFacts;
use super::interpreter_lock::InterpreterLockFacts;
use super::kernel_lock::KernelLockFacts;
use super::memory::MemoryFacts;
use super::network::NetworkFacts;
use super::pool::PoolFacts;
use super::pooler::PoolerFacts;
use super::quota::QuotaFacts;
use super::rate_limit::RateLimitFacts;
use super::remote::RemoteFacts;
use super::runtime_pause::RuntimePauseFacts;
use super::served::ServedFacts;
use super::single_thread::SingleThreadFacts;
use super::slow_way::SlowWayFacts;
use super::spin::SpinFacts;
use super::starved::StarvedFacts;
use super::task_lock::TaskLockFacts;
use super::thread_pool::ThreadPoolFacts;
use super::user_lock::UserLockFacts;
use crate::blame::HolderActivity;
use crate::cause::Cause;

/// What a rule saw, by its cause.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts {
    /// Of [`Cause::UserLock`].
    UserLock(UserLockFacts),
    /// Of [`Cause::UserLock`], among tasks.
    TaskLock(TaskLockFacts),
    /// Of [`Cause::InterpreterLock`].
    InterpreterLock(InterpreterLockFacts),
    /// Of [`Cause::FileLock`].
    FileLock(FileLockFacts),
    /// Of [`Cause::Checkpoint`].
    Checkpoint(CheckpointFacts),
    /// Of [`Cause::Fsync`].
    Fsync(FsyncFacts),
    /// Of [`Cause::Disk`].
    Disk(DiskFacts),
    /// Of [`Cause::Quota`].
    Quota(QuotaFacts),
    /// Of [`Cause::KernelLock`].
    KernelLock(KernelLockFacts),
    /// Of [`Cause::Memory`].
    Memory(MemoryFacts),
    /// Of [`Cause::RemoteSerial`].
    Remote(RemoteFacts),
    /// Of [`Cause::RemoteSerial`], where the peer is reached by no socket.
    Served(ServedFacts),
    /// Of [`Cause::Network`].
    Network(NetworkFacts),
    /// Of [`Cause::Network`], where the way is what the workers share.
    SlowWay(SlowWayFacts),
    /// Of [`Cause::Pool`].
    Pool(PoolFacts),
    /// Of [`Cause::Pool`], where a peer has it.
    Pooler(PoolerFacts),
    /// Of [`Cause::Pool`], where it is one of threads.
    ThreadPool(ThreadPoolFacts),
    /// Of [`Cause::RateLimit`].
    RateLimit(RateLimitFacts),
    /// Of [`Cause::SingleThread`].
    SingleThread(SingleThreadFacts),
    /// Of [`Cause::SingleThread`], where tasks hand over to another task, or of [`Cause::Pool`], where to a few.
    Consumer(ConsumerFacts),
    /// Of [`Cause::CpuInflation`].
    Inflation(InflationFacts),
    /// Of [`Cause::Spin`].
    Spin(SpinFacts),
    /// Of [`Cause::Cpu`].
    Cpu(CpuFacts),
    /// Of [`Cause::Starved`].
    Starved(StarvedFacts),
    /// Of [`Cause::Imbalance`].
    Imbalance(ImbalanceFacts),
    /// Of [`Cause::RuntimePause`].
    RuntimePause(RuntimePauseFacts),
}

impl Facts {
    /// The cause they are facts of.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::UserLock(_) | Self::TaskLock(_) => Cause::UserLock,
            Self::InterpreterLock(_) => Cause::InterpreterLock,
            Self::FileLock(_) => Cause::FileLock,
            Self::Checkpoint(_) => Cause::Checkpoint,
            Self::Fsync(_) => Cause::Fsync,
            Self::Disk(_) => Cause::Disk,
            Self::Quota(_) => Cause::Quota,
            Self::KernelLock(_) => Cause::KernelLock,
            Self::Memory(_) => Cause::Memory,
            Self::Remote(_) | Self::Served(_) => Cause::RemoteSerial,
            Self::Network(_) | Self::SlowWay(_) => Cause::Network,
            Self::Pool(_) | Self::Pooler(_) | Self::ThreadPool(_) => Cause::Pool,
            Self::RateLimit(_) => Cause::RateLimit,
            Self::SingleThread(_) => Cause::SingleThread,
            Self::Consumer(facts) => facts.cause(),
            Self::Inflation(_) => Cause::CpuInflation,
            Self::Spin(_) => Cause::Spin,
            Self::Cpu(_) => Cause::Cpu,
            Self::Starved(_) => Cause::Starved,
            Self::Imbalance(_) => Cause::Imbalance,
            Self::RuntimePause(_) => Cause::RuntimePause,
        }
    }
}

/// What holders do most while they hold, and for what share of that time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holding {
    /// What they do.
    pub activity: HolderActivity,
    /// 0 to 1.
    pub share: f64,
}
