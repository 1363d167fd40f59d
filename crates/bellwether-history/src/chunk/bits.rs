//! Numbers of any width, one behind the other without regard to bytes; small ones in few bits.

/// Appends bits to bytes, the lowest first.
#[derive(Debug)]
pub(super) struct Writer<'b> {
    out: &'b mut Vec<u8>,
    waiting: u64,
    /// How many bits wait; fewer than 32 between calls.
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
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.waiting as u32).to_le_bytes());
            self.waiting >>= 32;
            self.count -= 32;
        }
    }

    /// A number by Golomb's exponential code of order `k`: about `k` + 1 bits if it is around 2^k, and twice its length
    /// if it is far beyond.
    pub(super) fn put_golomb(&mut self, number: u64, k: u32) {
        let high = (number >> k).saturating_add(1);
        let length = high.ilog2();
        // The lowest first: as many zeros as its length is, a one, the rest of it, and what the order cuts off.
        if 2 * length + 1 + k <= 32 {
            let rest = high & ((1 << length) - 1) | (number & ((1 << k) - 1)) << length;
            return self.put_short((rest << 1 | 1) << length, 2 * length + 1 + k);
        }
        self.put(0, length);
        self.put(1, 1);
        self.put(high, length);
        self.put(number, k);
    }

    /// Fills the last byte.
    pub(super) fn finish(self) {
        let bytes = self.count.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.waiting.to_le_bytes()[..bytes]);
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

    /// Two numbers, each by its own order. Almost always both are in sight at once.
    #[inline]
    pub(super) fn take_golombs(&mut self, [first, second]: [u32; 2]) -> Option<[u64; 2]> {
        let bits = self.peek();
        let (one, width) = golomb(bits, first);
        let (other, more) = golomb(bits >> width.min(63), second);
        if width + more <= 56 {
            self.at += (width + more) as usize;
            return Some([one, other]);
        }
        Some([self.take_golomb(first)?, self.take_golomb(second)?])
    }

    #[inline]
    pub(super) fn take_golomb(&mut self, k: u32) -> Option<u64> {
        let (number, width) = golomb(self.peek(), k);
        // Almost always all of it is in sight.
        if width <= 56 {
            self.at += width as usize;
            return Some(number);
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

/// The number that begins with these bits, and how many of them are its own: if more than 56, it is another.
#[inline]
fn golomb(bits: u64, k: u32) -> (u64, u32) {
    let length = (bits | 1 << 32).trailing_zeros();
    let high = bits >> (length + 1) & ((1 << length) - 1) | 1 << length;
    let low = bits.checked_shr(2 * length + 1).unwrap_or(0) & ((1 << k) - 1);
    ((high - 1) << k | low, 2 * length + 1 + k)
}
