use super::{Dialect, Text, plain};

const DIALECTS: [Dialect; 2] = [Dialect::Postgres, Dialect::MySql];

fn text(bytes: &[u8], whole: bool, dialect: Dialect) -> String {
    plain(Text {
        bytes,
        whole,
        dialect,
    })
    .text
}

fn check(given: &str, expect: &str) {
    let found = text(given.as_bytes(), true, Dialect::Postgres);
    assert_eq!(found, expect, "{given}");
}

fn check_mysql(given: &str, expect: &str) {
    let found = text(given.as_bytes(), true, Dialect::MySql);
    assert_eq!(found, expect, "{given}");
}

#[test]
fn constants_become_question_marks() {
    check(
        "UPDATE hot SET n = n + 1 WHERE id = 17;",
        "UPDATE hot SET n = n + ? WHERE id = ?",
    );
    check("select * from t1 where a='x'", "select * from t1 where a=?");
    check("SELECT -5, +3, 1e-7, .5, 0xFF, 1_000", "SELECT ?");
    check("SELECT a - 5, a-5, a + -5", "SELECT a - ?, a-?, a + ?");
    check("SELECT x'1F', B'01', N'name', E'it\\'s 5'", "SELECT ?");
    check("SELECT date'2020-01-01' 'more'", "SELECT date?");
    check("SELECT $1::int4, $22", "SELECT ?::int4, ?");
    check("SELECT $$secret 1$$, $a1$ $$ secret $a1$, z", "SELECT ?, z");
    check("SELECT 'it''s', ''''", "SELECT ?");
    check(
        "SELECT \"Col 1\", t2.c3 FROM s4.t2",
        "SELECT \"Col 1\", t2.c3 FROM s4.t2",
    );
    check(
        "SELECT a[1:2], b::numeric(10,2)",
        "SELECT a[?:?], b::numeric(?)",
    );
    check("LIMIT 10OFFSET 5", "LIMIT ?");
    check("", "");
    check_mysql(
        "SELECT `t 1`.a, \"secret\", ? FROM t # secret 7\nWHERE a = 'b'",
        "SELECT `t 1`.a, ? FROM t WHERE a = ?",
    );
}

#[test]
fn blanks_and_comments_become_one_blank() {
    check("  SELECT\n\t1  ,\r\n 2 FROM  t", "SELECT ? FROM t");
    check(
        "/* user=7 /* 'nested' */ secret */ SELECT/**/a -- secret 5\n, b",
        "SELECT a , b",
    );
    check("SELECT a -- secret", "SELECT a");
    check("SELECT a /* secret", "SELECT a");
}

#[test]
fn lists_become_one() {
    check("x IN (1, 2, 'a', -4)", "x IN (?)");
    check(
        "INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL), (-3, true)",
        "INSERT INTO t (a, b) VALUES (?)",
    );
    check(
        "INSERT INTO t VALUES (1, now(), 2), (3, now(), 4), (5, now(), 6) RETURNING id",
        "INSERT INTO t VALUES (?, now(), ?) RETURNING id",
    );
    check("SELECT f(1), f(2), (a), (b)", "SELECT f(?), f(?), (a), (b)");
    check("WHERE a IS NULL AND b = NULL", "WHERE a IS NULL AND b = ?");
}

#[test]
fn what_the_cut_may_have_shortened_is_left_out() {
    let cut = |given: &str| {
        plain(Text {
            bytes: given.as_bytes(),
            whole: false,
            dialect: Dialect::Postgres,
        })
    };
    let check = |given: &str, expect: &str| {
        let found = cut(given);
        assert_eq!(
            (found.text.as_str(), found.whole),
            (expect, false),
            "{given}"
        );
    };
    check("SELECT a, b FROM tab", "SELECT a, b FROM");
    check(
        "SELECT a FROM t WHERE b = 'secr",
        "SELECT a FROM t WHERE b = ?",
    );
    check(
        "SELECT a FROM t WHERE b = 'secret'",
        "SELECT a FROM t WHERE b = ?",
    );
    check(
        "SELECT a FROM t WHERE b = 12",
        "SELECT a FROM t WHERE b = ?",
    );
    check(
        "SELECT a FROM t WHERE b = $x$sec",
        "SELECT a FROM t WHERE b = ?",
    );
    check(
        "SELECT a FROM t WHERE b = $se",
        "SELECT a FROM t WHERE b = ?",
    );
    check("SELECT a FROM \"my tab", "SELECT a FROM");
    check(
        "INSERT INTO t VALUES (1, 'a'), (2, 'b', ",
        "INSERT INTO t VALUES (?)",
    );
    check(
        "INSERT INTO t VALUES (1, 'a'), (",
        "INSERT INTO t VALUES (?)",
    );
    check("INSERT INTO t VALUES (1, ", "INSERT INTO t VALUES (?");
    check("SELECT 1e", "SELECT ?");
}

/// The word stands only inside constants and comments.
#[test]
fn nothing_of_a_constant_is_left() {
    for dialect in DIALECTS {
        for given in [
            r"SELECT 'a\' , secret, ' b'",
            r"SELECT 'a\\' , 'secret'",
            r"SELECT 'a\\\' , secret , ' secret'",
            r"SELECT E'a\' secret', E'\\', 'secret'",
            "SELECT 'secret''secret' 'secret'",
            "SELECT 1secret, 0xsecret, 1.5e-7secret",
            "SELECT $secret$ secret $other$ secret $secret$",
            "SELECT $$ secret ' $$, 'secret'",
            "SELECT '/*', 'secret', '*/'",
            "SELECT /* ' */ 'secret' -- '\n, 'secret'",
            "SELECT '--', 'secret'\n, 'secret'",
            "SELECT 'secret",
            "SELECT U&'secret', _utf8'secret', n'secret'",
            "INSERT INTO t VALUES ('secret', $$secret$$), ('secret', 'secret')",
        ] {
            for length in 0..=given.len() {
                let found = text(&given.as_bytes()[..length], length == given.len(), dialect);
                assert!(!found.contains("secr"), "{given} to {found}");
            }
        }
    }
    for length in 0..40 {
        let given = &b"SELECT \"secret\\\" , secret, \" secret\""[..length.min(36)];
        let found = text(given, false, Dialect::MySql);
        assert!(!found.contains("secr"), "{found}");
    }
}

/// Digits stand only in names.
#[test]
fn no_number_is_left() {
    for dialect in DIALECTS {
        for given in [
            "SELECT 12, -12, +12, - 12, 12.5, .125, 12., 12e12, 12E+12, 12e-12, 0x12ab, 0b12, 1_2",
            "SELECT (12), [12], {12}, <12>, =12, !12, ~12, |12|, 12::int, 12/12*12%12^12",
            "SELECT a=12AND b=12 OR c<>12;SELECT 12",
            "SELECT '12', '12''12', -'12', 12'12'12",
            "SELECT $12, :12, @12, 12:12, 12@12",
            "LIMIT 12,12 OFFSET 12",
        ] {
            for length in 0..=given.len() {
                let found = text(&given.as_bytes()[..length], length == given.len(), dialect);
                assert!(
                    !found.contains(|c: char| c.is_ascii_digit()),
                    "{given} to {found}"
                );
            }
        }
    }
}

#[test]
fn any_bytes_give_a_text() {
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        noise ^= noise >> 12;
        noise ^= noise << 25;
        noise ^= noise >> 27;
        noise.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let likely = b"'\"`$\\/*-()?,;e0x1.+ \n_aZ\xc3\xa4\xff\0#";
    for round in 0..40_000_u64 {
        let length = usize::try_from(next() % 130).expect("small");
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                let byte = next().to_le_bytes()[3];
                if round % 4 == 0 {
                    byte
                } else {
                    likely[usize::from(byte) % likely.len()]
                }
            })
            .collect();
        for dialect in DIALECTS {
            let found = text(&bytes, round % 2 == 0, dialect);
            assert!(found.len() <= 3 * bytes.len(), "{}", bytes.escape_ascii());
        }
    }
}
