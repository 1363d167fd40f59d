//! The promised share of good events, and shares in general: exact decimals, checked when they are made.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Ratio};

/// Decimals that are kept: twelve, three more than "nine nines" need.
const DECIMALS: usize = 12;
const UNIT: u64 = 10_u64.pow(DECIMALS as u32);

/// The share of good events that an objective promises: above 0 and below 1, an exact decimal.
///
/// ```
/// use bellwether_slo::{Ratio, Target};
///
/// assert_eq!(Target::new(0.999)?.budget(), Ratio::new(1, 1000).unwrap());
/// assert_eq!("99.9%".parse::<Target>()?, Target::new(0.999)?);
/// assert_eq!(
///     Target::new(99.9).unwrap_err().to_string(),
///     r#"target "99.9": is above 1, and looks like percent; write 0.999 or "99.9%""#
/// );
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(Share);

/// A share above 0 and at most 1, an exact decimal: of a budget that a burn rule spends, of a slice that must be good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u64);

impl Target {
    /// A target such as `0.999`: the decimal that the float is written as.
    ///
    /// # Errors
    /// If it is not above 0 and below 1, or has more than twelve decimals.
    pub fn new(target: f64) -> Result<Self, Error> {
        target.to_string().parse()
    }

    /// The target itself.
    pub fn ratio(self) -> Ratio {
        self.0.ratio()
    }

    /// What may be bad: 1 − target.
    pub fn budget(self) -> Ratio {
        of_units(UNIT - self.0.0)
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        self.ratio().to_f64()
    }
}

impl Share {
    /// A share such as `0.02`: the decimal that the float is written as.
    ///
    /// # Errors
    /// If it is not above 0 and at most 1, or has more than twelve decimals.
    pub fn new(share: f64) -> Result<Self, Error> {
        share.to_string().parse()
    }

    /// A share in whole percent, for tables.
    pub(crate) const fn percent(percent: u64) -> Self {
        Self(percent * (UNIT / 100))
    }

    /// The share itself.
    pub fn ratio(self) -> Ratio {
        of_units(self.0)
    }
}

fn of_units(units: u64) -> Ratio {
    Ratio::new(units, UNIT).unwrap_or(Ratio::ZERO)
}

impl FromStr for Target {
    type Err = Error;

    /// `0.999` or `99.9%`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let accepted = "give a share above 0 and below 1, such as 0.999 or \"99.9%\", of twelve decimals at most";
        let refuse = |wrong: &str| Error::illegal("target", text, wrong, accepted);
        match decimal(text).map_err(&refuse)? {
            0 => Err(refuse("is 0, which everything meets")),
            UNIT => Err(refuse("is 100 %, which leaves no budget: the first bad event breaks it for good")),
            units if units > UNIT => Err(match in_percent(text) {
                Some((share, percent)) => {
                    let meant = format!("write {share} or \"{percent}%\"");
                    Error::illegal("target", text, "is above 1, and looks like percent", meant)
                }
                None => refuse("is above 1"),
            }),
            units => Ok(Self(Share(units))),
        }
    }
}

impl FromStr for Share {
    type Err = Error;

    /// `0.02` or `2%`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let accepted = "give a share above 0 and up to 1, such as 0.02 or \"2%\", of twelve decimals at most";
        let refuse = |wrong: &str| Error::illegal("share", text, wrong, accepted);
        match decimal(text).map_err(&refuse)? {
            0 => Err(refuse("is 0")),
            units if units > UNIT => Err(refuse("is above 1")),
            units => Ok(Self(units)),
        }
    }
}

/// What a number above 1 was likely meant to be: as share and as percent.
fn in_percent(text: &str) -> Option<(Decimal, &str)> {
    let units = decimal(&format!("{text}%")).ok().filter(|units| (1..UNIT).contains(units))?;
    Some((Decimal(units), text))
}

/// The units of 10⁻¹² in a decimal.
fn decimal(text: &str) -> Result<u64, &'static str> {
    let trimmed = text.trim();
    let (number, shift) = match trimmed.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 2),
        None => (trimmed, 0),
    };
    if number.starts_with('-') {
        return Err("is below 0");
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return Err("is no decimal number");
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() + shift > DECIMALS {
        return Err("has more decimals than are kept");
    }
    let digits = format!("{whole}{fraction}");
    let places = u32::try_from(DECIMALS - fraction.len() - shift).unwrap_or_default();
    // What is this large is above 1 either way.
    Ok(digits.parse::<u64>().ok().and_then(|digits| digits.checked_mul(10_u64.pow(places))).unwrap_or(u64::MAX))
}

/// Units of 10⁻¹², written as a decimal.
struct Decimal(u64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:0DECIMALS$}", self.0 % UNIT);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / UNIT),
            fraction => write!(f, "{}.{fraction}", self.0 / UNIT),
        }
    }
}

/// As a decimal: `0.999`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// As a decimal: `0.02`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal(self.0).fmt(f)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
