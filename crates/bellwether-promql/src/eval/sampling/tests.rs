//! The hash against values of its specification.

use super::{in_share, xxhash64};
use crate::Labels;

#[test]
fn hashes_as_specified() {
    assert_eq!(xxhash64(b""), 0xef46_db37_51d8_e999);
    assert_eq!(xxhash64(b"a"), 0xd24e_c4f1_a98c_6e5b);
    assert_eq!(xxhash64(b"abc"), 0x44bc_2cf5_ad77_0999);
    assert_eq!(xxhash64(b"Nobody inspects the spammish repetition"), 0xfbce_a83c_8a37_8bf1);
}

#[test]
fn a_share_and_its_complement_take_each_series_once() {
    for i in 0..1000 {
        let labels = Labels::new([("i", i.to_string())]);
        assert!(in_share(0.3, &labels) ^ in_share(-0.7, &labels));
    }
}
