//! Budgets in money or tokens: reserve, settle, release, exactly once.

mod amount;
mod metrics;

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bellwether_core::{Clock, Instant, Money};

pub use amount::Amount;

use crate::sync::Mutex;

/// How much may be spent in a period. Cheap to clone; clones are the same budget.
///
/// What a call may cost at most is reserved before it is made, and settled for what it did cost: to check first and to spend
/// afterwards would let any number of calls see the same room. Reservations and spending together never exceed the limit;
/// what exceeds it is a call that cost more than was reserved for it, and is counted as [overrun](BudgetSnapshot::overrun).
///
/// A reservation is for one call to one provider. A fallback reserves again, at its own price, from the budget of whoever it
/// calls, and may be refused. Periods follow each other from when the budget was made; a reservation that outlives its period
/// takes room in the next, where its cost is counted too. Time is that of the clock: no step of the wall clock ends a period.
///
/// ```
/// use bellwether_breaker::{Amount, Budget};
/// use std::time::Duration;
///
/// let budget = Budget::tokens(10_000).per(Duration::from_secs(60)).start();
///
/// let reservation = budget.reserve(Amount::tokens(8_000)).expect("there is room");
/// let spent = budget.reserve(Amount::tokens(8_000)).unwrap_err();
/// assert_eq!(spent.left, Amount::tokens(2_000));
/// assert!(spent.retry_after.is_some());
///
/// reservation.settle(Amount::tokens(1_500)); // what the answer says it used
/// assert_eq!(budget.snapshot().left, Amount::tokens(8_500));
/// ```
#[derive(Clone)]
pub struct Budget(Arc<Shared>);

struct Shared {
    limit: Amount,
    period: Option<Duration>,
    clock: Clock,
    book: Mutex<Book>,
}

/// All that changes.
struct Book {
    period_began: Instant,
    spent: Amount,
    reserved: Amount,
    overrun: Amount,
    unsettled: Amount,
    refused: u64,
}

/// Describes a budget; from [`Budget::tokens`] and [`Budget::money`].
#[derive(Debug, Clone)]
#[must_use = "a budget is made by `start`"]
pub struct BudgetBuilder {
    limit: Amount,
    period: Option<Duration>,
    clock: Clock,
}

/// An amount that is set aside for one call: [settled](Self::settle) for what the call cost, or [released](Self::release) if
/// it was not made.
///
/// One that is dropped counts as spent, all of it: whoever hangs up in the midst of an answer has not got it for nothing, and
/// what it cost will never be known.
#[must_use = "a reservation that is dropped is spent"]
pub struct Reservation {
    budget: Budget,
    /// Taken when it has ended.
    amount: Option<Amount>,
}

/// A refusal: there is not enough left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spent {
    /// What was asked for.
    pub asked: Amount,
    /// What there was.
    pub left: Amount,
    /// When there will be more at the latest; `None` if that will not help, since it is more than the whole budget, or in
    /// another unit, or since the budget is for all time.
    pub retry_after: Option<Duration>,
}

/// A budget at one moment. `limit = spent + reserved + left`, unless more was spent than there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetSnapshot {
    /// What may be spent in a period.
    pub limit: Amount,
    /// What was spent in this one.
    pub spent: Amount,
    /// What is set aside for calls that are under way.
    pub reserved: Amount,
    /// What can be reserved.
    pub left: Amount,
    /// When the next period begins; `None` if there is only one.
    pub resets_in: Option<Duration>,
    /// By how much calls cost more than was reserved for them, in this period. Part of what was spent.
    pub overrun: Amount,
    /// Of reservations in this period that were dropped: taken to be spent, since nobody said what they cost.
    pub unsettled: Amount,
    /// Reservations that were refused, in all periods.
    pub refused: u64,
}

impl Budget {
    /// A budget of so many tokens.
    pub fn tokens(limit: u64) -> BudgetBuilder {
        BudgetBuilder::new(Amount::tokens(limit))
    }

    /// A budget of so much money. A negative limit is zero.
    pub fn money(limit: Money) -> BudgetBuilder {
        BudgetBuilder::new(Amount::money(limit))
    }

    /// Sets aside what a call will cost at most. Nothing is a legal amount, and never refused.
    ///
    /// # Errors
    /// If there is not so much left, or it is in another unit than the budget.
    pub fn reserve(&self, amount: Amount) -> Result<Reservation, Spent> {
        self.locked(|book, now| {
            let left = self.left(book);
            let taken = book.reserved.plus(amount).filter(|_| amount <= left);
            let Some(reserved) = taken else {
                book.refused += 1;
                let helps = amount <= self.0.limit;
                return Err(Spent { asked: amount, left, retry_after: self.resets_in(book, now).filter(|_| helps) });
            };
            book.reserved = reserved;
            Ok(Reservation { budget: self.clone(), amount: Some(amount) })
        })
    }

    /// What there is to know about it at one moment.
    pub fn snapshot(&self) -> BudgetSnapshot {
        self.locked(|book, now| BudgetSnapshot {
            limit: self.0.limit,
            spent: book.spent,
            reserved: book.reserved,
            left: self.left(book),
            resets_in: self.resets_in(book, now),
            overrun: book.overrun,
            unsettled: book.unsettled,
            refused: book.refused,
        })
    }

    fn left(&self, book: &Book) -> Amount {
        self.0.limit.minus(book.spent).minus(book.reserved)
    }

    fn resets_in(&self, book: &Book, now: Instant) -> Option<Duration> {
        self.0.period.map(|period| period.saturating_sub(now.since(book.period_began)))
    }

    /// Runs on a book that is of the period that is now.
    fn locked<T>(&self, run: impl FnOnce(&mut Book, Instant) -> T) -> T {
        let mut book = self.0.book.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        if let Some(period) = self.0.period {
            book.turn(period, now);
        }
        run(&mut book, now)
    }
}

impl BudgetBuilder {
    fn new(limit: Amount) -> Self {
        Self { limit, period: None, clock: Clock::system() }
    }

    /// For how long the limit is, before it is there anew. Default: for all time, as is one too long to be counted. Of no time
    /// at all, every moment of the clock is a new one.
    pub fn per(mut self, period: Duration) -> Self {
        self.period = u64::try_from(period.as_nanos()).is_ok().then_some(period);
        self
    }

    /// The clock by which periods end.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the budget. Its first period begins.
    pub fn start(self) -> Budget {
        let nothing = self.limit.nothing();
        let book = Book {
            period_began: self.clock.now(),
            spent: nothing,
            reserved: nothing,
            overrun: nothing,
            unsettled: nothing,
            refused: 0,
        };
        Budget(Arc::new(Shared { limit: self.limit, period: self.period, clock: self.clock, book: Mutex::new(book) }))
    }
}

impl Book {
    /// Begins a new period, if the last one is over. What is reserved stays reserved.
    fn turn(&mut self, period: Duration, now: Instant) {
        let passed = now.since(self.period_began);
        if passed < period || passed.is_zero() {
            return;
        }
        let into_this = passed.as_nanos().checked_rem(period.as_nanos()).unwrap_or(0);
        let periods = passed - Duration::from_nanos(u64::try_from(into_this).unwrap_or(u64::MAX));
        self.period_began = self.period_began.after(periods);
        self.spent = self.spent.nothing();
        self.overrun = self.overrun.nothing();
        self.unsettled = self.unsettled.nothing();
    }

    fn spend(&mut self, reserved: Amount, actual: Amount) {
        self.reserved = self.reserved.minus(reserved);
        self.spent = self.spent.plus(actual).unwrap_or(self.spent);
        self.overrun = self.overrun.plus(actual.minus(reserved)).unwrap_or(self.overrun);
    }
}

impl Reservation {
    /// What is set aside.
    pub fn amount(&self) -> Amount {
        self.amount.unwrap_or(self.budget.0.limit.nothing())
    }

    /// The call was made and cost so much, which may be more than was reserved. In another unit than the budget, it says
    /// nothing: the reservation counts as dropped.
    pub fn settle(mut self, actual: Amount) {
        if let Some(reserved) = self.amount.take_if(|reserved| reserved.is_like(actual)) {
            self.budget.locked(|book, _| book.spend(reserved, actual));
        }
    }

    /// The call was not made, or is known to have cost nothing.
    pub fn release(self) {
        let nothing = self.budget.0.limit.nothing();
        self.settle(nothing);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(reserved) = self.amount.take() {
            self.budget.locked(|book, _| {
                book.spend(reserved, reserved);
                book.unsettled = book.unsettled.plus(reserved).unwrap_or(book.unsettled);
            });
        }
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not called: {} asked for, {} left in the budget", self.asked, self.left)?;
        match self.retry_after {
            Some(after) => write!(f, "; there will be more in {after:.1?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Spent {}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Budget").field(&self.snapshot()).finish()
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reservation").field(&self.amount()).finish()
    }
}
