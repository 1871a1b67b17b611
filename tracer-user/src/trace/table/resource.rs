//! What is waited for.

use super::super::column::{Column, Kind, Packing, Values, column, names, texts, u32s, u64s};
use super::super::damage::Damage;
use super::super::decode::Columns;
use super::{Rows, Table};
use crate::row::{Batch, FileKind, Nanos, Pid, Resource, ResourceId, ResourceKind, SocketRole};

impl Table for Resource {
    const NAME: &'static str = "resources";
    const ORDERED_BY_END: bool = false;
    const COLUMNS: &'static [Column] = &[
        column("since_ns", Kind::U64, Packing::Delta),
        column("end_ns", Kind::U64, Packing::Delta),
        column("resource_id", Kind::U32, Packing::Delta),
        column("kind", Kind::Name, Packing::Few),
        column("pid", Kind::U32, Packing::Few),
        column("address", Kind::U64, Packing::Few),
        column("device", Kind::U64, Packing::Few),
        column("inode", Kind::U64, Packing::Few),
        column("file", Kind::Name, Packing::Few),
        column("path", Kind::Text, Packing::Few),
        column("role", Kind::Name, Packing::Few),
        column("family", Kind::Text, Packing::Few),
        column("local", Kind::Text, Packing::Few),
        column("remote", Kind::Text, Packing::Few),
        column("peer_inode", Kind::U64, Packing::Few),
        column("peer_pid", Kind::U32, Packing::Few),
        column("peer_name", Kind::Text, Packing::Few),
    ];

    fn of(batch: &Batch) -> &Vec<Self> {
        &batch.resources
    }

    fn end(&self) -> u64 {
        self.end.0
    }

    fn encode(rows: &[Self], since: u64) -> Vec<Values> {
        vec![
            u64s(rows, |_| since),
            u64s(rows, |r| r.end.0),
            u32s(rows, |r| r.id.0),
            names(rows, |r| r.kind),
            u32s(rows, |r| r.pid.0),
            u64s(rows, |r| r.address),
            u64s(rows, |r| r.device),
            u64s(rows, |r| r.inode),
            names(rows, |r| r.file),
            texts(rows, |r| &r.path),
            names(rows, |r| r.role),
            texts(rows, |r| &r.family),
            texts(rows, |r| &r.local),
            texts(rows, |r| &r.remote),
            u64s(rows, |r| r.peer_inode),
            u32s(rows, |r| r.peer_pid.0),
            texts(rows, |r| &r.peer_name),
        ]
    }

    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage> {
        let since = columns.u64("since_ns")?;
        let end = columns.u64("end_ns")?;
        let id = columns.u32("resource_id")?;
        let kind = columns.names("kind", Some(ResourceKind::Unknown))?;
        let pid = columns.u32("pid")?;
        let address = columns.u64("address")?;
        let device = columns.u64("device")?;
        let inode = columns.u64("inode")?;
        let file = columns.names("file", Some(FileKind::Unknown))?;
        let path = columns.texts("path")?;
        let role = columns.names("role", Some(SocketRole::Unknown))?;
        let family = columns.texts("family")?;
        let local = columns.texts("local")?;
        let remote = columns.texts("remote")?;
        let peer_inode = columns.u64("peer_inode")?;
        let peer_pid = columns.u32("peer_pid")?;
        let peer_name = columns.texts("peer_name")?;
        for i in 0..columns.rows() {
            rows.keys.push(since[i]);
            rows.rows.push(Self {
                end: Nanos(end[i]),
                id: ResourceId(id[i]),
                kind: kind[i],
                pid: Pid(pid[i]),
                address: address[i],
                device: device[i],
                inode: inode[i],
                file: file[i],
                path: path.get(i)?,
                role: role[i],
                family: family.get(i)?,
                local: local.get(i)?,
                remote: remote.get(i)?,
                peer_inode: peer_inode[i],
                peer_pid: Pid(peer_pid[i]),
                peer_name: peer_name.get(i)?,
            });
        }
        Ok(())
    }
}
