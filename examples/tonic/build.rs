//! Turns `proto/hello.proto` into Rust.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let described = protox::compile(["proto/hello.proto"], ["proto"])?;
    tonic_prost_build::configure().build_client(false).compile_fds(described)?;
    Ok(())
}
