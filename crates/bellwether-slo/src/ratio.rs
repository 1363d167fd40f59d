//! An exact fraction: what passing and failing is decided on, never a float.

use std::cmp::Ordering;
use std::fmt;

/// An exact fraction of whole numbers, in lowest terms.
///
/// ```
/// use bellwether_slo::Ratio;
///
/// let sli = Ratio::new(111, 118).unwrap();
/// assert!(sli < Ratio::new(95, 100).unwrap());
/// assert_eq!(sli.percent(4), "94.0677");
/// // Never rounded up to a target it does not reach.
/// assert_eq!(Ratio::new(998_999, 1_000_000).unwrap().percent(2), "99.89");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: i128,
    /// Above zero.
    den: i128,
}

impl Ratio {
    /// 0.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// 1.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// `num / den`; `None` for a denominator of 0, and for the least `i128`, which has no opposite.
    pub fn new(num: impl Into<i128>, den: impl Into<i128>) -> Option<Self> {
        let (num, den) = (num.into(), den.into());
        if den == 0 || num == i128::MIN || den == i128::MIN {
            return None;
        }
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs()) * if den < 0 { -1 } else { 1 };
        Some(Self { num: num / divisor, den: den / divisor })
    }

    /// A fraction that is known to be in lowest terms.
    pub(crate) const fn reduced(num: i128, den: i128) -> Self {
        Self { num, den }
    }

    /// What stands above the line; carries the sign.
    pub fn numerator(self) -> i128 {
        self.num
    }

    /// What stands below the line; above zero.
    pub fn denominator(self) -> i128 {
        self.den
    }

    /// `self + other`, or `None` where that is beyond what 128 bits hold.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let shared = gcd(self.den.unsigned_abs(), other.den.unsigned_abs());
        let (mine, theirs) = (other.den / shared, self.den / shared);
        let num = self.num.checked_mul(mine)?.checked_add(other.num.checked_mul(theirs)?)?;
        Self::new(num, self.den.checked_mul(mine)?)
    }

    /// `self - other`, or `None` where that is beyond what 128 bits hold.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { num: -other.num, den: other.den })
    }

    /// `self × other`, or `None` where that is beyond what 128 bits hold.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        // Across first, so that what cancels does not overflow.
        let a = Self::new(self.num, other.den)?;
        let b = Self::new(other.num, self.den)?;
        Self::new(a.num.checked_mul(b.num)?, a.den.checked_mul(b.den)?)
    }

    /// `self ÷ other`, or `None` for a division by 0 or beyond what 128 bits hold.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        self.checked_mul(Self::new(other.den, other.num)?)
    }

    /// The greatest whole number that is not above it.
    pub fn floor(self) -> i128 {
        self.num.div_euclid(self.den)
    }

    /// The nearest float, for curves and estimates; nothing is decided on it.
    pub fn to_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// As percent with so many decimals, cut and never rounded up: what falls short of a target is not shown as reaching it.
    pub fn percent(self, decimals: u32) -> String {
        let decimals = decimals.min(15);
        let scale = 10_i128.pow(decimals);
        let whole = self.num.div_euclid(self.den);
        // A remainder below den ≤ 2¹²⁷: digit by digit, so that scaling it cannot overflow.
        let mut rest = self.num.rem_euclid(self.den).unsigned_abs();
        let (mut scaled, den) = (whole.saturating_mul(100).saturating_mul(scale), self.den.unsigned_abs());
        let mut unit = 10 * scale;
        while unit > 0 {
            let (digit, left) = tenfold(rest, den);
            scaled = scaled.saturating_add(i128::from(digit) * unit);
            (rest, unit) = (left, unit / 10);
        }
        let (sign, scaled) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
        let (whole, decimal) = (scaled / scale.unsigned_abs(), scaled % scale.unsigned_abs());
        match decimals as usize {
            0 => format!("{sign}{whole}"),
            width => format!("{sign}{whole}.{decimal:0width$}"),
        }
    }
}

/// The first decimal digit of `rest / den`, and ten times what remains behind it; for `rest < den < 2¹²⁷`.
fn tenfold(rest: u128, den: u128) -> (u8, u128) {
    let (mut digit, mut sum) = (0, 0);
    for _ in 0..10 {
        sum += rest;
        if sum >= den {
            (digit, sum) = (digit + 1, sum - den);
        }
    }
    (digit, sum)
}

fn gcd(mut a: u128, mut b: u128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    // Of numbers whose magnitude an i128 holds, and never 0, since a denominator is among them.
    i128::try_from(a).unwrap_or(1)
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Exact: by whole parts, then by the remainders turned upside down, so that nothing overflows.
impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut turned = false;
        loop {
            let order = a.floor().cmp(&b.floor());
            let (rest_a, rest_b) = (a.num.rem_euclid(a.den), b.num.rem_euclid(b.den));
            let order = match (order, rest_a, rest_b) {
                (Ordering::Equal, 0, 0) => Ordering::Equal,
                (Ordering::Equal, 0, _) => Ordering::Less,
                (Ordering::Equal, _, 0) => Ordering::Greater,
                (Ordering::Equal, ..) => {
                    (a, b) = (Self { num: a.den, den: rest_a }, Self { num: b.den, den: rest_b });
                    turned = !turned;
                    continue;
                }
                (unequal, ..) => unequal,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

impl From<u64> for Ratio {
    fn from(whole: u64) -> Self {
        Self { num: whole.into(), den: 1 }
    }
}

/// `111/118`, or `5` where it is whole.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
