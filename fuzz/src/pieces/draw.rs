//! Values drawn from bytes, one after the other; zeros when there are none left.

pub struct Draw<'a>(pub &'a [u8]);

#[allow(dead_code, reason = "not every target draws everything")]
impl Draw<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A whole number, small ones more often.
    pub fn number(&mut self) -> u64 {
        let wide = self.byte() % 9;
        (0..wide).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Any f64, those of daily life more often.
    pub fn float(&mut self) -> f64 {
        match self.byte() {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => -0.0,
            4 => f64::MAX,
            5 => f64::MIN,
            6 => f64::MIN_POSITIVE,
            7 => 5e-324,
            8..80 => f64::from(self.byte()) / 16.0,
            80..120 => -f64::from(self.byte()) / 16.0,
            120..160 => 2_f64.powi(i32::from(self.byte()) - 128),
            _ => f64::from_bits((0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte()))),
        }
    }

    /// Text of at most so many bytes.
    pub fn text(&mut self, max: usize) -> String {
        let length = usize::from(self.byte()) % (max + 1);
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    /// A name of few letters, so that names meet; now and then an illegal one.
    pub fn name(&mut self) -> String {
        const LETTERS: &[u8; 32] = b"aab_.-/:_toalcuntesmkEfr0123bld ";
        let length = 1 + usize::from(self.byte() % 4);
        (0..length).map(|_| char::from(LETTERS[usize::from(self.byte() % 32)])).collect()
    }

    pub fn unit(&mut self) -> String {
        const UNITS: [&str; 10] = ["", "s", "By", "1", "{request}", "By/s", "total", "a", "_", "%"];
        UNITS[usize::from(self.byte() % 10)].to_owned()
    }
}
