//! The second kernel: Debian's 6.1 for clouds, unpacked and never installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{process, project, tools};

/// What the names of its packages begin and end with; between them stands the number of its interface.
const PACKAGE: (&str, &str) = ("linux-image-6.1.0-", "-cloud-amd64");

/// The kernel's image; fetched once, then kept under cargo's target folder.
///
/// # Errors
/// When there is no such package or it cannot be fetched or unpacked.
pub fn fetch() -> anyhow::Result<PathBuf> {
    let folder = project::target().join("vm");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    if let Some(image) = image(&folder) {
        return Ok(image);
    }
    if tools::found("apt-get").is_none() || tools::found("dpkg").is_none() {
        bail!("the second kernel comes as a Debian package, and there is no apt here");
    }
    let packages = process::output(Command::new("apt-cache").args(["pkgnames", PACKAGE.0]))?;
    let Some(package) = newest(&packages) else {
        bail!(
            "this distribution has no package {}*{}",
            PACKAGE.0,
            PACKAGE.1
        );
    };
    process::run(
        Command::new("apt-get")
            .current_dir(&folder)
            .args(["download", "-q", package]),
    )?;
    let archive = first(&folder, |name| {
        name.starts_with(package) && name.ends_with(".deb")
    });
    let archive = archive.with_context(|| format!("`apt-get download` left no {package}*.deb"))?;
    process::run(Command::new("dpkg").arg("-x").arg(&archive).arg(&folder))?;
    std::fs::remove_file(&archive)
        .with_context(|| format!("cannot remove {}", archive.display()))?;
    image(&folder).with_context(|| format!("{package} holds no boot/vmlinuz-*"))
}

fn image(folder: &Path) -> Option<PathBuf> {
    first(&folder.join("boot"), |name| name.starts_with("vmlinuz-"))
}

fn first(folder: &Path, wanted: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(&wanted)
        })
}

/// The package with the highest number, of a list with one name a line.
fn newest(packages: &str) -> Option<&str> {
    let number = |package: &str| {
        package
            .strip_prefix(PACKAGE.0)?
            .strip_suffix(PACKAGE.1)?
            .parse::<u32>()
            .ok()
    };
    packages
        .lines()
        .filter_map(|package| Some((number(package)?, package)))
        .max()
        .map(|(_, package)| package)
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn the_newest_kernel_is_the_one_with_the_highest_number() {
        let packages = "linux-image-6.1.0-9-cloud-amd64\nlinux-image-6.1.0-56-cloud-amd64-unsigned\n\
            linux-image-6.1.0-55-cloud-amd64\nlinux-image-6.1.0-56-cloud-amd64-dbg\nlinux-image-6.1.0-57-amd64\n";
        assert_eq!(newest(packages), Some("linux-image-6.1.0-55-cloud-amd64"));
        assert_eq!(newest("linux-image-6.8.0-31-generic\n"), None);
    }
}
