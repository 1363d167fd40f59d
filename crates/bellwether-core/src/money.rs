//! Money: whole minor units and a currency, never a float.

use std::fmt;

use crate::error::Error;

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// An amount in the minor unit of its currency: cents, pence, or yen where there is no smaller one.
///
/// ```
/// use bellwether_core::{Currency, Money};
///
/// let price = Money::cents(40, Currency::USD);
/// assert_eq!((price.minor_units(), price.currency().as_str()), (40, "USD"));
/// assert_eq!(Money::minor(1200, Currency::new("JPY")?).to_string(), "1200 JPY (minor units)");
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// The currency of a code.
    ///
    /// # Errors
    /// If the code is not three upper-case ASCII letters. Whether ISO 4217 lists it is not checked.
    pub fn new(code: &str) -> Result<Self, Error> {
        match *code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(Error::illegal("currency", code, "three upper-case letters such as \"USD\"")),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Money {
    /// An amount in whole minor units; negative for a refund.
    pub const fn minor(amount: i64, currency: Currency) -> Self {
        Self { minor: amount, currency }
    }

    /// [`minor`](Self::minor), for currencies whose minor unit is a cent.
    pub const fn cents(amount: i64, currency: Currency) -> Self {
        Self::minor(amount, currency)
    }

    /// The amount in minor units.
    pub const fn minor_units(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (minor units)", self.minor, self.currency.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
