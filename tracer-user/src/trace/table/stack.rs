//! Call stacks, a row a frame: a stack of three frames is three rows with `frame` 0, 1, 2 and `frames` 3; one without frames
//! is a row with `frames` 0.

use super::super::column::{Column, Kind, Packing, Values, column, texts, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, Frame, Pid, Stack, StackId};

/// Frames of a stack that are stored; more would be a runaway walk.
pub(in super::super) const MAX_FRAMES: usize = 1024;

impl Table for Stack {
    const NAME: &'static str = "stacks";
    const ORDERED_BY_END: bool = false;
    const COLUMNS: &'static [Column] = &[
        column("since_ns", Kind::U64, Packing::Delta),
        column("stack_id", Kind::U32, Packing::Delta),
        column("pid", Kind::U32, Packing::Few),
        column("frame", Kind::U32, Packing::Delta),
        column("frames", Kind::U32, Packing::Few),
        column("module", Kind::Text, Packing::Few),
        column("symbol", Kind::Text, Packing::Few),
        column("file", Kind::Text, Packing::Few),
        column("line", Kind::U32, Packing::Few),
        column("module_offset", Kind::U64, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.stacks
    }

    fn end(&self) -> u64 {
        0
    }

    fn encode(rows: &[Self], since: u64) -> Vec<Values> {
        let none = Frame::default();
        let mut flat: Vec<(&Self, u32, u32, &Frame)> = Vec::new();
        for stack in rows {
            let frames = &stack.frames[..stack.frames.len().min(MAX_FRAMES)];
            // At most MAX_FRAMES, so that the number fits.
            let count = frames.len() as u32;
            if frames.is_empty() {
                flat.push((stack, 0, 0, &none));
            }
            flat.extend(
                frames
                    .iter()
                    .zip(0..)
                    .map(|(frame, index)| (stack, index, count, frame)),
            );
        }
        let flat = &flat[..];
        vec![
            u64s(flat, |_| since),
            u32s(flat, |(stack, ..)| stack.id.0),
            u32s(flat, |(stack, ..)| stack.pid.0),
            u32s(flat, |(_, index, ..)| *index),
            u32s(flat, |(_, _, count, _)| *count),
            texts(flat, |(.., frame)| &frame.module),
            texts(flat, |(.., frame)| &frame.symbol),
            texts(flat, |(.., frame)| &frame.file),
            u32s(flat, |(.., frame)| frame.line),
            u64s(flat, |(.., frame)| frame.offset),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let since = columns.u64("since_ns")?;
        let id = columns.u32("stack_id")?;
        let pid = columns.u32("pid")?;
        let index = columns.u32("frame")?;
        let count = columns.u32("frames")?;
        let module = columns.texts("module")?;
        let symbol = columns.texts("symbol")?;
        let file = columns.texts("file")?;
        let line = columns.u32("line")?;
        let offset = columns.u64("module_offset")?;
        for i in 0..columns.rows() {
            if index[i] == 0 {
                rows.keys.push(since[i]);
                rows.rows.push(Self {
                    id: StackId(id[i]),
                    pid: Pid(pid[i]),
                    frames: Vec::new(),
                });
            }
            if count[i] == 0 {
                continue;
            }
            let next =
                |stack: &&mut Self| stack.id.0 == id[i] && stack.frames.len() == index[i] as usize;
            let stack = rows
                .rows
                .last_mut()
                .filter(next)
                .filter(|_| (index[i] as usize) < MAX_FRAMES);
            let stack = stack.ok_or_else(|| columns.invalid("frames out of order"))?;
            stack.frames.push(Frame {
                module: module.get(i)?,
                symbol: symbol.get(i)?,
                file: file.get(i)?,
                line: line[i],
                offset: offset[i],
            });
        }
        Ok(())
    }
}
