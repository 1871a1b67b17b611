//! The kernel's type information (BTF), as far as offsets of struct members need it.
//!
//! In: bytes of `/sys/kernel/btf/vmlinux` (format: Documentation/bpf/btf.rst, v6.18). Out: offsets. Pure; damaged input gives an
//! error, never a panic. aya parses BTF too, but does not show members. The crates that do so would make attaching slower: the
//! types of Linux 6.18 take 5 ms here, and 300 to 430 ms with btfparse 1.3, btf 0.5 and btf-rs 2.0, which copy every name (btf-rs,
//! under the LGPL, takes 34 ms where the kernel lets the file be mapped, from 6.16 on).

/// Kinds of types (include/uapi/linux/btf.h).
mod kind {
    pub const INT: u32 = 1;
    pub const POINTER: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNCTION_PROTOTYPE: u32 = 13;
    pub const VARIABLE: u32 = 14;
    pub const DATA_SECTION: u32 = 15;
    pub const DECLARATION_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

const MAGIC: u16 = 0xeb9f;
/// Longest chain of typedefs and qualifiers, and deepest nesting, that is followed.
const DEPTH: usize = 16;

/// The types of the running kernel.
pub struct Btf<'a> {
    types: Vec<Type<'a>>,
    strings: &'a [u8],
}

struct Type<'a> {
    name: u32,
    info: u32,
    /// The size in bytes, or the type referred to, depending on the kind.
    size_or_type: u32,
    /// The bytes that follow the common part.
    tail: &'a [u8],
}

impl Type<'_> {
    fn kind(&self) -> u32 {
        self.info >> 24 & 0x1f
    }
    fn len(&self) -> usize {
        (self.info & 0xffff) as usize
    }
    fn has_bitfields(&self) -> bool {
        self.info >> 31 != 0
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

impl<'a> Btf<'a> {
    /// Parses all types.
    ///
    /// # Errors
    /// A phrase that says what is wrong with the bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let header = word(bytes, 0).ok_or("it is empty")?;
        if header & 0xffff != u32::from(MAGIC) {
            return Err("it does not begin like BTF of this machine's byte order");
        }
        let field = |index: usize| word(bytes, index * 4).map(|word| word as usize);
        let section = |offset: usize, length: usize| -> Option<&'a [u8]> {
            let start = field(1)?.checked_add(field(offset)?)?;
            bytes.get(start..start.checked_add(field(length)?)?)
        };
        let records = section(2, 3).ok_or("its types lie outside of it")?;
        let strings = section(4, 5).ok_or("its strings lie outside of it")?;
        let void = Type {
            name: 0,
            info: 0,
            size_or_type: 0,
            tail: &[],
        };
        let mut types = vec![void];
        let mut at = 0;
        while at < records.len() {
            let (record, next) = Self::record(records, at)
                .ok_or("a type of it is cut short or of an unknown kind")?;
            types.push(record);
            at = next;
        }
        Ok(Self { types, strings })
    }

    fn record(records: &'a [u8], at: usize) -> Option<(Type<'a>, usize)> {
        let mut record = Type {
            name: word(records, at)?,
            info: word(records, at + 4)?,
            size_or_type: word(records, at + 8)?,
            tail: &[],
        };
        let len = record.len();
        let tail = match record.kind() {
            kind::INT | kind::VARIABLE | kind::DECLARATION_TAG => 4,
            kind::ARRAY => 12,
            kind::STRUCT | kind::UNION | kind::DATA_SECTION | kind::ENUM64 => len * 12,
            kind::ENUM | kind::FUNCTION_PROTOTYPE => len * 8,
            // Pointers, forward declarations, qualifiers, functions, floats and type tags have no tail.
            0..=kind::ENUM64 => 0,
            _ => return None,
        };
        let start = at + 12;
        record.tail = records.get(start..start + tail)?;
        Some((record, start + tail))
    }

    fn name(&self, offset: u32) -> &'a [u8] {
        let rest = self.strings.get(offset as usize..).unwrap_or_default();
        rest.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    fn find(&self, name: &str, kinds: &[u32]) -> Option<&Type<'a>> {
        self.types.iter().find(|record| {
            kinds.contains(&record.kind()) && self.name(record.name) == name.as_bytes()
        })
    }

    /// The type behind all typedefs and qualifiers.
    fn plain(&self, mut id: u32) -> Option<&Type<'a>> {
        for _ in 0..DEPTH {
            let record = self.types.get(id as usize)?;
            match record.kind() {
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    id = record.size_or_type;
                }
                _ => return Some(record),
            }
        }
        None
    }

    /// Offset of member `path` (names joined by dots) in struct `outer`, in bits. Anonymous structs and unions are looked
    /// through; pointers are not followed.
    #[must_use]
    pub fn bit_offset(&self, outer: &str, path: &str) -> Option<u32> {
        let mut record = self.find(outer, &[kind::STRUCT, kind::UNION])?;
        let mut offset = 0;
        for name in path.split('.') {
            let (bits, member) = self.member(record, name, 0)?;
            offset += bits;
            record = self.plain(member)?;
        }
        Some(offset)
    }

    /// The same in bytes, of a member that is more than some bits.
    #[must_use]
    pub fn offset(&self, outer: &str, path: &str) -> Option<u32> {
        Some(self.bit_offset(outer, path)? / 8)
    }

    /// The bit offset and the type of a member, which may lie in an anonymous struct or union.
    fn member(&self, record: &Type<'a>, name: &str, depth: usize) -> Option<(u32, u32)> {
        if !matches!(record.kind(), kind::STRUCT | kind::UNION) || depth > DEPTH {
            return None;
        }
        for index in 0..record.len() {
            let member_name = self.name(word(record.tail, index * 12)?);
            let member_type = word(record.tail, index * 12 + 4)?;
            let at = word(record.tail, index * 12 + 8)?;
            let bits = if record.has_bitfields() {
                at & 0xff_ffff
            } else {
                at
            };
            if member_name == name.as_bytes() {
                return Some((bits, member_type));
            }
            if member_name.is_empty()
                && let Some(inner) = self.plain(member_type)
                && let Some((inner_bits, found)) = self.member(inner, name, depth + 1)
            {
                return Some((bits + inner_bits, found));
            }
        }
        None
    }

    /// How many arguments a tracepoint hands its probes; `None` when there is no such tracepoint.
    #[must_use]
    pub fn tracepoint_arguments(&self, name: &str) -> Option<usize> {
        let alias = self.find(&format!("btf_trace_{name}"), &[kind::TYPEDEF])?;
        let pointer = self.plain(alias.size_or_type)?;
        if pointer.kind() != kind::POINTER {
            return None;
        }
        let prototype = self.plain(pointer.size_or_type)?;
        // The first parameter is the probe's own data.
        (prototype.kind() == kind::FUNCTION_PROTOTYPE).then(|| prototype.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Btf;

    /// BTF of `struct outer { int a; union { long b; struct { int c; int d; }; }; }` and of a tracepoint with two arguments.
    fn sample() -> Vec<u8> {
        let strings = b"\0outer\0a\0b\0c\0d\0btf_trace_x\0int\0";
        let at = |name: &str| {
            let needle = format!("\0{name}\0");
            strings
                .windows(needle.len())
                .position(|window| window == needle.as_bytes())
                .expect("there") as u32
                + 1
        };
        let mut types: Vec<u32> = Vec::new();
        types.extend([at("int"), 1 << 24, 4, 32]); // 1
        types.extend([0, 4 << 24 | 2, 8, at("c"), 1, 0, at("d"), 1, 32]); // 2: inner struct
        types.extend([0, 5 << 24 | 2, 8, at("b"), 1, 0, 0, 2, 0]); // 3: union
        types.extend([at("outer"), 4 << 24 | 2, 16, at("a"), 1, 0, 0, 3, 64]); // 4
        types.extend([0, 13 << 24 | 3, 0, 0, 0, 0, 1, 0, 1]); // 5: prototype
        types.extend([0, 2 << 24, 5]); // 6: pointer
        types.extend([at("btf_trace_x"), 8 << 24, 6]); // 7
        let mut bytes = Vec::new();
        let length = u32::try_from(types.len() * 4).expect("small");
        for word in [
            0x0001_eb9f,
            24,
            0,
            length,
            length,
            u32::try_from(strings.len()).expect("small"),
        ] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(types.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn members_of_anonymous_parts_are_found() {
        let bytes = sample();
        let btf = Btf::parse(&bytes).expect("sound");
        assert_eq!(btf.offset("outer", "a"), Some(0));
        assert_eq!(btf.offset("outer", "b"), Some(8));
        assert_eq!(btf.offset("outer", "d"), Some(12));
        assert_eq!(btf.offset("outer", "e"), None);
        assert_eq!(btf.offset("inner", "a"), None);
    }

    #[test]
    fn arguments_of_a_tracepoint() {
        let bytes = sample();
        let btf = Btf::parse(&bytes).expect("sound");
        assert_eq!(btf.tracepoint_arguments("x"), Some(2));
        assert_eq!(btf.tracepoint_arguments("y"), None);
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = sample();
        for cut in 0..bytes.len() {
            assert!(Btf::parse(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut bytes = sample();
        bytes[24 + 7] = 31; // kind of the first type
        assert!(Btf::parse(&bytes).is_err());
    }
}
