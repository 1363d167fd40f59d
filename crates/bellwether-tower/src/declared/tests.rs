//! Which paths fit a declared template.

use super::fits;

#[test]
fn templates() {
    for (template, path, expect) in [
        ("/", "/", true),
        ("/", "/a", false),
        ("/a", "/a/", false),
        ("/a/{id}", "/a/17", true),
        ("/a/{id}", "/a/", false),
        ("/a/{id}", "/a/17/b", false),
        ("/a/{id}/b", "/a/17/b", true),
        ("/static/{*path}", "/static/a/b.css", true),
        ("/static/{*path}", "/static/", true),
        ("/static/{*path}", "/static", true),
        ("/static/{*path}", "/statics", false),
        ("/{*path}", "/anything/at/all", true),
        ("/{*path}", "", true),
        ("", "/", false),
        ("a", "/a", false),
        ("/a", "*", false),
    ] {
        assert_eq!(fits(template, path), expect, "{template} {path}");
    }
}
