//! Whether a database answers, through a pool of sqlx.

use sqlx::{Connection as _, Database, Pool};

use super::{Finding, Probe};
use crate::fault::Fault;

impl Probe {
    /// Whether a database answers a ping through this pool, best one of its own with one connection:
    ///
    /// ```
    /// # use bellwether_dependency::Probe;
    /// # use std::time::Duration;
    /// use sqlx::sqlite::SqlitePoolOptions; // `PgPoolOptions` and the like
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # let _within = runtime.enter();
    /// let one = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    /// let probe = Probe::sqlx(one.connect_lazy("sqlite::memory:")?);
    /// # let _ = probe;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// With another version of sqlx than this crate's, [`Probe::new`] does the same:
    /// `move || { let pool = pool.clone(); async move { pool.acquire().await?.ping().await } }`.
    pub fn sqlx<DB: Database>(pool: Pool<DB>) -> Self {
        Self::of(move || {
            let pool = pool.clone();
            Box::pin(async move {
                let mut connection = pool.acquire().await.map_err(|error| Fault::of(&error))?;
                connection.ping().await.map_err(|error| Fault::of(&error))?;
                Ok(Finding::Well)
            })
        })
    }
}
