//! Benches of the record and layer paths, with rivals in the same run.
