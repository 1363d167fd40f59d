//! The database stays small, survives a restart, and says what is wrong with its address.

use tempfile::TempDir;
use voice::{
    release::Deployment,
    store::{CUSTOMERS, ORDERS_KEPT, Store},
};

use crate::demo::guards;

#[tokio::test]
async fn old_orders_go() {
    let (store, _folder) = crate::demo::store().await;
    assert!(store.order(1).await.is_ok());
    let mut newest = 0;
    while newest < ORDERS_KEPT + 100 {
        newest = store.place(1, "tea", 1).await.expect("an order").id;
    }
    assert!(store.order(1).await.is_err());
    assert!(store.order(newest - ORDERS_KEPT + 1).await.is_ok());
}

#[tokio::test]
async fn new_customers_go_and_the_first_ones_stay() {
    let (store, _folder) = crate::demo::store().await;
    let first_new = store.join("Ada", "plus").await.expect("a customer").id;
    for _ in 0..600 {
        store.join("Grace", "plus").await.expect("a customer");
    }
    assert!(store.customer(first_new, Default::default()).await.is_err());
    assert!(store.customer(CUSTOMERS, Default::default()).await.is_ok());
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_one_wrote() {
    let folder = TempDir::new().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("voice.sqlite").display());
    let order = Store::open(&url, &guards(), Deployment::default())
        .await
        .expect("a database")
        .place(1, "tea", 1)
        .await
        .expect("an order");
    let again = Store::open(&url, &guards(), Deployment::default()).await.expect("the database");
    assert_eq!(again.order(order.id).await.expect("the order"), order);
}

#[tokio::test]
async fn a_bad_address() {
    for (url, words) in [
        (
            "mysql://root@localhost/voice",
            "cannot use a \"mysql\" database; sqlite:PATH or postgres://USER@HOST/NAME would do",
        ),
        ("voice.sqlite", "cannot use a \"voice.sqlite\" database"),
        ("sqlite:/nowhere/at/all.sqlite", "cannot open the sqlite database"),
        // Port 1 refuses.
        ("postgres://nobody:secret@127.0.0.1:1/voice", "cannot open the postgres database"),
    ] {
        let error = Store::open(url, &guards(), Deployment::default()).await.expect_err(url);
        assert!(error.starts_with(words) && !error.contains("secret"), "{url}: {error}");
    }
}
