//! Windows against models that keep every result.
