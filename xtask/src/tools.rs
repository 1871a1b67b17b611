//! Where the tools of the eBPF build are: what `cargo xtask setup` installs, `cargo xtask ebpf` finds.

use std::path::PathBuf;

use crate::project;

/// The linker of eBPF objects.
pub const BPF_LINKER: &str = "bpf-linker";
/// The version the stamp of the kept object names.
pub const BPF_LINKER_VERSION: &str = "0.13.0";
/// Major version of LLVM that this bpf-linker and the compiler below share.
pub const LLVM: &str = "22";
/// Debian's compiler that comes with its library's source, so that `core` can be built for the BPF target.
pub const RUSTC: &str = "/usr/bin/rustc";

/// Where `cargo xtask setup` puts programs: inside the project, gone with it.
pub fn folder() -> PathBuf {
    project::target().join("tools")
}

/// The linker: as `setup` installs it, else on the `PATH`.
pub fn bpf_linker() -> Option<PathBuf> {
    let own = folder().join("bin").join(BPF_LINKER);
    if own.is_file() {
        return Some(own);
    }
    found(BPF_LINKER)
}

/// The program of that name on the `PATH`.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
