//! What was worked out once for a handful of keys: a small table that is filled as they come and never emptied.
//!
//! Readers take no lock. When the few places a key may have are taken, its value is simply worked out each time.

use std::sync::Arc;

use once_cell::race::OnceBox;

const PLACES: usize = 512;
const TRIES: usize = 8;

#[derive(Debug)]
pub(crate) struct Memo<T>(Box<[OnceBox<T>]>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self((0..PLACES).map(|_| OnceBox::new()).collect())
    }
}

impl<T> Memo<T> {
    /// The entry that `is` the one, or a new one.
    #[inline]
    pub(crate) fn get(&self, hash: u64, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Option<&T> {
        let start = (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize;
        for place in (start..start + TRIES).filter_map(|at| self.0.get(at % PLACES)) {
            match place.get() {
                Some(entry) if is(entry) => return Some(entry),
                Some(_) => continue,
                None => {
                    let entry = place.get_or_init(|| Box::new(make()));
                    // Another thread may have been first, with another key; the next request finds a place.
                    return is(entry).then_some(entry);
                }
            }
        }
        None
    }
}

/// Route templates, each kept once: one handle of a text serves all its requests, and its address names it.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "axum"), allow(dead_code, reason = "only a framework has templates to keep"))]
pub(crate) struct Routes(Memo<Arc<str>>);

/// A route's template, and whether its address is that of [`Routes`].
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) template: Arc<str>,
    pub(crate) kept: bool,
}

#[cfg_attr(not(feature = "axum"), allow(dead_code, reason = "only a framework has templates to keep"))]
impl Routes {
    pub(crate) fn keep(&self, template: &str) -> Route {
        // A framework keeps its templates too: their address is a hash that costs nothing.
        let hash = template.as_ptr().addr() as u64 ^ template.len() as u64;
        match self.0.get(hash, |kept| **kept == *template, || template.into()) {
            Some(kept) => Route { template: Arc::clone(kept), kept: true },
            None => Route { template: template.into(), kept: false },
        }
    }
}
