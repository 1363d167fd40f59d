//! What travels with a request: its ids, its route, whose it is, what it is worth, and how its calls went.

mod entered;
mod in_scope;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use once_cell::race::OnceBox;

use crate::money::Money;
use crate::operation::Outcome;
use crate::request_id::RequestId;
use crate::trace::{SpanId, TraceContext, TraceId, TraceState};
use crate::work::Work;

pub use entered::{Entered, Lent};
pub use in_scope::InScope;

/// A handle to the scope of one request, cheap to clone. Outside of any request it is empty, and everything said to it
/// is dropped.
///
/// ```
/// use bellwether_core::{Currency, Money, Scope, TraceContext};
///
/// async fn handler() {
///     Scope::current().customer("c-17").transaction("voice_turn").amount(Money::cents(40, Currency::USD));
/// }
///
/// let scope = Scope::builder(TraceContext::root(false)).route("/v1/turns").open();
/// let turn = scope.wrap(handler()); // what a layer does with the handler's future
/// # use std::{future::Future, pin::pin, task::{Context, Waker}};
/// # assert!(pin!(turn).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// assert_eq!(scope.facts().customer.as_deref(), Some("c-17"));
/// assert!(Scope::current().is_empty()); // and outside of it nothing is left
/// ```
#[derive(Debug, Clone, Default)]
pub struct Scope {
    inner: Option<Arc<Inner>>,
    /// The piece of work that a handle stands for: the request, or a call made for it.
    work: Option<Work>,
}

#[derive(Debug)]
struct Inner {
    request_id: RequestId,
    trace: TraceContext,
    parent: Option<SpanId>,
    trace_state: Option<TraceState>,
    route: Option<Arc<str>>,
    /// Made when something is first said: most requests say nothing.
    facts: OnceBox<Mutex<Facts>>,
}

/// What the application has said about a request so far. Every list is capped; `turned_away` counts what did not fit.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Facts {
    /// Whose request it is. Goes to spans, events and logs, never to a metric's label.
    pub customer: Option<String>,
    /// The business transaction it is.
    pub transaction: Option<String>,
    /// What it is worth.
    pub amounts: Vec<Money>,
    /// The steps of a journey it has reached, in order.
    pub steps: Vec<String>,
    /// The calls made on its behalf, in the order they ended.
    pub calls: Vec<Call>,
    /// How many of the above were refused because their list was full.
    pub turned_away: u32,
}

/// One call to a dependency, made on behalf of a request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// Who was called.
    pub peer: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of error, bounded.
    pub error: Option<Box<str>>,
    /// How long it took.
    pub duration: Duration,
}

/// Opens a scope; from [`Scope::builder`].
#[derive(Debug)]
#[must_use = "a scope is opened by `open`"]
pub struct ScopeBuilder {
    trace: TraceContext,
    request_id: Option<RequestId>,
    parent: Option<SpanId>,
    trace_state: Option<TraceState>,
    route: Option<Arc<str>>,
    work: Option<Work>,
}

impl Facts {
    /// Names are cut to this many bytes.
    pub const MAX_TEXT: usize = 256;
    /// The most amounts a request may have.
    pub const MAX_AMOUNTS: usize = 8;
    /// The most steps a request may reach.
    pub const MAX_STEPS: usize = 32;
    /// The most calls that are remembered of a request.
    pub const MAX_CALLS: usize = 64;
}

impl Call {
    /// A call that has ended; an empty `error` means none.
    pub fn new(peer: Arc<str>, outcome: Outcome, error: &str, duration: Duration) -> Self {
        let error = Some(error).filter(|error| !error.is_empty()).map(Into::into);
        Self { peer, outcome, error, duration }
    }
}

impl Scope {
    /// The scope that is not there.
    pub const fn empty() -> Self {
        Self { inner: None, work: None }
    }

    /// Starts a scope at a position in a trace. Its request id is that of the trace unless another is given.
    #[inline]
    pub fn builder(trace: TraceContext) -> ScopeBuilder {
        ScopeBuilder { trace, request_id: None, parent: None, trace_state: None, route: None, work: None }
    }

    /// The scope of the request that runs on this thread now; empty if there is none. Wherever it is entered, what is done is
    /// done on behalf of the work that is current now.
    #[inline]
    pub fn current() -> Self {
        Self { work: Work::current(), ..Self::with_current(Self::clone).unwrap_or_default() }
    }

    /// Looks at the current scope without taking a handle; `None` outside of any request. No scope can be entered
    /// meanwhile: take a handle for that.
    #[inline]
    pub fn with_current<T>(look: impl FnOnce(&Scope) -> T) -> Option<T> {
        entered::with_current(look)
    }

    /// Outside of any request.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.inner.is_none()
    }

    /// The piece of work that this handle stands for, if somebody follows it; or a part of a call that nobody follows
    /// ([`Work::UNFOLLOWED`]).
    #[inline]
    pub fn work(&self) -> Option<Work> {
        self.work
    }

    /// Whose request this is: an id or a name, for spans, logs and the page.
    pub fn customer(&self, who: impl AsRef<str>) -> &Self {
        self.change(|facts| facts.customer = Some(cut(who.as_ref())));
        self
    }

    /// The business transaction this is. Counted by name and outcome when the request ends.
    pub fn transaction(&self, name: impl AsRef<str>) -> &Self {
        self.change(|facts| facts.transaction = Some(cut(name.as_ref())));
        self
    }

    /// What it is worth. Amounts of one currency add up.
    pub fn amount(&self, money: Money) -> &Self {
        self.change(|facts| facts.add_amount(money));
        self
    }

    /// A step of the customer's journey that this request has reached. Counted by name and outcome when the request ends.
    pub fn step(&self, name: impl AsRef<str>) -> &Self {
        self.change(|facts| {
            let fits = facts.steps.len() < Facts::MAX_STEPS;
            if fits {
                facts.steps.push(cut(name.as_ref()));
            }
            facts.turned_away += u32::from(!fits);
        });
        self
    }

    /// Notes a call that was made on behalf of this request. Layers and wrappers of clients do this, each call once: those
    /// further in leave it to who is [told](Work::told).
    pub fn call_ended(&self, call: Call) {
        self.change(|facts| {
            let fits = facts.calls.len() < Facts::MAX_CALLS;
            if fits {
                facts.calls.push(call);
            }
            facts.turned_away += u32::from(!fits);
        });
    }

    /// The request's id.
    #[inline]
    pub fn request_id(&self) -> Option<&RequestId> {
        self.inner.as_ref().map(|inner| &inner.request_id)
    }

    /// The request's position in its trace: the span that answers it.
    #[inline]
    pub fn trace(&self) -> Option<TraceContext> {
        self.inner.as_ref().map(|inner| inner.trace)
    }

    /// The caller's span, if the request came with one.
    pub fn parent(&self) -> Option<SpanId> {
        self.inner.as_ref()?.parent
    }

    /// The caller's `tracestate`, to pass on.
    pub fn trace_state(&self) -> Option<&TraceState> {
        self.inner.as_ref()?.trace_state.as_ref()
    }

    /// The route's template.
    #[inline]
    pub fn route(&self) -> Option<&str> {
        self.inner.as_ref()?.route.as_deref()
    }

    /// Whether spans of this request are recorded as they happen. False outside of any request.
    #[inline]
    pub fn sampled(&self) -> bool {
        self.trace().is_some_and(TraceContext::sampled)
    }

    /// A copy of what was said about the request so far.
    pub fn facts(&self) -> Facts {
        self.look(Facts::clone).unwrap_or_default()
    }

    /// Looks at what was said about the request so far. `None` outside of any request. The scope is locked meanwhile.
    #[inline]
    pub fn look<T>(&self, look: impl FnOnce(&Facts) -> T) -> Option<T> {
        let inner = self.inner.as_ref()?;
        Some(match inner.facts.get() {
            Some(facts) => look(&lock(facts)),
            None => look(&Facts::default()),
        })
    }

    /// [`look`](Self::look), but only if there is something to see: most requests say nothing.
    #[inline]
    pub(crate) fn look_if_said(&self, look: impl FnOnce(&Facts)) {
        if let Some(facts) = self.inner.as_ref().and_then(|inner| inner.facts.get()) {
            look(&lock(facts));
        }
    }

    /// Makes this the current scope of this thread until the guard is dropped. For code without a future to
    /// [`wrap`](Self::wrap); never hold the guard over an `await`.
    #[inline]
    pub fn enter(&self) -> Entered {
        Entered::new(self.clone())
    }

    /// Runs a closure in this scope.
    pub fn in_scope<T>(&self, run: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        run()
    }

    /// [`enter`](Self::enter) by a handle that nobody needs meanwhile: it is lent to the thread rather than cloned.
    #[inline]
    pub fn lend(&mut self) -> Lent<'_> {
        Lent::new(self)
    }

    /// A future that runs in this scope, on whichever threads it is polled, and is dropped in it.
    pub fn wrap<F>(&self, future: F) -> InScope<F> {
        InScope::new(future, self.clone())
    }

    /// The position whose exemplars are kept while this is current.
    #[inline]
    fn sampled_trace(&self) -> Option<(TraceId, SpanId)> {
        self.trace().filter(|trace| trace.sampled()).map(|trace| (trace.trace_id(), trace.span_id()))
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        if let Some(inner) = &self.inner {
            change(&mut lock(inner.facts.get_or_init(Box::default)));
        }
    }
}

impl Facts {
    fn add_amount(&mut self, money: Money) {
        if let Some(sum) = self.amounts.iter_mut().find(|sum| sum.currency() == money.currency()) {
            *sum = Money::minor(sum.minor_units().saturating_add(money.minor_units()), money.currency());
        } else if self.amounts.len() < Self::MAX_AMOUNTS {
            self.amounts.push(money);
        } else {
            self.turned_away += 1;
        }
    }
}

/// A panic while locked leaves facts that are still facts.
fn lock(facts: &Mutex<Facts>) -> MutexGuard<'_, Facts> {
    facts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScopeBuilder {
    /// The id the request came with, if any.
    #[inline]
    pub fn request_id(mut self, id: impl Into<Option<RequestId>>) -> Self {
        self.request_id = id.into();
        self
    }

    /// The caller's span, if there is one.
    #[inline]
    pub fn parent(mut self, span: impl Into<Option<SpanId>>) -> Self {
        self.parent = span.into();
        self
    }

    /// The caller's `tracestate`.
    #[inline]
    pub fn trace_state(mut self, state: Option<TraceState>) -> Self {
        self.trace_state = state;
        self
    }

    /// The route by its template.
    #[inline]
    pub fn route(self, route: impl Into<Arc<str>>) -> Self {
        self.route_if_any(Some(route.into()))
    }

    /// [`route`](Self::route), where there may be none.
    #[inline]
    pub fn route_if_any(mut self, route: Option<Arc<str>>) -> Self {
        self.route = route;
        self
    }

    /// The piece of work that it is, if somebody follows it.
    #[inline]
    pub fn work(mut self, work: Option<Work>) -> Self {
        self.work = work;
        self
    }

    /// Opens the scope.
    #[inline]
    pub fn open(self) -> Scope {
        let inner = Arc::new(Inner {
            request_id: self.request_id.unwrap_or_else(|| self.trace.trace_id().into()),
            trace: self.trace,
            parent: self.parent,
            trace_state: self.trace_state,
            route: self.route,
            facts: OnceBox::new(),
        });
        Scope { inner: Some(inner), work: self.work }
    }
}

/// At most [`Facts::MAX_TEXT`] bytes, cut between characters.
fn cut(text: &str) -> String {
    crate::labels::cut(text, Facts::MAX_TEXT).to_owned()
}
