//! A lock on a file that is waited for, instead of one that is asked for again and again.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Wait for the file lock instead of polling it",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
while True:
    try:  # $CULPRIT
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except BlockingIOError:
        time.sleep(0.05)
"#,
            after: r#"
fcntl.flock(f, fcntl.LOCK_EX)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
while (!(await tryLock(fd))) {
  await sleep(50);
}
"#,
            after: r#"
// fs-ext: waits on a thread of the pool
const flock = promisify(fsExt.flock);
await flock(fd, "ex");
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
FileLock held;
while ((held = channel.tryLock()) == null) {
    Thread.sleep(50);
}
"#,
            after: r#"
FileLock held = channel.lock();
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
const how = syscall.LOCK_EX | syscall.LOCK_NB
for syscall.Flock(fd, how) != nil {
    time.Sleep(50 * time.Millisecond)
}
"#,
            after: r#"
err := syscall.Flock(fd, syscall.LOCK_EX)
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
while file.try_lock().is_err() {
    thread::sleep(PAUSE);
}
"#,
            after: r#"
file.lock()?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while (flock(file, LOCK_EX | LOCK_NB))
    usleep(PAUSE);
"#,
            after: r#"
flock(file, LOCK_EX);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "Whoever finds the lock on {} taken sleeps, and sleeps on after it is free. A call that waits is woken at once (flock without \
         LOCK_NB, fcntl with F_SETLKW); where that cannot be, a pause about as long as the lock is held wastes less.",
        called(input.culprit)
    )
}
