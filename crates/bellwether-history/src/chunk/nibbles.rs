//! Half bytes: what most samples of a counter or gauge fit in.

/// Half bytes that are appended one by one, the lower half of a byte first.
#[derive(Debug, Clone, Default)]
pub(super) struct Nibbles {
    pub(super) bytes: Vec<u8>,
    /// Whether the last byte has room for another.
    half: bool,
}

/// Takes half bytes from the front.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Nibbles {
    /// Appends the lower half of a byte.
    pub(super) fn put(&mut self, nibble: u8) {
        match self.bytes.last_mut().filter(|_| self.half) {
            Some(last) => *last |= nibble << 4,
            None => self.bytes.push(nibble & 15),
        }
        self.half = !self.half;
    }

    /// Appends the `count` lowest halves of a number, the lowest first.
    pub(super) fn put_all(&mut self, number: u64, count: usize) {
        (0..count).for_each(|at| self.put((number >> (4 * at)) as u8 & 15));
    }

    /// Appends a number in as many as it needs: three bits each, and one that says whether there are more.
    pub(super) fn put_number(&mut self, mut number: u64) {
        while number >= 8 {
            self.put(number as u8 & 7 | 8);
            number >>= 3;
        }
        self.put(number as u8);
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { bytes: &self.bytes, at: 0 }
    }
}

impl Reader<'_> {
    /// The next fifteen half bytes, without taking them; zeros beyond the end.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        let byte = self.at / 2;
        let word = match self.bytes.get(byte..byte + 8).and_then(|word| word.try_into().ok()) {
            Some(word) => u64::from_le_bytes(word),
            None => {
                let rest = self.bytes.get(byte..).unwrap_or_default();
                rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
            }
        };
        word >> (4 * (self.at & 1))
    }

    /// Goes on by so many half bytes.
    #[inline]
    pub(super) fn pass(&mut self, count: usize) {
        self.at += count;
    }

    /// How many half bytes were taken.
    pub(super) fn taken(&self) -> usize {
        self.at
    }

    /// Whether all was taken.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.at >= 2 * self.bytes.len()
    }

    #[inline]
    pub(super) fn take(&mut self) -> Option<u8> {
        let nibble = (!self.is_empty()).then(|| self.peek() as u8 & 15);
        self.at += 1;
        nibble
    }

    #[inline]
    pub(super) fn take_all(&mut self, count: usize) -> u64 {
        let low = count.min(8);
        let number = self.peek() & ((1 << (4 * low)) - 1);
        self.at += low;
        if count > low { number | self.take_all(count - low) << 32 } else { number }
    }

    pub(super) fn take_number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(3) {
            let nibble = self.take()?;
            number |= u64::from(nibble & 7) << shift;
            if nibble < 8 {
                return Some(number);
            }
        }
        None
    }
}
