//! `cargo xtask ebpf`: builds the kernel side and keeps the object beside a stamp; with `--check` proves that the kept
//! object is what the sources give.
//!
//! The stamp holds a hash of the sources, one of the object, and the tools it was built by. Hashes are compared on every
//! machine; the build is repeated, and its result compared byte for byte, where the same tools are.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::{process, project, tools};

const OBJECT: &str = "tracer-user/ebpf/holdup.bpf.o";
const STAMP: &str = "tracer-user/ebpf/holdup.bpf.stamp";
const TARGET: &str = "bpfel-unknown-none";
/// What goes into the object, relative to the project.
const SOURCES: [&str; 5] = [
    "tracer-common/Cargo.toml",
    "tracer-common/src",
    "tracer-ebpf/Cargo.lock",
    "tracer-ebpf/Cargo.toml",
    "tracer-ebpf/src",
];

/// Builds the object and its stamp, or with `check` only compares.
///
/// # Errors
/// When a tool is missing or fails, or, with `check`, when object and sources do not belong together.
pub fn run(check: bool) -> anyhow::Result<()> {
    let root = project::root();
    let sources = hash_sources(&root)?;
    if !check {
        let tools = Tools::find()?;
        let object = build(&root, &tools)?;
        fs::create_dir_all(root.join("tracer-user/ebpf"))?;
        fs::write(root.join(OBJECT), &object).context(OBJECT)?;
        fs::write(root.join(STAMP), stamp(&sources, &object, &tools.versions)).context(STAMP)?;
        println!("{OBJECT}: {} bytes", object.len());
        return Ok(());
    }
    let kept = fs::read(root.join(OBJECT)).context(OBJECT)?;
    let text = fs::read_to_string(root.join(STAMP)).context(STAMP)?;
    let stamped = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
    };
    ensure!(
        stamped("sources") == Some(&sources),
        "the sources of the eBPF object have changed since it was built: run `cargo xtask ebpf`"
    );
    ensure!(
        stamped("object") == Some(&hash(&kept)),
        "{OBJECT} is not what the stamp says: run `cargo xtask ebpf`"
    );
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(error) => {
            println!("the stamp fits; the object was not rebuilt, since {error:#}");
            return Ok(());
        }
    };
    if stamped("tools") != Some(&tools.versions) {
        println!(
            "the stamp fits; the object was not rebuilt, since the tools here are others: {}",
            tools.versions
        );
        return Ok(());
    }
    let object = build(&root, &tools)?;
    ensure!(
        object == kept,
        "{OBJECT} is not what its sources give: run `cargo xtask ebpf`"
    );
    println!("{OBJECT} is what its sources give, byte for byte");
    Ok(())
}

fn stamp(sources: &str, object: &[u8], versions: &str) -> String {
    format!(
        "sources {sources}\nobject {}\ntools {versions}\n",
        hash(object)
    )
}

/// What the build needs.
struct Tools {
    rustc: PathBuf,
    cargo: PathBuf,
    linker: PathBuf,
    objcopy: PathBuf,
    /// Of the compiler and the linker, as the stamp keeps them.
    versions: String,
}

impl Tools {
    fn find() -> anyhow::Result<Self> {
        let rustc = PathBuf::from(tools::RUSTC);
        let cargo = rustc.with_file_name("cargo");
        let objcopy = PathBuf::from(format!("/usr/lib/llvm-{}/bin/llvm-objcopy", tools::LLVM));
        for file in [&rustc, &cargo, &objcopy] {
            ensure!(
                file.is_file(),
                "there is no {}: run `cargo xtask setup`",
                file.display()
            );
        }
        let linker =
            tools::bpf_linker().context("there is no bpf-linker: run `cargo xtask setup`")?;
        let version = |program: &Path| process::output(Command::new(program).arg("--version"));
        let versions = format!("{} / {}", version(&rustc)?.trim(), version(&linker)?.trim());
        Ok(Self {
            rustc,
            cargo,
            linker,
            objcopy,
            versions,
        })
    }
}

/// Builds the object and gives its bytes; the same bytes wherever the project lies.
fn build(root: &Path, tools: &Tools) -> anyhow::Result<Vec<u8>> {
    let folder = root.join("tracer-ebpf");
    let target = folder.join("target");
    let flags = [
        OsString::from("-Cdebuginfo=2"),
        "-Ctarget-cpu=v3".into(),
        "-Clink-arg=--btf".into(),
        "-Clinker=bpf-linker".into(),
        remap(root, "holdup"),
        remap(&cargo_home(), "cargo"),
    ];
    let mut command = Command::new(&tools.cargo);
    command
        .current_dir(&folder)
        .args([
            "build",
            "--quiet",
            "--locked",
            "--release",
            "-Z",
            "build-std=core",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&target)
        // What a surrounding cargo or rustup set would choose another compiler.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO")
        .env("RUSTC", &tools.rustc)
        // The released compiler takes the nightly features that building `core` needs.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\u{1f}")))
        .env("PATH", search_path(&tools.linker));
    process::run(&mut command)?;
    let stripped = target.join("holdup.bpf.o");
    // BTF stays, since the verifier's messages name source lines by it.
    process::run(
        Command::new(&tools.objcopy)
            .arg("--strip-debug")
            .arg(target.join(TARGET).join("release/holdup"))
            .arg(&stripped),
    )?;
    let object = fs::read(&stripped).with_context(|| stripped.display().to_string())?;
    let path = root.to_string_lossy();
    if object
        .windows(path.len())
        .any(|window| window == path.as_bytes())
    {
        bail!("the object holds the path {path}: it would differ elsewhere");
    }
    Ok(object)
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
        .unwrap_or_default()
}

/// The linker's folder first, then those of the system: rustup's are of no use here.
fn search_path(linker: &Path) -> OsString {
    let mut path = linker
        .parent()
        .unwrap_or(Path::new("/"))
        .as_os_str()
        .to_owned();
    path.push(":/usr/bin:/bin");
    path
}

/// Hash of all sources, their names included.
fn hash_sources(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&root.join(source), &mut files)?;
    }
    files.sort();
    let mut all = Sha256::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(&file);
        let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
        all.update(name.to_string_lossy().as_bytes());
        all.update([0]);
        all.update((bytes.len() as u64).to_le_bytes());
        all.update(&bytes);
    }
    Ok(hex(&all.finalize()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_sources_changes_with_a_byte_and_with_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        for source in SOURCES {
            let path = folder.path().join(source);
            if source.ends_with("src") {
                fs::create_dir_all(&path).expect("made");
            } else {
                fs::create_dir_all(path.parent().expect("inside")).expect("made");
                fs::write(path, source).expect("written");
            }
        }
        let file = folder.path().join("tracer-ebpf/src/main.rs");
        fs::write(&file, "a").expect("written");
        let first = hash_sources(folder.path()).expect("read");
        assert_eq!(first, hash_sources(folder.path()).expect("read"));
        fs::write(&file, "b").expect("written");
        let second = hash_sources(folder.path()).expect("read");
        fs::rename(&file, file.with_file_name("other.rs")).expect("renamed");
        let third = hash_sources(folder.path()).expect("read");
        assert!(first != second && second != third && first != third);
    }
}
