//! What a callee says about when to come back: Retry-After and its relatives.
