//! A progress file written now and then, whole or not at all, outside the lock.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Save the checkpoint every few seconds, atomically, outside the lock",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# after every item: $CULPRIT
with lock:
    state["done"] += 1
    with open(path, "w") as file:
        json.dump(state, file)
"#,
            after: r#"
with lock:
    state["done"] += 1
    due = time.monotonic() - state["saved"] > 5
    if due:
        state["saved"] = time.monotonic()
        text = json.dumps(state)
if due:  # by one worker, without the lock
    with open(path + ".new", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// after every item: $CULPRIT
state.done += 1;
const text = JSON.stringify(state);
await fs.writeFile(path, text);
"#,
            after: r#"
state.done += 1;
if (Date.now() - savedAt > 5000) {
  savedAt = Date.now();
  const file = await fs.open(path + ".new", "w");
  await file.writeFile(JSON.stringify(state));
  await file.sync();
  await file.close();
  await fs.rename(path + ".new", path);
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// after every item: $CULPRIT
synchronized (state) {
    state.done++;
    var text = state.toJson();
    Files.writeString(path, text);
}
"#,
            after: r#"
String text = null;
synchronized (state) {
    state.done++;
    if (System.nanoTime() - saved > 5_000_000_000L) {
        saved = System.nanoTime();
        text = state.toJson();
    }
}
if (text != null) { // one worker, without the lock
    Files.writeString(fresh, text,
        CREATE, TRUNCATE_EXISTING, WRITE, DSYNC);
    Files.move(fresh, path, ATOMIC_MOVE);
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// after every item: $CULPRIT
mu.Lock()
state.Done++
text, _ := json.Marshal(state)
os.WriteFile(path, text, 0o644)
mu.Unlock()
"#,
            after: r#"
var text []byte
mu.Lock()
state.Done++
if time.Since(saved) > 5*time.Second {
    saved = time.Now()
    text, _ = json.Marshal(state)
}
mu.Unlock()
if text != nil { // one worker, without the lock
    if err := writeAndSync(fresh, text); err != nil {
        return err
    }
    return os.Rename(fresh, path)
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// after every item: $CULPRIT
let mut state = state.lock().unwrap();
state.done += 1;
fs::write(&path, state.to_json())?;
"#,
            after: r#"
let text = {
    let mut state = state.lock().unwrap();
    state.done += 1;
    state.due().then(|| state.to_json())
}; // due(): five seconds since the last time
if let Some(text) = text {
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// after every item: $CULPRIT
pthread_mutex_lock(&lock);
state.done++;
save(path, &state);
pthread_mutex_unlock(&lock);
"#,
            after: r#"
pthread_mutex_lock(&lock);
state.done++;
bool due = is_due(&state); // every five seconds
struct state copy = state;
pthread_mutex_unlock(&lock);
if (due) {
    save(fresh, &copy);
    fsync_file(fresh);
    rename(fresh, path);
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "Every item rewrites {} while the other workers wait; a crash within five seconds costs five seconds of work, and the \
         rename leaves the old file or the new one, never half of either.",
        called(input.culprit)
    )
}
