//! One operation of one library, ready to be repeated.

use std::fmt;

/// Repeats the operation so many times on the calling thread. Threads that call one `Run` meet on the same series.
pub type Run = Box<dyn Fn(u64) + Send + Sync>;

/// One operation of one library.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is done: `counter held`, `histogram, 3 labels`.
    pub group: &'static str,
    /// Who does it.
    pub name: &'static str,
    /// Sets it up, anew with each call.
    pub make: fn() -> Run,
}

impl fmt::Display for Case {
    /// As one word, for a command line: `counter_held/bellwether`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            self.group.replace(", ", "_").replace(' ', "_"),
            self.name.replace(", ", "_").replace(' ', "_")
        )
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({self})")
    }
}
