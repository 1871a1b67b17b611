//! One insert an item into a database that takes one at a time; or, fixed, inserts of all that has gathered.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Job, Worker, spawn_workers};
use crate::demo::http::Connection;
use crate::work::StageName;

const INSERT: &str = "/?query=INSERT%20INTO%20transfers%20FORMAT%20JSONEachRow";
/// Rows that may wait for the writer: several seconds of work.
const ROOM: usize = 4096;

pub fn start(job: &Job) -> io::Result<()> {
    let output = job.output()?;
    if job.fixed {
        let (rows, gathered) = sync_channel(ROOM);
        let database = Connection::open(output)?;
        std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_batches(database, &gathered))?;
        return spawn_workers(job, |_| Ok(rows.clone()), hand_over_one);
    }
    spawn_workers(job, |_| Connection::open(output), insert_one)
}

fn insert_one(worker: &mut Worker, database: &mut Connection) -> io::Result<()> {
    let reply = worker.fetch()?;
    let row = worker.transform(&reply)?;
    worker.watch.enter(StageName::Write);
    database.post(INSERT, &row)?;
    worker.watch.done(1, StageName::Fetch);
    Ok(())
}

fn hand_over_one(worker: &mut Worker, rows: &mut SyncSender<String>) -> io::Result<()> {
    let reply = worker.fetch()?;
    let row = worker.transform(&reply)?;
    worker.watch.enter(StageName::Write);
    rows.send(row).map_err(io::Error::other)?;
    worker.watch.done(1, StageName::Fetch);
    Ok(())
}

/// Inserts whatever is there in one go, until the database or the workers are gone.
fn write_batches(mut database: Connection, gathered: &Receiver<String>) {
    while let Ok(mut batch) = gathered.recv() {
        batch.extend(gathered.try_iter());
        if database.post(INSERT, &batch).is_err() {
            return;
        }
    }
}
