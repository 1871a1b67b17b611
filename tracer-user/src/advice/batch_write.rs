//! Many rows in one write, where each write costs the peer a turn.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called, or_inside};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Write rows in batches",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# one insert a row: $CULPRIT
for item in queue:
    row = transform(fetch(item))
    client.insert("rows", [row])
"#,
            after: r#"
rows = []
for item in queue:
    rows.append(transform(fetch(item)))
    if len(rows) >= 100:
        client.insert("rows", rows)
        rows.clear()
if rows:
    client.insert("rows", rows)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// one insert a row: $CULPRIT
for (const item of queue) {
  const row = transform(await load(item));
  await client.insert("rows", [row]);
}
"#,
            after: r#"
let rows: Row[] = [];
for (const item of queue) {
  rows.push(transform(await load(item)));
  if (rows.length >= 100) {
    await client.insert("rows", rows);
    rows = [];
  }
}
if (rows.length) await client.insert("rows", rows);
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// one insert a row: $CULPRIT
for (Item item : queue) {
    insert.setString(1, load(item));
    insert.executeUpdate();
}
"#,
            after: r#"
db.setAutoCommit(false);
int rows = 0;
for (Item item : queue) {
    insert.setString(1, load(item));
    insert.addBatch();
    if (++rows % 100 == 0) {
        insert.executeBatch();
        db.commit();
    }
}
insert.executeBatch();
db.commit();
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// one insert a row: $CULPRIT
for item := range queue {
    row := transform(load(item))
    err := db.Insert(ctx, row)
    if err != nil {
        return err
    }
}
"#,
            after: r#"
rows := make([]Row, 0, 100)
for item := range queue {
    rows = append(rows, transform(load(item)))
    if len(rows) == cap(rows) {
        err := db.InsertAll(ctx, rows)
        if err != nil {
            return err
        }
        rows = rows[:0]
    }
}
return db.InsertAll(ctx, rows)
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// one insert a row: $CULPRIT
for item in queue {
    let row = transform(load(item)?);
    db.insert(&[row])?;
}
"#,
            after: r#"
let mut rows = Vec::with_capacity(100);
for item in queue {
    rows.push(transform(load(item)?));
    if rows.len() == 100 {
        db.insert(&rows)?;
        rows.clear();
    }
}
if !rows.is_empty() {
    db.insert(&rows)?;
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// one insert a row: $CULPRIT
while ((item = next(queue))) {
    row = transform(load(item));
    insert(db, &row, 1);
}
"#,
            after: r#"
int n = 0;
while ((item = next(queue))) {
    rows[n++] = transform(load(item));
    if (n == 100) {
        insert(db, rows, n);
        n = 0;
    }
}
if (n) insert(db, rows, n);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let each = if culprit.service_ms > 0.0 {
        format!("spends {} on each write", millis(culprit.service_ms))
    } else {
        "takes a turn for each write".to_owned()
    };
    format!(
        "{} {each}, however many workers wait; a batch pays that once for all its rows.{}",
        called(culprit),
        or_inside(culprit)
    )
}
