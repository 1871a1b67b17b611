//! Calls of C that keep the interpreter while they sleep, by such as let go of it.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};
use crate::number::millis;
use crate::row::printable;

/// The remedy. Only one of the languages has such a lock.
pub const REMEDY: Remedy = Remedy {
    title: "Let go of the interpreter in the call that sleeps",
    why,
    code: &[Code {
        language: Language::Python,
        before: r#"
# $CULPRIT
# keeps the GIL in every call
lib = ctypes.PyDLL(path)
lib.wait_for(item)
"#,
        after: r#"
# lets go of it in every call
lib = ctypes.CDLL(path)
lib.wait_for(item)

# in an extension, in C:
#   Py_BEGIN_ALLOW_THREADS
#   wait_for(item);
#   Py_END_ALLOW_THREADS

# in one that is not yours:
pool = ProcessPoolExecutor($WORKERS)
pool.submit(call, item).result()
"#,
    }],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let call = match culprit.call_site.as_str() {
        "" => "A call of C".to_owned(),
        site => format!("A call of C in {}", printable(site)),
    };
    format!(
        "{call} sleeps and keeps the interpreter meanwhile, {} an item, so that no other thread of the process runs Python code, though nobody \
         computes. Calls that let go of it (ctypes.CDLL, Py_BEGIN_ALLOW_THREADS, `with nogil` in Cython) sleep side by side.",
        millis(culprit.service_ms)
    )
}
