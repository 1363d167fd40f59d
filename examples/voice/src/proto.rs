//! What `proto/voice.proto` describes, generated; the test `proto` says when it is out of date and renews it.
#![allow(missing_docs, unused_qualifications, clippy::all, reason = "generated")]

include!("../proto/voice.v1.rs");
