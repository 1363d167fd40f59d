//! A call through a breaker, in one line: a future or a closure.

use std::fmt;

use crate::breaker::Breaker;
use crate::outcome::Outcome;
use crate::rejected::Rejected;

/// Why a call through a breaker gave nothing: it was refused, or it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError<E> {
    /// The call was not made.
    Rejected(Rejected),
    /// The call was made, and this is its error.
    Failed(E),
}

impl Breaker {
    /// Makes a call, if it may be made. `Ok` is a success, `Err` a failure; dropped before its end, it was cancelled.
    ///
    /// Nothing is asked until the future is polled.
    ///
    /// ```
    /// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
    /// use bellwether_breaker::{Breaker, CallError};
    ///
    /// # let example = async {
    /// let breaker = Breaker::builder("orders-db").build()?;
    /// let rows = breaker.call(async { Ok::<_, std::io::Error>(3) }).await;
    /// assert!(matches!(rows, Ok(3)));
    /// # Ok::<(), bellwether_breaker::Error>(())
    /// # };
    /// # let Poll::Ready(done) = pin!(example).poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    /// # done.unwrap();
    /// ```
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    pub async fn call<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, CallError<E>> {
        self.call_judged(call, of_result).await
    }

    /// [`call`](Self::call), with a judgement of one's own on how it went.
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    pub async fn call_judged<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        judge: impl FnOnce(&Result<T, E>) -> Outcome,
    ) -> Result<T, CallError<E>> {
        let permit = self.try_acquire().map_err(CallError::Rejected)?;
        let result = call.await;
        permit.finish(judge(&result));
        result.map_err(CallError::Failed)
    }

    /// [`call`](Self::call), and if it gives nothing, something else instead.
    ///
    /// # Errors
    /// Those of `instead`.
    pub async fn call_or_else<T, E, R>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        instead: impl AsyncFnOnce(CallError<E>) -> Result<T, R>,
    ) -> Result<T, R> {
        match self.call(call).await {
            Ok(answer) => Ok(answer),
            Err(error) => instead(error).await,
        }
    }

    /// Makes a call that blocks, if it may be made. A panic is a failure to say how it went: the call counts as cancelled.
    ///
    /// ```
    /// use bellwether_breaker::Breaker;
    ///
    /// let breaker = Breaker::builder("files").build()?;
    /// assert_eq!(breaker.run(|| "7".parse::<u32>()), Ok(7));
    /// # Ok::<(), bellwether_breaker::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    #[inline]
    pub fn run<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        let permit = self.try_acquire().map_err(CallError::Rejected)?;
        let result = call();
        permit.finish(of_result(&result));
        result.map_err(CallError::Failed)
    }
}

#[inline]
fn of_result<T, E>(result: &Result<T, E>) -> Outcome {
    if result.is_ok() { Outcome::Success } else { Outcome::Failure }
}

impl<E> CallError<E> {
    /// The refusal, if the call was not made.
    pub fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Failed(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Rejected(_) => None,
            // It says what the error says, so what caused that is what caused this.
            Self::Failed(error) => error.source(),
        }
    }
}
