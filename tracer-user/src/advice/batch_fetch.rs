//! Many items in one request, where each request costs the peer a turn.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called, or_inside};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Fetch many items in one request",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# one request an item: $CULPRIT
for key in keys:
    handle(client.get(key))
"#,
            after: r#"
for start in range(0, len(keys), 100):
    some = keys[start:start + 100]
    for value in client.get_many(some):
        handle(value)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// one request an item: $CULPRIT
for (const key of keys) {
  handle(await client.get(key));
}
"#,
            after: r#"
for (let i = 0; i < keys.length; i += 100) {
  const some = keys.slice(i, i + 100);
  for (const value of await client.getMany(some)) {
    handle(value);
  }
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// one request an item: $CULPRIT
for (String key : keys) {
    handle(client.get(key));
}
"#,
            after: r#"
for (int i = 0; i < keys.size(); i += 100) {
    int end = Math.min(i + 100, keys.size());
    List<String> some = keys.subList(i, end);
    client.getMany(some).forEach(this::handle);
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// one request an item: $CULPRIT
for _, key := range keys {
    value, err := db.Get(ctx, key)
    if err != nil {
        return err
    }
    handle(value)
}
"#,
            after: r#"
for some := range slices.Chunk(keys, 100) {
    values, err := db.GetMany(ctx, some)
    if err != nil {
        return err
    }
    for _, value := range values {
        handle(value)
    }
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// one request an item: $CULPRIT
for key in &keys {
    handle(client.get(key)?);
}
"#,
            after: r#"
for some in keys.chunks(100) {
    for value in client.get_many(some)? {
        handle(value);
    }
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// one request an item: $CULPRIT
for (int i = 0; i < n; i++)
    handle(get(client, key[i]));
"#,
            after: r#"
for (int i = 0; i < n; i += 100) {
    int some = n - i < 100 ? n - i : 100;
    get_many(client, key + i, some, value);
    for (int k = 0; k < some; k++)
        handle(value[k]);
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let each = if culprit.service_ms > 0.0 {
        format!("spends {} on each request", millis(culprit.service_ms))
    } else {
        "takes a turn for each request".to_owned()
    };
    format!(
        "{} {each}, however many workers wait; asking for many items at once pays that once.{}",
        called(culprit),
        or_inside(culprit)
    )
}
