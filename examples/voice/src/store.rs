//! The database: customers and their orders, in an SQLite file or in PostgreSQL.

use std::time::Duration;

use bellwether::{
    breaker::CallError,
    dependency::{Operation, cascade::Pool},
};
use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, any::AnyPoolOptions};

use crate::{
    failure::{Failure, Why},
    guards::Guards,
    release::{Deployment, Release},
};

/// Customers that exist from the start; their ids are `1..=CUSTOMERS`.
pub const CUSTOMERS: i64 = 200;
/// Older orders are deleted, so that a demo left running does not fill the disk.
pub const ORDERS_KEPT: i64 = 10_000;
const CUSTOMERS_KEPT: i64 = 500;
/// How often the old ones are deleted: at every so many new ones.
const PRUNE_EVERY: i64 = 100;
/// As it is called, and its breaker.
pub(crate) const NAME: &str = "orders-db";
/// As the pool of its connections is called, and how many there are.
pub(crate) const POOL: &str = "orders-pool";
pub(crate) const CONNECTIONS: u32 = 4;
/// Rows in one answer of a list.
const PAGE: i64 = 20;

/// Somebody who talks to us.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Customer {
    /// Given by the database.
    pub id: i64,
    /// What we call them.
    pub name: String,
    /// `trial`, `plus` or `business`.
    pub plan: String,
}

/// Something that was paid for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// Given by the database; newer orders have higher ids.
    pub id: i64,
    /// Who pays.
    pub customer: i64,
    /// What for.
    pub item: String,
    /// How much, in cents; never negative.
    pub amount_cents: i64,
}

/// A pool of connections; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    /// Who waits for a connection, and who has one.
    permits: Pool,
    reads: Operation,
    writes: Operation,
    deployment: Deployment,
}

impl Store {
    /// Connects to `sqlite:PATH` or `postgres://…` and creates what is missing; from then on, the dependency's breaker decides
    /// who may ask. The error is for people.
    pub async fn open(url: &str, guards: &Guards, deployment: Deployment) -> Result<Self, String> {
        let scheme = url.split(':').next().unwrap_or_default();
        let sqlite = match scheme {
            "sqlite" => true,
            "postgres" | "postgresql" => false,
            _ => {
                return Err(format!(
                    "cannot use a {scheme:?} database; sqlite:PATH or postgres://USER@HOST/NAME would do"
                ));
            }
        };
        // A file that is not there yet is made.
        let url = if sqlite && !url.contains('?') { &format!("{url}?mode=rwc") } else { url };
        sqlx::any::install_default_drivers();
        // The pool would try again and again, and then only say that time is up.
        AnyConnection::connect(url).await.map_err(|error| {
            let path = if sqlite { url } else { "its address is in DATABASE_URL" };
            format!("cannot open the {scheme} database ({path}): {error}")
        })?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(3))
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if sqlite {
                        connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").await?;
                    }
                    Ok(())
                })
            })
            .connect(url)
            .await
            .map_err(|error| format!("cannot open the {scheme} database: {error}"))?;
        let store = Self {
            pool,
            permits: guards.pool.clone(),
            reads: guards.orders.operation("read"),
            writes: guards.orders.operation("write"),
            deployment,
        };
        store.prepare(sqlite).await.map_err(|error| format!("cannot prepare the {scheme} database: {error}"))?;
        Ok(store)
    }

    /// One customer; the release with the slow rank takes its time over it.
    pub async fn customer(&self, id: i64, release: Release) -> Result<Customer, Failure> {
        if release == Release::SlowRank {
            self.rank(id).await?;
        }
        self.call(&self.reads, |connection| {
            Box::pin(
                sqlx::query_as("SELECT id, name, plan FROM customers WHERE id = $1")
                    .bind(id)
                    .fetch_optional(connection),
            )
        })
        .await?
        .map(customer)
        .ok_or(Failure::NotFound { what: "customer", id })
    }

    /// The newest customers.
    pub async fn customers(&self) -> Result<Vec<Customer>, Failure> {
        let rows = self
            .call(&self.reads, |connection| {
                Box::pin(
                    sqlx::query_as("SELECT id, name, plan FROM customers ORDER BY id DESC LIMIT $1")
                        .bind(PAGE)
                        .fetch_all(connection),
                )
            })
            .await?;
        Ok(rows.into_iter().map(customer).collect())
    }

    /// Writes down a new customer.
    pub async fn join(&self, name: &str, plan: &str) -> Result<Customer, Failure> {
        let row = self
            .call(&self.writes, |connection| {
                Box::pin(
                    sqlx::query_as("INSERT INTO customers (name, plan) VALUES ($1, $2) RETURNING id, name, plan")
                        .bind(name.to_owned())
                        .bind(plan.to_owned())
                        .fetch_one(connection),
                )
            })
            .await?;
        let new = customer(row);
        if new.id % PRUNE_EVERY == 0 {
            self.call(&self.writes, |connection| {
                Box::pin(
                    sqlx::query("DELETE FROM customers WHERE id > $1 AND id <= $2")
                        .bind(CUSTOMERS)
                        .bind(new.id - CUSTOMERS_KEPT)
                        .execute(connection),
                )
            })
            .await?;
        }
        Ok(new)
    }

    /// One order.
    pub async fn order(&self, id: i64) -> Result<Order, Failure> {
        self.call(&self.reads, |connection| {
            Box::pin(
                sqlx::query_as("SELECT id, customer, item, amount_cents FROM orders WHERE id = $1")
                    .bind(id)
                    .fetch_optional(connection),
            )
        })
        .await?
        .map(order)
        .ok_or(Failure::NotFound { what: "order", id })
    }

    /// The newest orders.
    pub async fn orders(&self) -> Result<Vec<Order>, Failure> {
        let rows = self
            .call(&self.reads, |connection| {
                Box::pin(
                    sqlx::query_as("SELECT id, customer, item, amount_cents FROM orders ORDER BY id DESC LIMIT $1")
                        .bind(PAGE)
                        .fetch_all(connection),
                )
            })
            .await?;
        Ok(rows.into_iter().map(order).collect())
    }

    /// The newest orders of one customer.
    pub async fn orders_of(&self, customer: i64) -> Result<Vec<Order>, Failure> {
        let rows = self
            .call(&self.reads, |connection| {
                Box::pin(sqlx::query_as(
                    "SELECT id, customer, item, amount_cents FROM orders WHERE customer = $1 ORDER BY id DESC LIMIT $2",
                )
                .bind(customer)
                .bind(PAGE)
                .fetch_all(connection))
            })
            .await?;
        Ok(rows.into_iter().map(order).collect())
    }

    /// Writes down a new order.
    pub async fn place(&self, customer: i64, item: &str, amount_cents: i64) -> Result<Order, Failure> {
        let row = self
            .call(&self.writes, |connection| {
                Box::pin(
                    sqlx::query_as(
                        "INSERT INTO orders (customer, item, amount_cents) VALUES ($1, $2, $3) \
             RETURNING id, customer, item, amount_cents",
                    )
                    .bind(customer)
                    .bind(item.to_owned())
                    .bind(amount_cents)
                    .fetch_one(connection),
                )
            })
            .await?;
        let new = order(row);
        if new.id % PRUNE_EVERY == 0 {
            self.call(&self.writes, |connection| {
                Box::pin(
                    sqlx::query("DELETE FROM orders WHERE id <= $1").bind(new.id - ORDERS_KEPT).execute(connection),
                )
            })
            .await?;
        }
        Ok(new)
    }

    /// How many customers have spent more than this one: every order is read once per customer,
    /// because nobody thought of an index.
    async fn rank(&self, id: i64) -> Result<i64, Failure> {
        let (rank,) = self
            .call(&self.reads, |connection| {
                Box::pin(
                    sqlx::query_as(
                        "SELECT COUNT(*) FROM customers c WHERE \
             (SELECT SUM(amount_cents) FROM orders WHERE customer = c.id) > \
             (SELECT SUM(amount_cents) FROM orders WHERE customer = $1)",
                    )
                    .bind(id)
                    .fetch_one(connection),
                )
            })
            .await?;
        Ok(rank)
    }

    /// Asks the database, if its breaker thinks that it will answer and there is a connection.
    async fn call<T>(
        &self,
        operation: &Operation,
        query: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>,
    ) -> Result<T, Failure> {
        let answered = operation.call(async {
            let mut connection = self.permits.take(self.pool.acquire()).await?;
            let answer = query(&mut connection).await;
            if self.deployment.current() == Release::Forgetful {
                self.deployment.forget(connection);
            }
            answer
        });
        answered.await.map_err(|error| match error {
            CallError::Rejected(rejected) => Failure::Upstream { name: NAME, why: Why::Refused(rejected) },
            CallError::Failed(error) => error.into(),
        })
    }

    async fn prepare(&self, sqlite: bool) -> Result<(), sqlx::Error> {
        let id = if sqlite {
            "INTEGER PRIMARY KEY AUTOINCREMENT"
        } else {
            "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
        };
        for table in [
            format!("CREATE TABLE IF NOT EXISTS customers (id {id}, name TEXT NOT NULL, plan TEXT NOT NULL)"),
            format!(
                "CREATE TABLE IF NOT EXISTS orders (id {id}, customer BIGINT NOT NULL, item TEXT NOT NULL, \
                 amount_cents BIGINT NOT NULL CHECK (amount_cents >= 0))"
            ),
        ] {
            self.pool.execute(AssertSqlSafe(table)).await?;
        }
        let (customers,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM customers").fetch_one(&self.pool).await?;
        if customers == 0 {
            for fill in [
                "INSERT INTO customers (name, plan) \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                 SELECT 'Customer ' || i, CASE WHEN i % 5 = 0 THEN 'trial' WHEN i % 5 < 3 THEN 'plus' ELSE 'business' END FROM n",
                "INSERT INTO orders (customer, item, amount_cents) \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1 * 49) \
                 SELECT 1 + i % $1, 'voice turn', i % 90 FROM n",
            ] {
                sqlx::query(fill).bind(CUSTOMERS).execute(&self.pool).await?;
            }
        }
        Ok(())
    }
}

fn customer((id, name, plan): (i64, String, String)) -> Customer {
    Customer { id, name, plan }
}

fn order((id, customer, item, amount_cents): (i64, i64, String, i64)) -> Order {
    Order { id, customer, item, amount_cents }
}
