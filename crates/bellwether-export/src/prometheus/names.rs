//! Names in schemes of escaping, for scrapers that cannot read all characters.

use super::format::Escaping;

/// Whether a name needs no escaping and no quotes.
pub(super) fn is_legacy(name: &str) -> bool {
    let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b':';
    !name.is_empty() && name.bytes().all(legal) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// A name in a scheme of escaping, as defined at
/// <https://prometheus.io/docs/instrumenting/escaping_schemes/>.
pub(super) fn escape(escaping: Escaping, name: &str) -> String {
    match escaping {
        Escaping::AllowUtf8 => name.to_owned(),
        Escaping::Underscores | Escaping::Values if is_legacy(name) => name.to_owned(),
        Escaping::Underscores => spell(name, |_, out| out.push('_')),
        Escaping::Dots => spell(&name.replace('_', "__"), |c, out| out.push_str(if c == '.' { "_dot_" } else { "__" })),
        Escaping::Values => {
            let doubled = name.replace('_', "__");
            "U__".to_owned() + &spell(&doubled, |c, out| out.push_str(&format!("_{:x}_", u32::from(c))))
        }
    }
}

fn spell(name: &str, other: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        let digit = c.is_ascii_digit() && !out.is_empty();
        if c.is_ascii_alphabetic() || digit || matches!(c, '_' | ':') { out.push(c) } else { other(c, &mut out) }
    }
    out
}
