//! Index of unit tests, to come.
