//! Traffic is the same under the same seed, follows the day, and is never more than its places.

use std::{
    future::pending,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::{sleep, timeout};
use voice::traffic::{Arrival, Schedule, Tally, Visit, admit};

const DAY: Duration = Duration::from_secs(300);

#[test]
fn the_same_seed_brings_the_same_visits() {
    let arrivals = |seed| Schedule::new(seed, DAY).take(1_000).collect::<Vec<Arrival>>();
    assert_eq!(arrivals(1), arrivals(1));
    assert_ne!(arrivals(1), arrivals(2));
}

#[test]
fn more_come_by_day_than_by_night() {
    // A day starts at seven: the afternoon is its first half, the night its second.
    let (mut day, mut night) = (0, 0);
    for arrival in Schedule::new(1, DAY).take_while(|arrival| arrival.at < DAY) {
        if arrival.at < DAY / 2 { day += 1 } else { night += 1 }
    }
    assert!(day > 2 * night && night > 300, "{day} by day, {night} by night");
}

#[test]
fn everybody_comes() {
    let seen: Vec<Visit> = Schedule::new(1, DAY).take(2_000).map(|arrival| arrival.visit).collect();
    for visit in [
        Visit::Turn,
        Visit::Converse,
        Visit::HangUp,
        Visit::Customer,
        Visit::Orders,
        Visit::Order,
        Visit::Join,
        Visit::Mistake,
        Visit::Scan,
    ] {
        assert!(seen.contains(&visit), "{visit:?}");
    }
}

/// A minute of visits that each take so long, with four places.
async fn minute(lasts: Option<Duration>) -> (u64, u64) {
    let tally = Arc::new(Tally::default());
    let visits = admit(Schedule::new(1, DAY), 4, tally.clone(), move |_| async move {
        match lasts {
            Some(lasts) => sleep(lasts).await,
            None => pending().await,
        }
    });
    let _ = timeout(Duration::from_secs(60), visits).await;
    (tally.visits.load(Ordering::Relaxed), tally.turned_away.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_is_turned_away() {
    let all = Schedule::new(1, DAY).take_while(|arrival| arrival.at < Duration::from_secs(60)).count() as u64;
    assert_eq!(minute(None).await, (4, all - 4), "places are never given twice");
    assert_eq!(minute(Some(Duration::ZERO)).await, (all, 0), "places are given back");
}
