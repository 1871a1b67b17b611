//! `cargo xtask setup`: installs what the rebuild of the eBPF object, the virtual machine and the zoo need.
//!
//! None of it is needed to build holdup, to use it, or to run the tests that need no kernel. In the doubtful case (a
//! package this distribution does not have, no root, no apt) it says what does not work without it, and goes on.

mod apt;
mod library;
mod linker;
mod node;
mod readers;

use crate::{tools, vm};

/// Something that needs packages.
struct Need {
    what: &'static str,
    packages: &'static [&'static str],
}

const NEEDS: &[Need] = &[
    Need {
        what: "rebuilding the eBPF object (`cargo xtask ebpf`)",
        packages: &["rustc-web", "cargo-web", "rust-web-src", "llvm-22-dev"],
    },
    Need {
        what: "the second kernel (`cargo xtask vm`)",
        packages: &["qemu-system-x86", "busybox-static"],
    },
    Need {
        what: "the labelled workloads (`cargo xtask zoo`) and the tests of languages",
        packages: &[
            "gcc",
            "libc6-dev",
            "python3",
            "openssl",
            "nodejs",
            "openjdk-17-jdk-headless",
            "golang-go",
        ],
    },
];

/// What the bench compares with, and real clients and servers for the zoo.
const PEERS: Need = Need {
    what: "the comparisons of the bench (`cargo xtask bench`), and the labelled workloads with real clients and servers",
    packages: &[
        "bpftrace",
        "linux-perf",
        "strace",
        "redis-server",
        "redis-tools",
        "nodejs",
        "postgresql",
        "postgresql-contrib",
        "e2fsprogs",
        "python3-aiohttp",
        "python3-redis",
        "python3-uvloop",
        "python3-pymysql",
        "mariadb-server",
        "nginx",
        "pgbouncer",
        "iproute2",
    ],
};

/// What a binary to hand out is built with.
const STATIC: Need = Need {
    what: "the binary to hand out (`cargo xtask dist`)",
    packages: &["musl-tools"],
};

/// What the tests of traces and exports by other programs are installed with.
const READERS: Need = Need {
    what: "other programs that read traces and exports (`cargo test -p zoo --test readers`)",
    packages: &["python3-venv", "nodejs"],
};

/// What is installed beside the rest.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// What the bench compares with.
    pub bench: bool,
    /// What a binary to hand out is built with.
    pub dist: bool,
    /// Programs that read traces and exports.
    pub readers: bool,
}

/// Installs what is missing, saying what before doing it.
///
/// # Errors
/// When something that was started failed. What cannot be had here is said and is no error.
pub fn run(wanted: Wanted) -> anyhow::Result<()> {
    let bench = wanted.bench.then_some(&PEERS);
    let dist = wanted.dist.then_some(&STATIC);
    let readers = wanted.readers.then_some(&READERS);
    let needs = || NEEDS.iter().chain(bench).chain(dist).chain(readers);
    let mut lacking = Vec::new();
    if tools::found("apt-get").is_none() || tools::found("dpkg-query").is_none() {
        println!("no apt here: install by hand, under the names your system gives them,");
        for need in needs() {
            println!("  for {}: {}", need.what, need.packages.join(" "));
        }
        println!(
            "and on other systems than Debian's, instead of the Rust packages, a nightly Rust with rust-src."
        );
    } else {
        for need in needs() {
            lacking.extend(apt::install(need.what, need.packages)?);
        }
    }
    if wanted.bench {
        lacking.extend(node::install()?);
    }
    if wanted.readers {
        lacking.extend(readers::install()?);
    }
    if wanted.dist {
        lacking.extend(library::install()?);
    }
    lacking.extend(linker::install()?);
    match vm::kernel::fetch() {
        Ok(kernel) => println!("the second kernel's image: {}", kernel.display()),
        Err(error) => lacking.push(format!("{error:#}: `cargo xtask vm` cannot run")),
    }
    if lacking.is_empty() {
        println!("everything is there");
    }
    for what in &lacking {
        println!("missing: {what}");
    }
    Ok(())
}
