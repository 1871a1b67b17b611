//! Inserts over connections that are lent out one at a time: four for sixteen threads; or, fixed, one each.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::{Job, Worker, spawn_workers};
use crate::demo::Scenario;
use crate::demo::http::Connection;
use crate::work::StageName;

/// Connections of the program as it is.
const CONNECTIONS: usize = 4;

#[derive(Debug)]
struct Pool {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl Pool {
    #[inline(never)]
    fn acquire(&self) -> Connection {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = idle.pop() {
                return connection;
            }
            idle = self
                .returned
                .wait(idle)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn release(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        self.returned.notify_one();
    }
}

pub fn start(job: &Job) -> io::Result<()> {
    let output = job.output()?;
    let size = if job.fixed {
        Scenario::Pool.workers()
    } else {
        CONNECTIONS
    };
    let idle = (0..size)
        .map(|_| Connection::open(output))
        .collect::<io::Result<Vec<_>>>()?;
    let pool = Arc::new(Pool {
        idle: Mutex::new(idle),
        returned: Condvar::new(),
    });
    spawn_workers(job, |_| Ok(()), move |worker, ()| insert_one(worker, &pool))
}

fn insert_one(worker: &mut Worker, pool: &Pool) -> io::Result<()> {
    let reply = worker.fetch()?;
    let row = worker.transform(&reply)?;
    worker.watch.enter(StageName::Write);
    let mut connection = pool.acquire();
    let outcome = connection.post(
        "/?query=INSERT%20INTO%20transfers%20FORMAT%20JSONEachRow",
        &row,
    );
    pool.release(connection);
    outcome?;
    worker.watch.done(1, StageName::Fetch);
    Ok(())
}
