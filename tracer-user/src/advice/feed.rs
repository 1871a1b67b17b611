//! A producer that keeps up.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Feed the workers faster",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# fills: $CULPRIT
while page := source.read(10):
    for item in page:
        queue.put(item)
"#,
            after: r#"
queue = Queue(maxsize=2000)

def feed(part):
    while page := source.read(part, 1000):
        for item in page:
            queue.put(item)

for part in range(4):  # side by side
    Thread(target=feed, args=(part,)).start()
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// fills: $CULPRIT
for (;;) {
  const page = await source.read(10);
  if (!page.length) break;
  queue.push(...page);
}
"#,
            after: r#"
async function feed(part: number) {
  for (;;) {
    const page = await source.read(part, 1000);
    if (!page.length) return;
    queue.push(...page);
  }
}
await Promise.all([0, 1, 2, 3].map(feed));
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// fills: $CULPRIT
List<Item> page;
while (!(page = read(10)).isEmpty()) {
    for (Item item : page) {
        queue.put(item);
    }
}
"#,
            after: r#"
for (int part = 0; part < 4; part++) {
    int mine = part; // side by side, large pages
    producers.submit(() -> {
        List<Item> page;
        while (!(page = read(mine)).isEmpty()) {
            for (Item item : page) {
                queue.put(item);
            }
        }
        return null;
    });
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// fills: $CULPRIT
for page := read(10); len(page) > 0; {
    for _, item := range page {
        queue <- item
    }
    page = read(10)
}
"#,
            after: r#"
queue := make(chan Item, 2000)
for part := range 4 { // side by side
    go func() {
        page := read(part, 1000)
        for len(page) > 0 {
            for _, item := range page {
                queue <- item
            }
            page = read(part, 1000)
        }
    }()
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// fills: $CULPRIT
while let Some(page) = source.read(10)? {
    for item in page {
        queue.send(item)?;
    }
}
"#,
            after: r#"
let (queue, items) = bounded(2000);
for part in 0..4 {
    let queue = queue.clone(); // side by side
    thread::spawn(move || -> Result<()> {
        while let Some(page) = read(part, 1000)? {
            for item in page {
                queue.send(item)?;
            }
        }
        Ok(())
    });
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// fills: $CULPRIT
while (read_page(source, page, 10))
    for (int i = 0; i < page->n; i++)
        put(queue, page->item[i]);
"#,
            after: r#"
// four such threads, a part each, and
// a queue with room for 2000
void *fill(void *part) {
    while (read_page(part, page, 1000))
        put_many(queue, page->item, page->n);
    return NULL;
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "The {} workers wait for input from {}, not for each other; larger pages and several producers side by side keep \
         the queue full. More workers would only wait with them.",
        input.workers,
        called(input.culprit)
    )
}
