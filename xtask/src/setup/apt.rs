//! Packages by apt: only those that are missing, only those that exist.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{host, process};

/// Installs its arguments. No service of theirs is started meanwhile: invoke-rc.d asks policy-rc.d, and 101 means no. A policy that is
/// there already stays in force.
const INSTALL: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
"#;

/// Installs the missing ones of `packages`; gives sentences about those that cannot be had.
///
/// # Errors
/// When apt fails.
pub fn install(what: &str, packages: &[&str]) -> anyhow::Result<Vec<String>> {
    let missing = missing(packages);
    if missing.is_empty() {
        println!("{what}: {} installed", packages.join(" "));
        return Ok(Vec::new());
    }
    println!("{what}: needs {}", missing.join(" "));
    let Some(root) = host::root() else {
        return Ok(vec![format!(
            "{what}; as root: apt-get install {}",
            missing.join(" ")
        )]);
    };
    if !missing.iter().all(|package| exists(package)) {
        // The lists may be old, or not there yet.
        process::run(root.command("apt-get").args(["update", "-q"]))?;
    }
    let (there, unknown): (Vec<&str>, Vec<&str>) =
        missing.into_iter().partition(|package| exists(package));
    if !there.is_empty() {
        let mut command = root.command("sh");
        command.args(["-c", INSTALL, "sh"]);
        process::run(command.args(there))?;
    }
    let sentence = |package: &str| {
        format!("{package} (this distribution has no such package): {what} may not work")
    };
    Ok(unknown.into_iter().map(sentence).collect())
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    // Exits with 1 when it knows none of them, and still prints those it knows.
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${Package} ${db:Status-Status}\n"])
        .args(packages)
        .output();
    let installed = output
        .map(|output| installed(&String::from_utf8_lossy(&output.stdout)))
        .unwrap_or_default();
    packages
        .iter()
        .copied()
        .filter(|package| !installed.contains(*package))
        .collect()
}

fn installed(listing: &str) -> BTreeSet<String> {
    listing
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .map(str::to_owned)
        .collect()
}

fn exists(package: &str) -> bool {
    let policy =
        process::output(Command::new("apt-cache").args(["policy", package])).unwrap_or_default();
    has_candidate(&policy)
}

fn has_candidate(policy: &str) -> bool {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate: "))
        .any(|version| version != "(none)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_packages_are_installed() {
        let listing = "gcc installed\nqemu-system-x86 config-files\nbusybox-static not-installed\n";
        assert_eq!(installed(listing), BTreeSet::from(["gcc".to_owned()]));
    }

    #[test]
    fn a_package_exists_when_apt_could_install_it() {
        assert!(has_candidate(
            "gcc:\n  Installed: (none)\n  Candidate: 4:12.2.0-3\n"
        ));
        assert!(!has_candidate(
            "rustc-web:\n  Installed: (none)\n  Candidate: (none)\n"
        ));
        assert!(!has_candidate(""));
    }
}
