//! The exponential grid: which bucket a value falls in, and where a bucket ends.
//!
//! Buckets are those of an OTLP exponential histogram at scale 5 and of a Prometheus native histogram of schema 5: bucket
//! `i` holds the values in `(2^(i/32), 2^((i+1)/32)]`. One bucket is 2.2 % wide, so its geometric middle is within 1.1 %
//! of any value in it. (Prometheus numbers the same buckets one higher, by their upper end.)

/// The scale of OTLP, the schema of Prometheus: 2⁵ buckets an octave.
pub const SCALE: i32 = 5;

/// Values this close to zero, either side, are in the zero bucket: the smallest normal f64, 2⁻¹⁰²².
pub const ZERO_THRESHOLD: f64 = f64::MIN_POSITIVE;

const BUCKETS_PER_OCTAVE: i32 = 1 << SCALE;
const MANTISSA_BITS: u32 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const EXPONENT_BIAS: i32 = 1023;

/// Buckets of half an octave are kept, allocated and looked up together.
pub(crate) const CHUNK: usize = BUCKETS_PER_OCTAVE as usize / 2;

/// How many different chunks there are: two signs, 2¹¹ exponents, two halves.
pub(crate) const CHUNKS: usize = 1 << 13;

/// Mantissas of 2^(j/32), rounded down: a value is at most 2^(j/32) just if its mantissa is at most this.
const BOUNDS: [u64; BUCKETS_PER_OCTAVE as usize] = [
    0x0000000000000,
    0x059b0d3158574,
    0x0b5586cf9890f,
    0x11301d0125b50,
    0x172b83c7d517a,
    0x1d4873168b9aa,
    0x2387a6e756238,
    0x29e9df51fdee1,
    0x306fe0a31b715,
    0x371a7373aa9ca,
    0x3dea64c123422,
    0x44e086061892d,
    0x4bfdad5362a27,
    0x5342b569d4f81,
    0x5ab07dd485429,
    0x6247eb03a5584,
    0x6a09e667f3bcc,
    0x71f75e8ec5f73,
    0x7a11473eb0186,
    0x82589994cce12,
    0x8ace5422aa0db,
    0x93737b0cdc5e4,
    0x9c49182a3f090,
    0xa5503b23e255c,
    0xae89f995ad3ad,
    0xb7f76f2fb5e46,
    0xc199bdd85529c,
    0xcb720dcef9069,
    0xd5818dcfba487,
    0xdfc97337b9b5e,
    0xea4afa2a490d9,
    0xf50765b6e4540,
];

/// For each of 64 equal slices of the octave, the bucket at its start, below the mantissa where the next bucket begins.
/// A slice (1/64) is narrower than any bucket (≥ 2.2 %), so the bucket of a value is this or the next.
const SLICES: [u64; 64] = {
    let mut slices = [0; 64];
    let mut slice = 0;
    let mut bucket = 0;
    while slice < 64 {
        while bucket + 1 < BOUNDS.len() && BOUNDS[bucket + 1] <= (slice as u64) << (MANTISSA_BITS - 6) {
            bucket += 1;
        }
        let next = if bucket + 1 < BOUNDS.len() { BOUNDS[bucket + 1] } else { MANTISSA + 1 };
        slices[slice] = next << 8 | bucket as u64;
        slice += 1;
    }
    slices
};

/// Where a value is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The chunk: sign, exponent and half of the octave.
    pub(crate) chunk: u16,
    /// The bucket within the chunk.
    pub(crate) bucket: u8,
}

/// The place of a finite value, or `None` for the zero bucket.
#[inline]
pub(crate) fn place(value: f64) -> Option<Place> {
    let magnitude = value.abs();
    if magnitude <= ZERO_THRESHOLD {
        return None;
    }
    // Buckets include their upper end: one less makes that end the last of its own bucket.
    let bits = magnitude.to_bits() - 1;
    let mantissa = bits & MANTISSA;
    let slice = SLICES[(mantissa >> (MANTISSA_BITS - 6)) as usize & 63];
    let within = slice as u8 + u8::from(mantissa >= slice >> 8);
    let exponent = (bits >> MANTISSA_BITS) as u16;
    let sign = (value.to_bits() >> 63 << 12) as u16;
    Some(Place { chunk: sign | exponent << 1 | u16::from(within >> 4), bucket: within & 15 })
}

/// Whether a chunk holds negative values, and the index of its first bucket.
pub(crate) fn first_index(chunk: u16) -> (bool, i32) {
    let exponent = i32::from(chunk >> 1 & 0x7FF) - EXPONENT_BIAS;
    (chunk >> 12 & 1 == 1, exponent * BUCKETS_PER_OCTAVE + i32::from(chunk & 1) * CHUNK as i32)
}

/// The bucket of a value by its magnitude; `None` for the zero bucket. What is not finite is in no bucket.
pub fn index(magnitude: f64) -> Option<i32> {
    place(magnitude.abs()).map(|place| first_index(place.chunk).1 + i32::from(place.bucket))
}

/// The lower end of bucket `index`, excluded; [`upper_bound`] of the one before.
pub fn lower_bound(index: i32) -> f64 {
    let octave = index.div_euclid(BUCKETS_PER_OCTAVE);
    let within = index.rem_euclid(BUCKETS_PER_OCTAVE) as usize & 31;
    let mantissa = f64::from_bits((EXPONENT_BIAS as u64) << MANTISSA_BITS | BOUNDS[within]);
    match octave {
        1024.. => f64::MAX,
        ..-1022 => 0.0,
        _ => mantissa * f64::from_bits(((octave + EXPONENT_BIAS) as u64) << MANTISSA_BITS),
    }
}

/// The upper end of bucket `index`, included: 2^((index+1)/32) rounded down to an f64.
pub fn upper_bound(index: i32) -> f64 {
    lower_bound(index.saturating_add(1))
}

/// The geometric middle of bucket `index`: within 1.1 % of everything in it.
pub fn middle(index: i32) -> f64 {
    let (low, high) = (lower_bound(index), upper_bound(index));
    // The product of the ends would overflow at one end of the range and vanish at the other.
    low.sqrt() * high.sqrt()
}
