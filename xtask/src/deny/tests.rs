//! Which packages `deny` turns away.

use super::*;

const POLICY: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]
[bans]
deny = [{ crate = "cmake", reason = "no cmake" }]
"#;
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn check(name: &str, license: Option<&str>, source: Option<&str>, expect: Option<&str>) {
    let package = Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: license.map(str::to_owned),
        rust_version: None,
        source: source.map(str::to_owned),
        published: true,
    };
    let got = Policy::parse(POLICY).unwrap().check(&package);
    match expect {
        None => assert_eq!(got, None),
        Some(part) => assert!(got.as_deref().is_some_and(|got| got.contains(part)), "{got:?} lacks {part:?}"),
    }
}

#[test]
fn licenses() {
    let crates_io = Some(CRATES_IO);
    check("a", Some("MIT"), crates_io, None);
    check("a", Some("MIT/Apache-2.0"), crates_io, None);
    check("a", Some("GPL-3.0-only OR MIT"), crates_io, None);
    check("a", Some("(MIT OR Apache-2.0) AND Unicode-3.0"), crates_io, None);
    check("a", Some("Apache-2.0 WITH LLVM-exception"), crates_io, None);
    check("a", Some("GPL-3.0-only"), crates_io, Some("not in deny.toml's list"));
    check("a", Some("MIT AND AGPL-3.0-only"), crates_io, Some("not in deny.toml's list"));
    check("a", Some("Beer"), crates_io, Some("cannot be read"));
    check("a", None, crates_io, Some("states no license"));
}

#[test]
fn sources_and_bans() {
    check("a", Some("MIT"), None, None);
    check("a", Some("MIT"), Some("git+https://example.com/a"), Some("only crates.io"));
    check("cmake", Some("MIT"), Some(CRATES_IO), Some("banned: no cmake"));
}
