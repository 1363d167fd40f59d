//! Numbers as Go writes them, and times.

use super::Output;

/// A text of at most 32 bytes, which is copied whole: a copy of a fixed length costs less than one that has to be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    bytes: [u8; Self::MOST],
    length: usize,
}

impl Short {
    const MOST: usize = 32;

    pub(super) const EMPTY: Self = Self { bytes: [0; Self::MOST], length: 0 };

    fn of(text: &[u8]) -> Self {
        let mut short = Self::EMPTY;
        for (to, byte) in short.bytes.iter_mut().zip(text) {
            *to = *byte;
        }
        Self { length: text.len().min(Self::MOST), ..short }
    }
}

/// So many times are remembered: those of the longest range query.
const TIMES: usize = 11_001;

impl Output {
    #[inline]
    fn short(&mut self, text: &Short) {
        let start = self.current.len();
        self.current.extend_from_slice(&text.bytes);
        self.current.truncate(start + text.length);
    }

    /// `[1435781451.781,`, which begins the sample at this position of a series. Series of a range query mostly have the same
    /// times, which are then copied.
    #[inline]
    pub(super) fn begin(&mut self, at: usize, ms: i64) {
        match self.times.get(at) {
            Some((same, text)) if *same == ms => {
                let text = *text;
                self.short(&text);
            }
            _ => self.begin_anew(at, ms),
        }
    }

    fn begin_anew(&mut self, at: usize, ms: i64) {
        let start = self.current.len();
        self.raw("[");
        self.time(ms);
        self.raw(",");
        let text = (ms, Short::of(&self.current[start..]));
        if let Some(time) = self.times.get_mut(at) {
            *time = text;
        } else if at == self.times.len() && at < TIMES {
            self.times.push(text);
        }
    }

    /// Milliseconds as seconds, with three decimals where there are any.
    pub(crate) fn time(&mut self, ms: i64) {
        if ms < 0 {
            self.current.push(b'-');
        }
        let ms = ms.unsigned_abs();
        self.raw(itoa::Buffer::new().format(ms / 1000));
        let fraction = (ms % 1000) as u16;
        if fraction != 0 {
            let digit = |n: u16| b'0' + (n % 10) as u8;
            self.current.extend([b'.', digit(fraction / 100), digit(fraction / 10), digit(fraction)]);
        }
    }

    /// A number in quotes, since JSON knows neither `NaN` nor `+Inf`: the fewest digits that read back as the same one, with
    /// an exponent below 1e-6 and from 1e21 on.
    #[inline]
    pub(crate) fn number(&mut self, x: f64) {
        self.current.push(b'"');
        self.digits(x);
        self.current.push(b'"');
    }

    /// The bounds of the bucket at this position. Histograms of a series mostly have the same ones, which are then copied.
    pub(super) fn bounds(&mut self, at: usize, lower: f64, upper: f64) {
        let bits = [lower, upper].map(f64::to_bits);
        if let Some((_, text)) = self.bounds.get(at).filter(|(same, _)| *same == bits) {
            return self.current.extend_from_slice(text);
        }
        let start = self.current.len();
        self.number(lower);
        self.raw(",");
        self.number(upper);
        let text = self.current[start..].to_vec();
        self.bounds.truncate(at);
        self.bounds.push((bits, text));
    }

    /// A number without quotes, and never with an exponent.
    pub(crate) fn plain(&mut self, x: f64) {
        if x.is_finite() { self.raw(&format!("{x}")) } else { self.digits(x) }
    }

    #[inline]
    fn digits(&mut self, x: f64) {
        const EXACT: f64 = (1_u64 << 53) as f64;
        let whole = x as i64;
        // Only minus zero is another number with the same value.
        if whole as f64 == x && x.abs() < EXACT && (whole != 0 || x.is_sign_positive()) {
            return self.raw(itoa::Buffer::new().format(whole));
        }
        self.broken(x);
    }

    fn broken(&mut self, x: f64) {
        if x.is_nan() {
            return self.raw("NaN");
        }
        if x.is_infinite() {
            return self.raw(if x > 0.0 { "+Inf" } else { "-Inf" });
        }
        if x != 0.0 && !(1e-6..1e21).contains(&x.abs()) {
            let text = format!("{x:e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            return self.raw(&format!("{mantissa}e{sign}{exponent:0>2}"));
        }
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(x);
        // It has an exponent where that is shorter, which Go has not.
        match text.as_bytes() {
            [.., b'e', _] | [.., b'e', _, _] | [.., b'e', _, _, _] => self.raw(&format!("{x}")),
            _ => self.raw(text.strip_suffix(".0").unwrap_or(text)),
        }
    }
}
