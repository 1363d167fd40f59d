//! The demo starts, answers and ends as a person would see it.

use bellwether_tests::client;
use bellwether_tests::demo::Demo;

#[tokio::test]
async fn starts_answers_and_ends_on_ctrl_c() {
    let demo = Demo::start(&["--no-traffic", "--quiet"], &[]).await;
    let answer = client().post(demo.url("/v1/turns")).header("x-customer", "1").body(vec![0; 9_000]);
    assert_eq!(answer.send().await.unwrap().status(), 200);
    let (ended, printed) = demo.interrupt().await;
    assert!(ended.success(), "{ended}\n{printed}");
}
