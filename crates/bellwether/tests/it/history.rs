//! History, remembered by the loop: in memory, and in a file across a restart.

use std::time::Duration;

use bellwether::history::History;
use bellwether::{Bellwether, Config};
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
