//! What `proto/voice.proto` describes, generated; the test `proto` says when it is out of date and renews it.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all)]

include!("../proto/voice.v1.rs");
