//! Numbers of any width, one behind the other without regard to bytes; small ones in few bits.

/// Appends bits to bytes, the lowest first.
#[derive(Debug)]
pub(super) struct Writer<'b> {
    out: &'b mut Vec<u8>,
    waiting: u64,
    /// How many bits wait; fewer than eight between calls.
    count: u32,
}

/// Takes bits from bytes; beyond the end there are zeros.
#[derive(Debug)]
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Writer<'b> {
    pub(super) fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out, waiting: 0, count: 0 }
    }

    /// The lowest `width` bits of a number.
    pub(super) fn put(&mut self, number: u64, width: u32) {
        let (low, high) = (width.min(32), width.saturating_sub(32));
        self.put_short(number, low);
        self.put_short(number >> 32, high);
    }

    fn put_short(&mut self, number: u64, width: u32) {
        self.waiting |= (number & ((1 << width) - 1)) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.out.push(self.waiting as u8);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// A number by Golomb's exponential code of order `k`: about `k` + 1 bits if it is around 2^k, and twice its length
    /// if it is far beyond.
    pub(super) fn put_golomb(&mut self, number: u64, k: u32) {
        let high = (number >> k).saturating_add(1);
        let length = high.ilog2();
        self.put(0, length);
        self.put(1, 1);
        self.put(high, length);
        self.put(number, k);
    }

    /// Fills the last byte.
    pub(super) fn finish(mut self) {
        if self.count > 0 {
            self.put_short(0, 8 - self.count);
        }
    }
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// At least 57 bits from here on, without taking them.
    #[inline]
    fn peek(&self) -> u64 {
        let byte = self.at / 8;
        let word = match self.bytes.get(byte..byte + 8).and_then(|word| word.try_into().ok()) {
            Some(word) => u64::from_le_bytes(word),
            None => {
                let rest = self.bytes.get(byte..).unwrap_or_default();
                rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            }
        };
        word >> (self.at % 8)
    }

    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u64 {
        if width <= 56 {
            let bits = self.peek() & ((1 << width) - 1);
            self.at += width as usize;
            return bits;
        }
        let low = self.take(32);
        low | self.take(width - 32) << 32
    }

    #[inline]
    pub(super) fn take_golomb(&mut self, k: u32) -> Option<u64> {
        let bits = self.peek();
        let length = bits.trailing_zeros();
        // Almost always all of it is in sight.
        if 2 * length + 1 + k <= 56 {
            let high = bits >> (length + 1) & ((1 << length) - 1) | 1 << length;
            let low = bits >> (2 * length + 1) & ((1 << k) - 1);
            self.at += (2 * length + 1 + k) as usize;
            return Some((high - 1) << k | low);
        }
        let mut length = 0;
        while self.take(1) == 0 {
            length += 1;
            if length > 63 {
                return None;
            }
        }
        let high = self.take(length) | 1 << length;
        let low = self.take(k);
        Some((high - 1) << k | low)
    }

    /// What follows the byte in which the last bit was; `None` if that is beyond the end.
    pub(super) fn rest(self) -> Option<&'b [u8]> {
        self.bytes.get(self.at.div_ceil(8)..)
    }
}
