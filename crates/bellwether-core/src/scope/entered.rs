//! Which scope is current on this thread.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem;

use super::Scope;
use crate::exemplar;
use crate::work::{self, Work};

thread_local! {
    /// The scopes entered on this thread, the current one last. A guard that is dropped out of turn leaves its place empty
    /// until those above it are gone.
    static ENTERED: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// A scope that was entered, until it is left; and what the thread worked on before.
struct Place {
    scope: Option<Scope>,
    before: Option<Work>,
}

/// Looks at the current scope; `None` if there is none.
#[inline]
pub(super) fn with_current<T>(look: impl FnOnce(&Scope) -> T) -> Option<T> {
    let looked = ENTERED.try_with(|entered| {
        let entered = entered.try_borrow().ok()?;
        entered.last()?.scope.as_ref().filter(|scope| !scope.is_empty()).map(look)
    });
    looked.ok().flatten()
}

/// A scope is current until this is dropped; from [`Scope::enter`].
#[derive(Debug)]
#[must_use = "the scope is left when this is dropped"]
pub struct Entered {
    /// Its place among the entered; `None` where there is none: while the thread is torn down.
    place: Option<usize>,
    _not_send: PhantomData<*const ()>,
}

impl Entered {
    #[inline]
    pub(super) fn new(mut scope: Scope) -> Self {
        Self { place: push(&mut scope), _not_send: PhantomData }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // What it held is dropped last, when nothing is borrowed.
        let _left = take(self.place);
    }
}

/// A scope is current until this is dropped, also by a panic, and then is back where it was; from [`Scope::lend`].
#[derive(Debug)]
#[must_use = "the scope is left when this is dropped"]
pub struct Lent<'a> {
    scope: &'a mut Scope,
    place: Option<usize>,
    _not_send: PhantomData<*const ()>,
}

impl<'a> Lent<'a> {
    #[inline]
    pub(super) fn new(scope: &'a mut Scope) -> Self {
        let place = push(scope);
        Self { scope, place, _not_send: PhantomData }
    }
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(scope) = take(self.place) {
            *self.scope = scope;
        }
    }
}

/// Makes a scope the current one and leaves none behind. Its place; `None` where there is none, and the scope is left alone.
#[inline]
fn push(scope: &mut Scope) -> Option<usize> {
    let place = ENTERED.try_with(|entered| {
        let mut entered = entered.try_borrow_mut().ok()?;
        exemplar::set_sampled(scope.sampled_trace());
        let before = work::exchange(scope.work());
        entered.push(Place { scope: Some(mem::take(scope)), before });
        Some(entered.len() - 1)
    });
    place.ok().flatten()
}

/// Takes the scope from its place, and makes the one below it the current one.
#[inline]
fn take(place: Option<usize>) -> Option<Scope> {
    let place = place?;
    let taken = ENTERED.try_with(|entered| {
        let mut entered = entered.try_borrow_mut().ok()?;
        let left = entered.get_mut(place).and_then(|place| place.scope.take());
        while let Some(gone) = entered.pop_if(|place| place.scope.is_none()) {
            work::exchange(gone.before);
        }
        exemplar::set_sampled(entered.last().and_then(|place| place.scope.as_ref()?.sampled_trace()));
        left
    });
    taken.ok().flatten()
}
