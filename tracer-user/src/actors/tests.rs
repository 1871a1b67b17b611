//! Whose requests they are, by the order of what is sent and read.

use super::{ActorId, Actors};
use crate::classify::{Classifier, Event};
use crate::row::{
    Batch, Call, Nanos, OpenRequest, Pid, Resource, ResourceId, ResourceKind, SocketRole, Syscall,
    Task, TaskFact, TaskRole, Tid, Verb,
};
use crate::timeline::Step;

const PID: Pid = Pid(100);

/// What a thread does with a socket, in turn: `1 s A` is thread 1 that sends on socket A. `s`: sends, `r`: reads a reply, `w`: waits in
/// the read for it, `n`: finds none, `e`: reads the end, `p`: polls.
fn steps(text: &str) -> Vec<(Tid, char, ResourceId)> {
    let step = |step: &str| {
        let mut words = step.split_whitespace();
        let tid = words.next()?.parse().ok()?;
        let what = words.next()?.chars().next()?;
        let socket = words.next().map_or(0, |name| u32::from(name.as_bytes()[0]));
        Some((Tid(tid), what, ResourceId(socket)))
    };
    text.split(';')
        .map(|text| step(text).expect("a step"))
        .collect()
}

/// A process on its way through the station.
struct Process {
    actors: Actors,
    classifier: Classifier,
    now: u64,
    /// Whose each step was.
    whose: Vec<ActorId>,
}

impl Process {
    fn new(program: &str) -> Self {
        let mut classifier = Classifier::default();
        let sockets = (b'A'..=b'Z').map(|name| Resource {
            id: ResourceId(u32::from(name)),
            kind: ResourceKind::Socket,
            role: SocketRole::Client,
            remote: if name < b'M' {
                "10.0.0.1:80"
            } else {
                "10.0.0.2:80"
            }
            .to_owned(),
            pid: PID,
            family: if name < b'U' { "tcp4" } else { "unix" }.to_owned(),
            ..Resource::default()
        });
        classifier.learn(&Batch {
            resources: sockets.collect(),
            ..Batch::default()
        });
        let mut process = Self {
            actors: Actors::new(Nanos(1)),
            classifier,
            now: 1,
            whose: Vec::new(),
        };
        for tid in 1..=3 {
            let task = Task {
                end: Nanos(1),
                tid: Tid(tid),
                pid: PID,
                role: TaskRole::Target,
                fact: TaskFact::Seen,
                exe: format!("/usr/bin/{program}"),
                ..Task::default()
            };
            process.take(Step::Task(&task));
        }
        process
    }

    fn take(&mut self, step: Step<'_>) {
        let event = self.classifier.classify(step);
        let whose = &mut self.whose;
        let give = &mut |event: &Event<'_, ActorId>, _: &mut Classifier| {
            if let Event::Call(call) = event
                && !call.call.call.is_poll()
            {
                whose.push(call.who);
            }
        };
        self.actors.take(event, (&mut self.classifier, give));
    }

    /// A window ends; when the next one opens, requests are under way on these sockets.
    fn pauses(&mut self, names: &[&str]) {
        self.pauses_until(names, 0);
    }

    /// The same, where these requests were sent so long after it opened.
    fn pauses_until(&mut self, names: &[&str], later: u64) {
        self.now += 10;
        let at = Nanos(self.now);
        let open = self.classifier.join();
        let nothing = &mut |_: &Event<'_, ActorId>, _: &mut Classifier| {};
        self.actors
            .take(Event::Join(at, &open), (&mut self.classifier, nothing));
        let requests = names.iter().map(|name| OpenRequest {
            end: at,
            asked: Nanos(at.0 + later),
            resource: ResourceId(u32::from(name.as_bytes()[0])),
            pid: PID,
        });
        self.classifier.learn(&Batch {
            requests: requests.collect(),
            ..Batch::default()
        });
        let found = self.classifier.found_under_way(at);
        self.actors
            .found_under_way(&found, (&mut self.classifier, nothing));
    }

    /// No step was a task's.
    fn has_threads_only(&self) {
        let is_thread = |who: &ActorId| matches!(who, ActorId::Thread(_));
        assert!(self.whose.iter().all(is_thread), "{}", names(&self.whose));
    }

    fn goes_on(&mut self, text: &str) {
        for (tid, what, socket) in steps(text) {
            self.now += 10;
            let (call, ret, verb) = match what {
                's' => (Syscall::Sendto, 10, Verb::HttpRead),
                'r' | 'w' => (Syscall::Recvfrom, 10, Verb::HttpReply),
                'n' => (Syscall::Recvfrom, -11, Verb::Unknown),
                'e' => (Syscall::Recvfrom, 0, Verb::Unknown),
                _ => (Syscall::EpollWait, 1, Verb::Unknown),
            };
            let call = Call {
                start: Nanos(self.now),
                end: Nanos(self.now),
                tid,
                pid: PID,
                call,
                resource: socket,
                ret,
                verb,
                blocked: what == 'w',
                count: 1,
                ..Call::default()
            };
            self.take(Step::Call(&call));
        }
    }
}

/// Whose each step of a process is, steps that are nobody's left out: `t1` is thread 1, `0` the first task.
fn check(program: &str, text: &str, whose: &str) {
    let mut process = Process::new(program);
    process.goes_on(text);
    assert_eq!(names(&process.whose), whose, "{text}");
}

fn names(whose: &[ActorId]) -> String {
    let name = |who: &ActorId| match who {
        ActorId::Thread(tid) => format!("t{tid}"),
        ActorId::Task(number) => number.to_string(),
    };
    whose.iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_thread_that_asks_one_after_the_other_is_a_worker_itself() {
    check(
        "node",
        "1 p; 1 s A; 1 p; 1 r A; 1 s M; 1 p; 1 r M",
        "t1 t1 t1 t1",
    );
    // It asks two at once and waits for both, without a loop.
    check(
        "work",
        "1 s A; 1 s M; 1 r A; 1 r M; 1 s A",
        "t1 t1 t1 t1 t1",
    );
}

#[test]
fn what_is_sent_after_a_read_goes_on_from_it() {
    check(
        "node",
        "1 p; 1 s A; 1 s B; 1 p; 1 r B; 1 s N; 1 r A; 1 s M; 1 p; 1 r N; 1 s B",
        "t1 1 1 1 0 0 1 1",
    );
}

#[test]
fn in_a_loop_that_defers_the_first_that_was_read_goes_on_first() {
    let reads_first = "1 p; 1 s A; 1 s B; 1 p; 1 r A; 1 r B; 1 s M; 1 s N";
    check("python3.11", reads_first, "t1 1 0 1 0 1");
    // What follows the read at once is the latest that was read, the other one waits in the process.
    check("node", reads_first, "t1 1 0 1 1 0");
}

#[test]
fn looking_in_vain_and_the_end_of_an_idle_connection_are_nobodys() {
    check(
        "node",
        "1 p; 1 s A; 1 s B; 1 n A; 1 p; 1 r A; 1 s M; 1 e A; 1 p; 1 r M; 1 s M",
        "t1 1 0 0 0 0",
    );
}

#[test]
fn a_task_goes_from_thread_to_thread() {
    check(
        "work",
        "1 s A; 2 r A; 2 s B; 1 r B; 1 s A; 2 r A; 2 s C; 1 r C; 1 s D; 2 r D",
        // From the third on it is known.
        "t1 t2 t2 t1 t1 t2 0 0 0 0",
    );
}

#[test]
fn a_task_that_runs_on_another_thread_is_not_who_sends() {
    check(
        "work",
        "1 p; 1 s A; 1 s B; 2 p; 2 s C; 2 s D; 1 r A; 2 s M; 1 s N; 1 r B; 1 r N; 2 s E",
        // The last one goes on with what thread 1 has put aside.
        "t1 1 t2 3 0 4 0 1 0 1",
    );
}

/// A process with requests under way on these sockets, and the tasks that are found at once.
fn with_requests(names: &[&str]) -> (Process, std::collections::BTreeSet<ActorId>) {
    let mut process = Process::new("node");
    let under_way = names.iter().map(|name| OpenRequest {
        end: Nanos(1),
        asked: Nanos(0),
        resource: ResourceId(u32::from(name.as_bytes()[0])),
        pid: PID,
    });
    process.classifier.learn(&Batch {
        requests: under_way.collect(),
        ..Batch::default()
    });
    let found = process.classifier.found_under_way(Nanos(1));
    let mut tasks = std::collections::BTreeSet::new();
    let mut note = |event: &Event<'_, ActorId>| {
        if let Event::Asked(who, _) = event {
            tasks.insert(*who);
        }
    };
    process.actors.found_under_way(
        &found,
        (&mut process.classifier, &mut |event, _| note(event)),
    );
    (process, tasks)
}

#[test]
fn a_request_under_way_whose_reply_a_thread_waits_for_is_that_threads() {
    let (mut process, _) = with_requests(&["A", "B", "C", "M"]);
    process.goes_on("1 p; 1 r A; 1 s N; 1 r B; 1 s O; 2 w M; 2 s M; 2 w M; 1 r C");
    assert_eq!(names(&process.whose), "t1 t1 3 3 t2 t2 t2 0");
}

#[test]
fn what_was_under_way_before_the_window_is_found_with_the_carrier() {
    let (mut process, tasks) = with_requests(&["A", "B", "C", "M"]);
    assert!(
        tasks.is_empty(),
        "whose thread they are shows with the first replies"
    );
    process.goes_on("1 p; 1 r A; 1 s N; 1 r B; 1 s O");
    assert_eq!(names(&process.whose), "t1 t1 3 3");
}

#[test]
fn a_reply_that_lay_unread_over_a_pause_is_that_of_who_had_asked() {
    let mut process = Process::new("node");
    process.goes_on("1 p; 1 s A; 1 s B; 1 s C; 1 p");
    // What was asked on A and B is answered; nobody has read it yet.
    process.pauses(&["C"]);
    let before = process.whose.len();
    process.goes_on("1 r A; 1 s M; 1 p; 1 r B; 1 s N; 1 p; 1 r C; 1 s O");
    assert_eq!(names(&process.whose[before..]), "0 0 1 1 2 2");
    // One has gone on in the pause with what another asks now: it has that one's reply.
    process.pauses(&["A", "C"]);
    let before = process.whose.len();
    process.goes_on("1 r M; 1 r A; 1 r C");
    let tasks: std::collections::BTreeSet<_> = process.whose[before..].iter().collect();
    assert_eq!(tasks.len(), 3, "{:?}", &process.whose[before..]);
    // Whoever has gone on in the pause is one of them too.
    process.pauses(&["A", "B", "C"]);
    let before = process.whose.len();
    process.goes_on("1 r A; 1 r B; 1 r C");
    let mut tasks = process.whose[before..].to_vec();
    tasks.sort_unstable();
    assert_eq!(names(&tasks), "0 1 2");
}

#[test]
fn a_request_that_is_sent_while_a_window_opens_is_counted_once() {
    let mut process = Process::new("node");
    process.goes_on("1 p; 1 s A; 1 s B; 1 s C; 1 p; 1 r A");
    process.pauses_until(&["M"], 5);
    let before = process.whose.len();
    // Whoever has read A goes on with it.
    process.goes_on("1 s M; 1 r B; 1 s N; 1 r C; 1 s O");
    assert_eq!(names(&process.whose[before..]), "0 1 1 2 2");
}

#[test]
fn connections_that_threads_lend_each_other_in_pauses_show_no_tasks() {
    let mut process = Process::new("work");
    for _ in 0..4 {
        process.goes_on("1 s A; 2 s M");
        // Both have asked again in the pause, on what the other one had given back.
        process.pauses(&["A", "M"]);
        process.goes_on("2 w A; 1 w M; 1 s B; 2 s C; 1 w B; 2 w C");
    }
    process.has_threads_only();
}

#[test]
fn a_reply_on_a_connection_without_books_shows_no_tasks_after_a_pause() {
    let mut process = Process::new("work");
    for _ in 0..4 {
        process.goes_on("1 s U; 2 s V");
        process.pauses(&[]);
        process.goes_on("2 w U; 1 w V");
    }
    process.goes_on("1 s A; 1 w A");
    process.has_threads_only();
}
