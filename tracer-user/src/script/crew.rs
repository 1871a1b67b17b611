//! The threads that a plan tells of: who they are.

use super::names::server_pid;
use super::plan::{Action, Holding, PeerIndex, Plan, Step};
use super::stations::ThreadIndex;
use super::thread::{Duty, Thread};
use crate::row::{Pid, Task, TaskRole, Tid};

/// The process that all crews of threads belong to, and that started the crews of processes.
const TARGET: Pid = Pid(100);
/// Threads of crews are numbered from here.
const FIRST: u32 = 200;
/// Children are numbered from here.
const CHILDREN: u32 = 100_000;

fn small(index: usize) -> u32 {
    u32::try_from(index).expect("few threads")
}

/// All threads that are there from the beginning: those of the crews, then those of local peers.
pub(super) fn threads(plan: &Plan) -> Vec<Thread> {
    let mut threads: Vec<Thread> = Vec::new();
    for (index, crew) in plan.crews.iter().enumerate() {
        for number in 0..crew.count {
            let tid = FIRST + small(threads.len());
            let who = Task {
                tid: Tid(tid),
                pid: if crew.is_processes { Pid(tid) } else { TARGET },
                role: TaskRole::Target,
                name: crew.name.clone(),
                exe: "/usr/bin/app".to_owned(),
                command: "app".to_owned(),
                ..Task::default()
            };
            threads.push(Thread::new(who, Duty::Crew(index), number));
        }
    }
    for (peer, _) in plan.peers.iter().enumerate().filter(|(_, p)| p.is_local) {
        let asks = |thread: &Thread| match thread.duty {
            Duty::Crew(crew) => mentions(&plan.crews[crew].steps, PeerIndex(peer)),
            Duty::Child(_) | Duty::Server { .. } => false,
        };
        let clients = (0..threads.len()).filter(|index| asks(&threads[*index]));
        let clients: Vec<ThreadIndex> = clients.collect();
        for (number, client) in (0..).zip(clients) {
            let server = server(plan, peer, client, number);
            let place = threads.len();
            threads[client].servers.push((peer, place));
            threads.push(server);
        }
    }
    threads
}

fn mentions(steps: &[Step], peer: PeerIndex) -> bool {
    steps.iter().any(|step| match &step.action {
        Action::Request { peer: asked, .. } => *asked == peer,
        Action::Lock(_, _, Holding::Fetching(asked)) => *asked == peer,
        _ => false,
    })
}

fn server(plan: &Plan, peer: usize, client: ThreadIndex, number: u32) -> Thread {
    let pid = server_pid(peer);
    let who = Task {
        tid: Tid(pid.0 + number),
        pid,
        role: TaskRole::Peer,
        name: plan.peers[peer].name.clone(),
        exe: "/usr/bin/server".to_owned(),
        ..Task::default()
    };
    Thread::new(who, Duty::Server { peer, client }, number)
}

/// A child process that begins now, as the thread `place` of all.
pub(super) fn child(plan: &Plan, children: usize, place: ThreadIndex) -> Thread {
    debug_assert!(children < plan.children.len());
    let tid = CHILDREN + small(place);
    let who = Task {
        tid: Tid(tid),
        pid: Pid(tid),
        role: TaskRole::Target,
        parent_tid: Tid(TARGET.0),
        parent_pid: TARGET,
        name: "child".to_owned(),
        exe: "/usr/bin/tool".to_owned(),
        ..Task::default()
    };
    Thread::new(who, Duty::Child(children), small(place))
}
