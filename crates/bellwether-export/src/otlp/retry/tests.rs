//! Waits grow, stay within their bounds, and start over.

use super::*;

#[test]
fn waits_double_up_to_the_longest_and_start_over() {
    let mut backoff = Backoff::default();
    let waits: Vec<u128> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    assert_eq!(backoff.next(0.0).as_millis(), 4000);
    (0..100).for_each(|_| assert!(backoff.next(f64::INFINITY) <= LONGEST));
    backoff.reset();
    assert_eq!(backoff.next(0.0).as_millis(), 125);
}
