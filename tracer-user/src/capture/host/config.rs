//! How the kernel was built, where it says so.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Options of the kernel's build that are set (`CONFIG_X=y` or `m`); one that is not in it is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where it was read.
    pub path: PathBuf,
    /// Names without `CONFIG_`, and what they are set to.
    pub set: BTreeMap<String, String>,
}

impl Config {
    /// It is built in or a module.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.set
            .get(option)
            .is_some_and(|value| value == "y" || value == "m")
    }

    /// The configuration of kernel `release`, where it is to be read.
    pub(super) fn read(release: &str) -> Option<Self> {
        let plain = [
            format!("/boot/config-{release}"),
            format!("/lib/modules/{release}/config"),
        ];
        for path in plain {
            if let Ok(text) = fs::read_to_string(&path) {
                return Some(Self::parse(path.into(), &text));
            }
        }
        let packed = PathBuf::from("/proc/config.gz");
        let output = Command::new("gzip")
            .arg("-dc")
            .stdin(fs::File::open(&packed).ok()?)
            .stderr(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        Some(Self::parse(
            packed,
            &String::from_utf8_lossy(&output.stdout),
        ))
    }

    fn parse(path: PathBuf, text: &str) -> Self {
        let set = text
            .lines()
            .filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self { path, set }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn lines_of_a_configuration() {
        // From `zcat /proc/config.gz` of Linux 6.18.
        let text = "# BPF subsystem\nCONFIG_BPF_SYSCALL=y\n# CONFIG_KPROBES is not set\nCONFIG_HZ=250\nCONFIG_IKCONFIG=m\n";
        let config = Config::parse("x".into(), text);
        assert!(config.has("BPF_SYSCALL") && config.has("IKCONFIG"));
        assert!(!config.has("KPROBES") && !config.has("HZ"));
        assert_eq!(config.set["HZ"], "250");
    }
}
