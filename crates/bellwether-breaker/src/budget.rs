//! Budgets in money or tokens: reserve, settle, release, exactly once.
