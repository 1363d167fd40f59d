//! Numbers and times as Go prints them, and sums that lose less than plain ones.

/// A sum with what rounding took from it: Neumaier's variant of Kahan's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) value: f64,
    pub(crate) rest: f64,
}

impl Sum {
    pub(crate) fn new(value: f64) -> Self {
        Self { value, rest: 0.0 }
    }

    pub(crate) fn add(&mut self, x: f64) {
        let sum = self.value + x;
        if sum.is_infinite() {
            self.rest = 0.0;
        } else if self.value.abs() >= x.abs() {
            self.rest += (self.value - sum) + x;
        } else {
            self.rest += (x - sum) + self.value;
        }
        self.value = sum;
    }

    pub(crate) fn total(self) -> f64 {
        if self.value.is_infinite() { self.value } else { self.value + self.rest }
    }
}

/// An average that is a sum divided by a count while the sum is finite, and moves from mean to mean once it is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean {
    sum: Sum,
    count: f64,
    incremental: bool,
}

impl Mean {
    pub(crate) fn new(first: f64) -> Self {
        Self { sum: Sum::new(first), count: 1.0, incremental: false }
    }

    pub(crate) fn add(&mut self, x: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut sum = self.sum;
            sum.add(x);
            if !sum.value.is_infinite() {
                self.sum = sum;
                return;
            }
            self.incremental = true;
            self.sum.value /= self.count - 1.0;
            self.sum.rest /= self.count - 1.0;
        }
        let q = (self.count - 1.0) / self.count;
        self.sum.value *= q;
        self.sum.rest *= q;
        self.sum.add(x / self.count);
    }

    pub(crate) fn value(self) -> f64 {
        if self.incremental {
            return self.sum.value + self.sum.rest;
        }
        self.sum.value / self.count + self.sum.rest / self.count
    }
}

/// Welford's variance with compensated sums.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variance {
    count: f64,
    mean: Sum,
    squares: Sum,
}

impl Variance {
    pub(crate) fn add(&mut self, x: f64) {
        self.count += 1.0;
        let delta = x - (self.mean.value + self.mean.rest);
        self.mean.add(delta / self.count);
        self.squares.add(delta * (x - (self.mean.value + self.mean.rest)));
    }

    pub(crate) fn value(self) -> f64 {
        (self.squares.value + self.squares.rest) / self.count
    }
}

/// The value below which the share `q` of values falls, NaN being the least of them; interpolated. Sorts them.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    let n = values.len();
    let rank = q * (n as f64 - 1.0);
    let lower = rank.floor().max(0.0) as usize;
    let upper = (lower + 1).min(n - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

/// As Go's `%g` prints: the fewest digits that read back as the same number.
pub(crate) fn general(x: f64) -> String {
    if let Some(special) = special(x) {
        return special.to_owned();
    }
    exponential(x, &format!("{x:e}"), 21)
}

/// As Go's `%.2g` prints: so many digits.
pub(crate) fn general_digits(x: f64, digits: usize) -> String {
    if let Some(special) = special(x) {
        return special.to_owned();
    }
    exponential(x, &format!("{x:.*e}", digits - 1), digits as i32)
}

fn special(x: f64) -> Option<&'static str> {
    match x {
        x if x.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `1e+21` from `1e21` beyond 10^-4 and 10^`most`, plain digits between.
fn exponential(x: f64, text: &str, most: i32) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..most).contains(&exponent) {
        let rounded: f64 = text.parse().unwrap_or(x);
        return format!("{rounded}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// As Go's `strconv.FormatFloat(x, 'f', -1, 64)` prints.
pub(crate) fn plain(x: f64) -> String {
    special(x).map_or_else(|| format!("{x}"), str::to_owned)
}

/// As OpenMetrics prints the number of a label: `1.0`, `0.25`, `NaN`.
pub(crate) fn open_metrics(x: f64) -> String {
    let text = general(x);
    if text.contains(['.', 'e', 'N', 'I']) { text } else { text + ".0" }
}

/// Days since 1970 as year, month and day, by Hinnant's algorithm.
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

/// Milliseconds since the Unix epoch as a date and time: `2026-11-25T20:11:02.5Z`.
///
/// ```
/// assert_eq!(bellwether_promql::rfc3339(1_700_000_000_250), "2023-11-14T22:13:20.25Z");
/// ```
pub fn rfc3339(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, ms) = (rest / 1000, rest % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}").trim_end_matches('0').to_owned() };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}
