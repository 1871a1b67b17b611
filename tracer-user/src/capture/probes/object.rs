//! The eBPF object: it is embedded in the program, told about this kernel, and loaded.
//!
//! In: the settings and the offsets of struct members. Out: maps and programs in the kernel, none of them attached.

use aya::{Ebpf, EbpfLoader, maps::MapError};

use crate::capture::{CaptureError, RING_BYTES, Settings};

/// The object that `cargo xtask ebpf` built.
static OBJECT: &[u8] =
    aya::include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/ebpf/holdup.bpf.o"));

/// Most bytes of a user stack that a snapshot holds.
const STACK_BYTES: u32 = 4096;

/// Creates the maps and prepares the programs; nothing runs yet.
///
/// # Errors
/// [`CaptureError::Rights`] or [`CaptureError::Load`].
pub fn load(settings: &Settings, offsets: &[u32], btf: &aya::Btf) -> Result<Ebpf, CaptureError> {
    let kernel_settings = [
        std::process::id(),
        u32::from(settings.peek),
        if settings.call_sites { STACK_BYTES } else { 0 },
        u32::from(settings.calls),
    ];
    let ring_bytes = settings
        .ring_bytes
        .clamp(*RING_BYTES.start(), *RING_BYTES.end())
        .next_power_of_two();
    let mut loader = EbpfLoader::new();
    loader
        .btf(Some(btf))
        .override_global("OFFSETS", offsets, true)
        .override_global("SETTINGS", &kernel_settings, true)
        .map_max_entries("EVENTS", ring_bytes);
    loader.load(OBJECT).map_err(|error| {
        let aya::EbpfError::MapError(MapError::CreateError { name, io_error }) = error else {
            return error.into();
        };
        match io_error.raw_os_error() {
            // The maps ask for nothing special, so only rights can be missing.
            Some(libc::EPERM | libc::EACCES) => CaptureError::Rights,
            Some(libc::ENOMEM) => CaptureError::Memory {
                map: name,
                ring_bytes: ring_bytes.into(),
            },
            _ => aya::EbpfError::MapError(MapError::CreateError { name, io_error }).into(),
        }
    })
}

/// Takes a map out of the object, as the type that its user wants.
///
/// # Errors
/// [`CaptureError::Map`].
pub fn take<T: TryFrom<aya::maps::Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    name: &'static str,
) -> Result<T, CaptureError> {
    ebpf.take_map(name)
        .ok_or(MapError::ElementNotFound)
        .and_then(T::try_from)
        .map_err(|source| CaptureError::Map {
            name,
            source: Box::new(source),
        })
}
