//! A lock that puts its waiters to sleep instead of one they spin on.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};
use crate::row::printable;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Sleep on the lock instead of spinning",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
while busy:  # $CULPRIT
    os.sched_yield()
busy = True
"#,
            after: r#"
with lock:  # threading.Lock
    update()
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
while (Atomics.exchange(state, 0, 1)) {}
update();
Atomics.store(state, 0, 0);
"#,
            after: r#"
while (Atomics.exchange(state, 0, 1)) {
  Atomics.wait(state, 0, 1);
}
update();
Atomics.store(state, 0, 0);
Atomics.notify(state, 0, 1);
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
while (!busy.compareAndSet(false, true)) {
    Thread.onSpinWait();
}
update();
busy.set(false);
"#,
            after: r#"
lock.lock(); // ReentrantLock
try {
    update();
} finally {
    lock.unlock();
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for !busy.CompareAndSwap(false, true) {
    runtime.Gosched()
}
update()
busy.Store(false)
"#,
            after: r#"
mu.Lock() // sync.Mutex
update()
mu.Unlock()
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
while busy.swap(true, Acquire) {
    std::hint::spin_loop();
}
update();
busy.store(false, Release);
"#,
            after: r#"
{
    let _held = mutex.lock().unwrap();
    update();
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while (atomic_exchange(&busy, 1))
    ;
update();
atomic_store(&busy, 0);
"#,
            after: r#"
pthread_mutex_lock(&mutex);
update();
pthread_mutex_unlock(&mutex);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let place = match input.culprit.call_site.as_str() {
        "" => "their loop".to_owned(),
        site => printable(site).into_owned(),
    };
    format!(
        "Workers that wait in {place} keep their CPUs, also from the one they wait for; a lock of the kernel's or the runtime's gives the CPU \
         to who can use it. Then hold it shorter, or keep a part for each worker."
    )
}
