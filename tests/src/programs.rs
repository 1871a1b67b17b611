//! The sources of the programs, carried along so that a run needs no checkout.

/// Files every program of a language is built or run with.
pub const RUST_WITH: &[(&str, &str)] = &[
    ("books.rs", include_str!("../programs/books.rs")),
    ("wire.rs", include_str!("../programs/wire.rs")),
];
/// The same for C.
pub const C_WITH: &[(&str, &str)] = &[
    ("books.h", include_str!("../programs/books.h")),
    ("wire.h", include_str!("../programs/wire.h")),
];
/// The same for Java.
pub const JAVA_WITH: &[(&str, &str)] = &[
    ("Page.java", include_str!("../programs/Page.java")),
    ("Peer.java", include_str!("../programs/Peer.java")),
    ("Settings.java", include_str!("../programs/Settings.java")),
];
/// The same for Python.
pub const PYTHON_WITH: &[(&str, &str)] = &[
    ("books.py", include_str!("../programs/books.py")),
    ("wire.py", include_str!("../programs/wire.py")),
    ("serving.py", include_str!("../programs/serving.py")),
    ("postgres.py", include_str!("../programs/postgres.py")),
];

macro_rules! sources {
    ($($file:literal),* $(,)?) => { &[$(($file, include_str!(concat!("../programs/", $file)))),*] };
}

const SOURCES: &[(&str, &str)] = sources![
    "server.rs",
    "threads.rs",
    "processes.c",
    "burners.c",
    "counters.c",
    "protect.c",
    "mapped.c",
    "tls_server.py",
    "client.py",
    "database.py",
    "progress.py",
    "append.py",
    "read_blocks.py",
    "lend.py",
    "transform.py",
    "retry.py",
    "reconnect.rs",
    "feed_queue.py",
    "feed_pipe.py",
    "Lend.java",
    "Churn.java",
    "coroutines.py",
    "goroutines.go",
    "promises.js",
    "slow_names.py",
    "start_redis.py",
    "start_postgres.py",
    "start_bouncer.py",
    "start_mariadb.py",
    "start_nginx.py",
    "statements.py",
    "updates.py",
    "advisory.py",
    "counts.py",
    "lines.py",
    "reader.rs",
    "mounted.py",
    "files.rs",
];

/// The source in `file`.
#[must_use]
pub fn source(file: &str) -> Option<&'static str> {
    SOURCES
        .iter()
        .find(|(name, _)| *name == file)
        .map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;
    use crate::draw::Draw;
    use crate::plan::Program;

    #[test]
    fn every_case_has_its_program() {
        for case in cases::all() {
            let program = (case.plan)(&mut Draw::new(case.name, 1)).program;
            if let Program::Built(_) = program {
                continue;
            }
            let file = program.file();
            assert!(source(&file).is_some(), "{}: no {file}", case.name);
        }
    }
}
