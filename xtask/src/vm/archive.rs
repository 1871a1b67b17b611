//! A cpio archive in the form the kernel unpacks ("newc": Documentation/driver-api/early-userspace/buffer-format.rst).

/// Builds an archive in memory; everything in it belongs to root.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

/// Bits of the mode (include/uapi/linux/stat.h).
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const CHARACTER_DEVICE: u32 = 0o020_000;

impl Archive {
    /// Adds a folder; its parents must have been added.
    pub fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER | 0o755, (0, 0), &[]);
    }

    /// Adds a program.
    pub fn program(&mut self, path: &str, content: &[u8]) {
        self.entry(path, REGULAR | 0o755, (0, 0), content);
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, to: &str) {
        self.entry(path, LINK | 0o777, (0, 0), to.as_bytes());
    }

    /// Adds a character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.entry(path, CHARACTER_DEVICE | 0o600, (major, minor), &[]);
    }

    /// The finished archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).expect("no file of the guest is over 4 GiB");
        let name = u32::try_from(path.len() + 1).expect("no path is over 4 GiB");
        self.bytes.extend_from_slice(b"070701");
        let (uid, gid, links, time) = (0, 0, 1, 0);
        let fields = [
            self.entries,
            mode,
            uid,
            gid,
            links,
            time,
            size,
            0,
            0,
            device.0,
            device.1,
            name,
            0,
        ];
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08X}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        let length = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_fields_the_kernel_reads() {
        let mut archive = Archive::default();
        archive.program("init", b"#!x");
        let header = "070701000000010000_81ED000000000000000000000001000000000000000300000000000000000000000000000000\
            0000000500000000";
        let wanted = format!("{}init\0\0#!x\0", header.replace('_', ""));
        let bytes = archive.finish();
        assert_eq!(String::from_utf8_lossy(&bytes[..wanted.len()]), wanted);
        assert_eq!(wanted.len() % 4, 0);
        assert!(bytes.windows(10).any(|window| window == b"TRAILER!!!"));
    }

    #[test]
    fn a_device_carries_its_numbers_and_a_link_its_target() {
        let mut archive = Archive::default();
        archive.device("dev/console", 5, 1);
        archive.link("bin/sh", "busybox");
        let text = String::from_utf8_lossy(&archive.finish()).into_owned();
        assert!(
            text.contains("00000005000000010000000C00000000dev/console\0"),
            "{text}"
        );
        // The header is 110 bytes long; with the name it is filled up to a multiple of four.
        assert!(text.contains("bin/sh\0\0\0\0busybox\0"), "{text}");
    }
}
