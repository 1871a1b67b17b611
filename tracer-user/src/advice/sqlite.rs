//! SQLite: one writer at a time, so each should bring much.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Write many rows in one transaction, with a write-ahead log",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
for item in queue:  # $CULPRIT
    db.execute(INSERT, row(item))
    db.commit()
"#,
            after: r#"
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=NORMAL")
db.execute("PRAGMA busy_timeout=5000")
for batch in itertools.batched(queue, 100):
    rows = [row(item) for item in batch]
    with db:  # one transaction for all of them
        db.executemany(INSERT, rows)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
const insert = db.prepare(INSERT);
for (const item of queue) {
  insert.run(row(item)); // $CULPRIT
}
"#,
            after: r#"
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
db.pragma("busy_timeout = 5000");
const insert = db.prepare(INSERT);
const all = db.transaction((items: Item[]) => {
  for (const item of items) insert.run(row(item));
});
for (let i = 0; i < queue.length; i += 100) {
  all.immediate(queue.slice(i, i + 100));
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
for (Item item : queue) {
    insert.setString(1, row(item));
    insert.executeUpdate();
}
"#,
            after: r#"
statement.execute("PRAGMA journal_mode=WAL");
statement.execute("PRAGMA busy_timeout=5000");
db.setAutoCommit(false);
for (List<Item> batch : batches(queue, 100)) {
    for (Item item : batch) {
        insert.setString(1, row(item));
        insert.addBatch();
    }
    insert.executeBatch();
    db.commit(); // once for all of them
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range queue {
    _, err := db.Exec(insert, row(item))
    if err != nil {
        return err
    }
}
"#,
            after: r#"
// opened with ?_journal_mode=WAL&_txlock=immediate
for batch := range slices.Chunk(queue, 100) {
    err := inTx(db, func(tx *sql.Tx) error {
        for _, item := range batch {
            _, err := tx.Exec(insert, row(item))
            if err != nil {
                return err // rolls back
            }
        }
        return nil
    })
    if err != nil {
        return err
    }
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &queue {
    db.execute(INSERT, row(item))?;
}
"#,
            after: r#"
db.pragma_update(None, "journal_mode", "WAL")?;
db.busy_timeout(Duration::from_secs(5))?;
for batch in queue.chunks(100) {
    let tx =
        db.transaction_with_behavior(Immediate)?;
    for item in batch {
        tx.execute(INSERT, row(item))?;
    }
    tx.commit()?; // once for all of them
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while ((item = next(queue))) {
    bind(insert, item);
    sqlite3_step(insert);
    sqlite3_reset(insert);
}
"#,
            after: r#"
run(db, "PRAGMA journal_mode = WAL");
sqlite3_busy_timeout(db, 5000);
while ((n = next_some(queue, items, 100))) {
    run(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < n; i++) {
        bind(insert, items[i]);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    run(db, "COMMIT"); // once for all of them
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} lets one transaction write at a time and the others try again after a sleep; a transaction of many rows takes its \
         turn once, and with the write-ahead log readers do not stand in its way.",
        called(input.culprit)
    )
}
