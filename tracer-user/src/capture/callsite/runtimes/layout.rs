//! Where the members of a struct lie, by the debug information of a program.

use std::collections::HashMap;

use addr2line::gimli::{
    AttributeValue, DW_AT_data_member_location, DW_AT_name, DW_TAG_member, DW_TAG_structure_type,
    DebuggingInformationEntry, Dwarf, Unit,
};

use crate::capture::callsite::bytes::Bytes;
use crate::capture::callsite::dwarf::{self, Slice};

/// Offsets of all members, by struct and member.
pub type Layout = HashMap<String, HashMap<String, u64>>;

/// Looks for `structs` in the compilation units of this name, of which there may be several; `None`: the file has no debug
/// information, or not all of them.
#[must_use]
pub fn find(file: &Bytes, unit: &str, structs: &[&str]) -> Option<Layout> {
    let (dwarf, _kept) = dwarf::open(file)?;
    let mut headers = dwarf.units();
    while let Ok(Some(header)) = headers.next() {
        let Ok(found) = dwarf.unit(header) else {
            continue;
        };
        if found
            .name
            .is_some_and(|name| name.slice() == unit.as_bytes())
            && let Some(layout) = members(&dwarf, &found, structs)
        {
            return Some(layout);
        }
    }
    None
}

fn members(dwarf: &Dwarf<Slice>, unit: &Unit<Slice>, structs: &[&str]) -> Option<Layout> {
    let mut layout = Layout::new();
    let mut entries = unit.entries();
    // The struct whose members are read, and how deep it lies.
    let mut inside: Option<(String, isize)> = None;
    while let Ok(Some(entry)) = entries.next_dfs() {
        let depth = entry.depth();
        if inside.as_ref().is_some_and(|(_, at)| depth <= *at) {
            inside = None;
            if layout.len() == structs.len() {
                break;
            }
        }
        let tag = entry.tag();
        if tag == DW_TAG_structure_type && inside.is_none() {
            let name = name(dwarf, unit, entry).filter(|name| structs.contains(&&**name));
            if let Some(name) = name {
                layout.entry(name.clone()).or_default();
                inside = Some((name, depth));
            }
        } else if tag == DW_TAG_member
            && let Some((of, _)) = &inside
        {
            let offset = entry.attr_value(DW_AT_data_member_location);
            let offset = offset.as_ref().and_then(AttributeValue::udata_value);
            if let (Some(member), Some(offset)) = (name(dwarf, unit, entry), offset) {
                layout.entry(of.clone()).or_default().insert(member, offset);
            }
        }
    }
    (layout.len() == structs.len()).then_some(layout)
}

fn name(
    dwarf: &Dwarf<Slice>,
    unit: &Unit<Slice>,
    entry: &DebuggingInformationEntry<Slice>,
) -> Option<String> {
    let value = entry.attr_value(DW_AT_name)?;
    let name = dwarf.attr_string(unit, value).ok()?;
    Some(String::from_utf8_lossy(name.slice()).into_owned())
}
