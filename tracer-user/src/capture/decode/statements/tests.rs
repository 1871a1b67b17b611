use super::{Asked, Dialect, Known, MOST, Name, Statements, Text};
use crate::row::{ResourceId, Statement, StatementId, Verb};

const SOCKET: ResourceId = ResourceId(3);

#[derive(Default)]
struct Seen {
    statements: Statements,
    rows: Vec<Statement>,
}

impl Seen {
    fn ask(&mut self, asked: Asked<'_>, verb: Verb) -> Known {
        self.statements.know(asked, verb, SOCKET, &mut self.rows)
    }

    fn run(&mut self, text: &str, whole: bool) -> StatementId {
        self.ask(Asked::Run(query(text, whole)), Verb::SqlRead)
            .statement
    }

    fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }
}

fn query(text: &str, whole: bool) -> Text<'_> {
    Text {
        bytes: text.as_bytes(),
        whole,
        dialect: Dialect::Postgres,
    }
}

#[test]
fn how_much_the_constants_leave_to_be_seen_makes_no_other_statement() {
    let mut seen = Seen::default();
    let one = seen.run("INSERT INTO t VALUES (1, 'short') ON CONFLICT ", false);
    assert_eq!(
        seen.run("INSERT INTO t VALUES (1, 'so long that", false),
        one
    );
    assert_eq!(
        seen.run(
            "INSERT INTO t VALUES (1, 'sh') ON CONFLICT DO NOTHING",
            true
        ),
        one
    );
    assert_ne!(
        seen.run("INSERT INTO u VALUES (1, 'so long that", false),
        one
    );
    assert_eq!(seen.run("", true), StatementId::NONE);
    assert_eq!(
        seen.texts(),
        [
            "INSERT INTO t VALUES (?) ON CONFLICT ...",
            "INSERT INTO u VALUES (? ..."
        ]
    );
}

#[test]
fn a_prepared_statement_has_its_text_where_that_was_seen() {
    let mut seen = Seen::default();
    let name = Name::Chosen(b"S_1");
    let unseen = seen.ask(Asked::Execute(name), Verb::Unknown);
    let update = query("UPDATE t SET a = $1", true);
    let prepared = seen.ask(Asked::Prepare(name, update), Verb::SqlWrite);
    assert_eq!(seen.ask(Asked::Execute(name), Verb::Unknown), prepared);
    assert_eq!(
        (unseen.verb, prepared.verb),
        (Verb::Unknown, Verb::SqlWrite)
    );
    for name in [&b""[..], b"it's 5 o'clock", &[b'a'; 64]] {
        let odd = seen.ask(Asked::Execute(Name::Chosen(name)), Verb::Unknown);
        assert_eq!(odd, Known::default());
    }
    assert_eq!(seen.texts(), ["prepared S_1", "UPDATE t SET a = ?"]);
}

#[test]
fn the_number_of_a_prepared_statement_comes_with_the_reply() {
    let mut seen = Seen::default();
    let prepared = seen.ask(
        Asked::Prepare(Name::Awaited, query("SELECT 1", true)),
        Verb::SqlRead,
    );
    assert!(seen.statements.is_awaited(SOCKET) && !seen.statements.is_awaited(ResourceId(4)));
    seen.statements.prepared(SOCKET, Some(7));
    assert!(!seen.statements.is_awaited(SOCKET));
    let run =
        |seen: &mut Seen, number| seen.ask(Asked::Execute(Name::Given(number)), Verb::Unknown);
    assert_eq!(run(&mut seen, 7), prepared);
    assert_ne!(run(&mut seen, 8), prepared);
    assert_eq!(seen.texts(), ["SELECT ?", "prepared 8"]);
}

#[test]
fn a_program_that_makes_up_texts_fills_no_memory() {
    let mut seen = Seen::default();
    for n in 0..10_000 {
        seen.run(&format!("SELECT a FROM t{n}"), true);
    }
    assert_eq!(seen.rows.len(), MOST);
    assert_eq!(seen.run("SELECT a FROM t0", true), StatementId(1));
    assert_eq!(seen.run("SELECT a FROM u", true), StatementId::NONE);
}
