//! The generated code is what the .proto file says; `RENEW=1 cargo test -p voice proto` renews it.

use std::{env, fs, path::Path};

use tempfile::TempDir;

#[test]
fn generated_code_is_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let out = TempDir::new().expect("a folder");
    let described = protox::compile([folder.join("voice.proto")], [&folder]).expect("a valid .proto file");
    tonic_prost_build::configure().bytes(".").out_dir(out.path()).compile_fds(described).expect("code");
    let generated = fs::read_to_string(out.path().join("voice.v1.rs")).expect("the code");

    let checked_in = folder.join("voice.v1.rs");
    if env::var_os("RENEW").is_some() {
        fs::write(&checked_in, &generated).expect("the code is renewed");
    }
    assert!(
        fs::read_to_string(checked_in).is_ok_and(|code| code == generated),
        "proto/voice.v1.rs is out of date: RENEW=1 cargo test -p voice proto"
    );
}
