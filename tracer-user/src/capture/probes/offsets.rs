//! Offsets of this kernel's struct members, in the form in which the kernel side takes them.

use std::path::Path;

use tracer_common::{ABSENT, Offsets};

use super::btf::Btf;
use crate::capture::CaptureError;

/// Where the kernel shows its type information.
pub const BTF_PATH: &str = "/sys/kernel/btf/vmlinux";

/// Reads the bytes of the kernel's type information.
///
/// # Errors
/// [`CaptureError::NoBtf`].
pub fn read_btf() -> Result<Vec<u8>, CaptureError> {
    std::fs::read(BTF_PATH).map_err(|source| CaptureError::NoBtf {
        path: BTF_PATH.into(),
        source,
    })
}

/// Parses the kernel's type information.
///
/// # Errors
/// [`CaptureError::BadBtf`].
pub fn parse(bytes: &[u8]) -> Result<Btf<'_>, CaptureError> {
    Btf::parse(bytes).map_err(|what| CaptureError::BadBtf {
        path: Path::new(BTF_PATH).into(),
        what,
    })
}

/// Parses the same bytes for aya, which keeps what it parsed to itself.
///
/// # Errors
/// [`CaptureError::BadBtf`].
pub fn for_aya(bytes: &[u8]) -> Result<aya::Btf, CaptureError> {
    aya::Btf::parse(bytes, aya::Endianness::default()).map_err(|_| CaptureError::BadBtf {
        path: Path::new(BTF_PATH).into(),
        what: "aya cannot read it",
    })
}

/// Finds the offsets in the order of [`Offsets::MEMBERS`].
///
/// # Errors
/// [`CaptureError::NoMember`] for a member that is needed and missing.
pub fn find(btf: &Btf<'_>, release: &str) -> Result<Vec<u32>, CaptureError> {
    Offsets::MEMBERS
        .iter()
        .map(|member| match btf.bit_offset(member.outer, member.path) {
            Some(bits) if member.is_bit => Ok(bits),
            Some(bits) => Ok(bits / 8),
            None if member.optional => Ok(ABSENT),
            None => Err(CaptureError::NoMember {
                outer: member.outer,
                member: member.path,
                release: release.to_owned(),
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use tracer_common::Offsets;

    #[test]
    fn values_fill_the_struct_in_the_order_of_its_members() {
        let values: Vec<u32> = (0..Offsets::MEMBERS.len() as u32)
            .map(|index| index * 4)
            .collect();
        let offsets = Offsets::from_values(&values);
        let at = |wanted: (&str, &str)| {
            Offsets::MEMBERS
                .iter()
                .position(|member| (member.outer, member.path) == wanted)
                .map(|index| index as u32 * 4)
        };
        assert_eq!(Some(offsets.task_pid), at(("task_struct", "pid")));
        assert_eq!(
            Some(offsets.transaction_tid),
            at(("transaction_s", "t_tid"))
        );
        assert_eq!(size_of::<Offsets>(), values.len() * 4);
    }
}
