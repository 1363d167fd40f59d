//! A breaker around the calls of sqlx, as the README has it, with SQLite in memory.

use bellwether_breaker::{Breaker, CallError, Outcome, sql};
use sqlx::Error;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use crate::guard::{breaker, clock, ledger};

fn judge<T>(result: &Result<T, Error>) -> Outcome {
    match result {
        Ok(_) | Err(Error::RowNotFound) => Outcome::Success,
        Err(Error::Database(error)) => error.code().map_or(Outcome::Failure, |code| sql::outcome(&code)),
        Err(Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::PoolTimedOut | Error::WorkerCrashed) => {
            Outcome::Failure
        }
        Err(Error::ColumnDecode { .. } | Error::ColumnNotFound(_) | Error::Decode(_)) => Outcome::Alive,
        Err(_) => Outcome::Neutral,
    }
}

async fn pool() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)").execute(&pool).await.unwrap();
    pool
}

async fn check(query: impl AsyncFn(&SqlitePool) -> Result<(), Error>, expect: &str) {
    let (pool, breaker) = (pool().await, breaker(&clock()));
    let _ = breaker.call_judged(query(&pool), judge).await;
    assert_eq!(ledger(&breaker), expect);
}

async fn insert(pool: &SqlitePool, id: i64, item: Option<&str>) -> Result<(), Error> {
    sqlx::query("INSERT INTO orders VALUES ($1, $2)").bind(id).bind(item).execute(pool).await.map(drop)
}

#[tokio::test]
async fn by_what_sqlx_says() {
    check(async |pool| insert(pool, 1, Some("tea")).await, "success 1").await;
    check(async |pool| sqlx::query("SELECT 1 FROM orders").fetch_one(pool).await.map(drop), "success 1").await;
    check(async |pool| insert(pool, 1, None).await, "alive 1").await;
    let twice = async |pool: &SqlitePool| {
        insert(pool, 1, Some("tea")).await?;
        insert(pool, 1, Some("tea")).await
    };
    check(twice, "alive 1").await;
    check(async |pool| sqlx::query("SELEKT").execute(pool).await.map(drop), "alive 1").await;
    let wrong = async |pool: &SqlitePool| sqlx::query_as::<_, (i64,)>("SELECT 'tea'").fetch_one(pool).await.map(drop);
    check(wrong, "alive 1").await;
    let gone = async |pool: &SqlitePool| {
        pool.close().await;
        insert(pool, 1, Some("tea")).await
    };
    check(gone, "neutral 1").await;
    let nowhere = async |_: &SqlitePool| SqlitePool::connect("sqlite:/nowhere/at/all.db").await.map(drop);
    check(nowhere, "failure 1, open 10s").await;
}

/// All connections are out, which is how a database that hangs looks from here.
#[tokio::test]
async fn by_a_pool_that_has_none_left() {
    let pool = pool().await;
    let breaker = breaker(&clock());
    let all = pool.acquire().await.unwrap();
    tokio::time::pause();
    let result = breaker.call_judged(insert(&pool, 1, Some("tea")), judge).await;
    assert!(matches!(result, Err(CallError::Failed(Error::PoolTimedOut))), "{result:?}");
    drop(all);
    let result = breaker.call_judged(insert(&pool, 1, Some("tea")), judge).await;
    assert!(matches!(result, Err(CallError::Rejected(_))), "{result:?}");
    assert_eq!(ledger(&breaker), "failure 1, rejected 1, open 10s");
}

/// A query that is dropped before its end gives its permit back.
#[tokio::test]
async fn given_up() {
    let pool = pool().await;
    let breaker = Breaker::builder("it").max_in_flight(1).build().unwrap();
    {
        let mut call = Box::pin(breaker.call_judged(insert(&pool, 1, Some("tea")), judge));
        let _ = futures_util::poll!(call.as_mut());
    }
    breaker.call_judged(insert(&pool, 2, Some("tea")), judge).await.unwrap();
    assert_eq!(breaker.snapshot().in_flight, 0);
}
