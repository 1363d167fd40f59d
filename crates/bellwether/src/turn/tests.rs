//! A turn comes back, whatever ends the work.

use std::panic::catch_unwind;

use super::Turn;

#[test]
fn it_comes_back() {
    let turn = Turn::default();
    let first = turn.take();
    assert!(first.is_some() && turn.clone().take().is_none());
    drop(first);
    let again = turn.take().unwrap();
    let panicked = catch_unwind(move || {
        let _again = again;
        panic!("the work fails");
    });
    assert!(panicked.is_err() && turn.take().is_some());
}
