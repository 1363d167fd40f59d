//! History, remembered by the loop: in memory, and in a file across a restart.

use std::time::Duration;

use bellwether::core::{Clock, Timestamp};
use bellwether::history::History;
use bellwether::history::file::Query;
use bellwether::{Bellwether, Config, Registry};
use bellwether_promql::{MatchOp, Matcher};

use super::nothing;

/// How many jobs were counted in all, as far as history knows.
fn counted(history: &History) -> u128 {
    let view = history.view();
    let jobs = [Matcher::new("__name__", MatchOp::Equal, "jobs_total").unwrap()];
    let to = view.until().unwrap();
    view.increase(&jobs, 0, to).unwrap().iter().map(|increase| increase.count).sum()
}

fn start(config: &str) -> Bellwether {
    let config = Config::parse(config, "bellwether.toml").unwrap();
    Bellwether::builder("shop").environment(nothing).settings(config).start().unwrap()
}

#[tokio::test]
async fn it_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.bw");
    let config = format!("[history]\npath = {path:?}\n");
    for before in 0..3 {
        let bw = start(&config);
        assert_eq!(bw.history().status().file.trouble, None);
        assert_eq!(counted(&bw.history()), 7 * before);
        // There is no tick before the end: it is the end that keeps it.
        bw.registry().counter("jobs").build().unwrap().add(7);
        bw.shutdown(Duration::from_secs(10)).await;
    }
}

#[tokio::test]
async fn a_clock_that_jumped_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let start = |clock: &Clock| {
        let builder = Bellwether::builder("shop").environment(nothing).registry(Registry::on(clock.clone()));
        builder.history_file(folder.path().join("history.bw")).start().unwrap()
    };
    let jumps = |bw: &Bellwether| -> Vec<(i64, i64)> {
        let entries = bw.clock_jumps().page(&Query::oldest()).unwrap().entries;
        entries.iter().map(|jump| (jump.at, jump.record.by_millis)).collect()
    };
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let bw = start(&clock);
    clock.advance(Duration::from_secs(5));
    clock.jump(Timestamp::from_unix_seconds(1_700_003_605));
    assert_eq!(jumps(&bw), []);
    // It is the last tick that sees it, and the next run that reads of it.
    bw.shutdown(Duration::from_secs(10)).await;
    let bw = start(&clock);
    assert_eq!(jumps(&bw), [(1_700_003_605_000, 3_600_000)]);
    clock.advance(Duration::from_secs(5));
    clock.jump(Timestamp::from_unix_seconds(1_700_000_010));
    bw.shutdown(Duration::from_secs(10)).await;
    let bw = start(&clock);
    let [forward, (_, back)] = jumps(&bw)[..] else { panic!("{:?}", jumps(&bw)) };
    assert_eq!((forward, back), ((1_700_003_605_000, 3_600_000), -3_600_000));
}

#[tokio::test]
async fn without_a_usable_file_the_service_starts_all_the_same() {
    let bw = start("[history]\npath = \"/nowhere/at/all/history.bw\"\n");
    let trouble = bw.history().status().file.trouble.unwrap();
    assert!(trouble.error.to_string().contains("/nowhere/at/all"), "{}", trouble.error);
    bw.registry().counter("jobs").build().unwrap().add(2);
    let history = bw.history();
    bw.shutdown(Duration::from_secs(10)).await;
    assert_eq!(counted(&history), 2);
}

#[tokio::test]
async fn series_have_the_job_that_a_scrape_would_give_them() {
    let bw = start("");
    let view = bw.history().view();
    let up = [Matcher::new("__name__", MatchOp::Equal, "bellwether_history_covered_seconds_total").unwrap()];
    let series = view.series(&up, 0, i64::MAX).unwrap();
    assert_eq!(series[0].get("job"), Some("shop"));
}
