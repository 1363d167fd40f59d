//! What counts as shipped: what our published crates need, not what only tests need.

use super::*;

const METADATA: &str = r#"{
  "packages": [
    {"id": "ours", "name": "ours", "version": "0.1.0", "license": "MIT", "rust_version": "1.88", "source": null, "publish": null},
    {"id": "bench", "name": "bench", "version": "0.1.0", "license": null, "rust_version": null, "source": null, "publish": []},
    {"id": "needed", "name": "needed", "version": "1.0.0", "license": "MIT", "rust_version": null, "source": "r", "publish": null},
    {"id": "deep", "name": "deep", "version": "1.0.0", "license": "MIT", "rust_version": null, "source": "r", "publish": null},
    {"id": "tested", "name": "tested", "version": "1.0.0", "license": "MIT", "rust_version": null, "source": "r", "publish": null}
  ],
  "resolve": {"nodes": [
    {"id": "ours", "deps": [{"pkg": "needed", "dep_kinds": [{"kind": null}]}, {"pkg": "tested", "dep_kinds": [{"kind": "dev"}]}]},
    {"id": "bench", "deps": [{"pkg": "tested", "dep_kinds": [{"kind": null}]}]},
    {"id": "needed", "deps": [{"pkg": "deep", "dep_kinds": [{"kind": "build"}, {"kind": "dev"}]}]}
  ]}
}"#;

#[test]
fn shipped() {
    let graph = Graph::parse(METADATA).unwrap();
    let names: Vec<&str> = graph.shipped(&[]).into_iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, ["deep", "needed", "ours"]);
    assert_eq!(graph.packages.len(), 5);
}
