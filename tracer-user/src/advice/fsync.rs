//! One sync for many records.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Sync once for many records",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
for item in queue:
    out.write(record(item))
    out.flush()
    os.fsync(out.fileno())
    done(item)
"#,
            after: r#"
for batch in itertools.batched(queue, 64):
    for item in batch:
        out.write(record(item))
    out.flush()
    os.fsync(out.fileno())  # once for all of them
    for item in batch:
        done(item)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
for (const item of queue) {
  await file.write(record(item));
  await file.sync(); // $CULPRIT
  done(item);
}
"#,
            after: r#"
for (let i = 0; i < queue.length; i += 64) {
  const batch = queue.slice(i, i + 64);
  await file.write(batch.map(record).join(""));
  await file.sync(); // once for all of them
  batch.forEach(done);
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
for (Item item : queue) {
    channel.write(record(item));
    channel.force(false); // $CULPRIT
    done(item);
}
"#,
            after: r#"
for (List<Item> batch : batches(queue, 64)) {
    for (Item item : batch) {
        channel.write(record(item));
    }
    channel.force(false); // once for all of them
    batch.forEach(this::done);
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range queue {
    file.Write(record(item))
    file.Sync()
    done(item)
}
"#,
            after: r#"
for batch := range slices.Chunk(queue, 64) {
    for _, item := range batch {
        out.Write(record(item)) // a bufio.Writer
    }
    if err := out.Flush(); err != nil {
        return err
    }
    if err := file.Sync(); err != nil {
        return err
    }
    done(batch...) // one sync for all of them
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &queue {
    file.write_all(&record(item))?;
    file.sync_data()?;
    done(item);
}
"#,
            after: r#"
for batch in queue.chunks(64) {
    for item in batch {
        out.write_all(&record(item))?;
    }
    out.flush()?; // a BufWriter
    out.get_ref().sync_data()?; // once for all
    batch.iter().for_each(done);
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while ((item = next(queue))) {
    write_record(file, item);
    fdatasync(file);
    done(item);
}
"#,
            after: r#"
while ((n = next_some(queue, items, 64))) {
    for (int i = 0; i < n; i++)
        fwrite_record(out, items[i]);
    fflush(out);
    fdatasync(fileno(out)); // once for all
    for (int i = 0; i < n; i++)
        done(items[i]);
}
"#,
        },
    ],
};

/// The same where a control group's limit is what the syncs wait for.
pub const UNDER_A_LIMIT: Remedy = Remedy {
    why: limited,
    ..REMEDY
};

fn limited(input: &FixInput<'_>) -> String {
    format!(
        "Every sync spends writes of the {}, which all {} workers share; one sync for many records spends them once. A \
         higher limit helps as well.",
        called(input.culprit),
        input.workers
    )
}

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let each = if culprit.service_ms > 0.0 {
        format!(
            "A sync of {} takes {}",
            called(culprit),
            millis(culprit.service_ms)
        )
    } else {
        format!("Every record syncs {}", called(culprit))
    };
    format!(
        "{each} and the device takes few at a time; one sync makes all that was written before it durable. Records count as \
         done only after it."
    )
}
