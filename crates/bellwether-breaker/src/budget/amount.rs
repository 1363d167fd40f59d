//! So many tokens, or so much money, down to what one token costs.

use std::cmp::Ordering;
use std::fmt;

use bellwether_core::{Currency, Money};

/// So many tokens, or so much money. Money is counted in millionths of the minor unit, so that the price of a single token is
/// exact where prices are per million tokens.
///
/// ```
/// use bellwether_breaker::Amount;
/// use bellwether_core::{Currency, Money};
///
/// // 15 cents for a million tokens in, 60 cents for a million out.
/// let price = |cents| Money::cents(cents, Currency::USD);
/// let input = Amount::tokens_at(1_200, price(15));
/// let output = Amount::tokens_at(300, price(60));
/// assert_eq!(input.plus(output).unwrap().to_string(), "0.036 USD (minor units)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    millionths: u128,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Tokens,
    Money(Currency),
}

const MILLION: u128 = 1_000_000;

impl Amount {
    /// So many tokens.
    pub const fn tokens(tokens: u64) -> Self {
        // Wider than any product here: nothing overflows.
        Self { millionths: tokens as u128 * MILLION, unit: Unit::Tokens }
    }

    /// So much money. A negative amount is zero.
    pub const fn money(money: Money) -> Self {
        Self::tokens_at(MILLION as u64, money)
    }

    /// What so many tokens cost, at a price for a million of them. A negative price is zero.
    pub const fn tokens_at(tokens: u64, per_million: Money) -> Self {
        let price = if per_million.minor_units() < 0 { 0 } else { per_million.minor_units() as u128 };
        Self { millionths: tokens as u128 * price, unit: Unit::Money(per_million.currency()) }
    }

    /// Both together, saturating; `None` if one is in another unit.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.is_like(other).then(|| Self { millionths: self.millionths.saturating_add(other.millionths), ..self })
    }

    /// In tokens, or minor units of the currency, to the precision of a float.
    pub(crate) fn value(self) -> f64 {
        self.millionths as f64 / MILLION as f64
    }

    /// `tokens`, or the code of the currency.
    pub(crate) fn unit(&self) -> &str {
        match &self.unit {
            Unit::Tokens => "tokens",
            Unit::Money(currency) => currency.as_str(),
        }
    }

    /// In whole tokens, or whole minor units of the currency, rounded up.
    pub const fn rounded_up(self) -> u128 {
        self.millionths.div_ceil(MILLION)
    }

    /// What is left without the other, zero if that is more. The other is in the same unit.
    pub(super) fn minus(self, other: Self) -> Self {
        Self { millionths: self.millionths.saturating_sub(other.millionths), ..self }
    }

    pub(super) fn nothing(self) -> Self {
        Self { millionths: 0, ..self }
    }

    pub(super) fn is_like(self, other: Self) -> bool {
        self.unit == other.unit
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self::money(money)
    }
}

/// Amounts of different units are neither more nor less than each other.
impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.is_like(*other).then(|| self.millionths.cmp(&other.millionths))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.millionths / MILLION, self.millionths % MILLION);
        write!(f, "{whole}")?;
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))?;
        }
        match self.unit {
            Unit::Tokens => f.write_str(" tokens"),
            Unit::Money(currency) => write!(f, " {} (minor units)", currency.as_str()),
        }
    }
}
