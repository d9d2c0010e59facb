//! Complaints of the TOML reader in the words of a network file: their texts are read here and nowhere else.
//!
//! Not responsible for places (`places`).

use crate::spelling::nearest;

/// What a complaint says, without the names of the program's own types.
pub fn plain(message: &str) -> String {
    let quoted = || message.split('`').skip(1).step_by(2);
    let found = || quoted().next().unwrap_or_default();
    for (start, what) in [("unknown field ", "key"), ("unknown variant ", "kind")] {
        if message.starts_with(start) {
            return unknown(what, found(), &quoted().skip(1).collect::<Vec<_>>());
        }
    }
    if message.starts_with("missing field ") {
        return format!("`{}` is missing; write it", found());
    }
    if message.starts_with("wanted exactly 1 element") {
        let there = if message.ends_with("found 0 elements") {
            "none"
        } else {
            "several"
        };
        return format!(
            "expected one kind in it, found {there}; a layer is one of conv, linear, max_pool and classifier, weights are digital or macro"
        );
    }
    if message == "wanted string or table" {
        return wrong("a table", "a plain value");
    }
    // A list may stand for a table as far as the reader is concerned, if it has as many entries.
    if message.starts_with("invalid length ") {
        return wrong("a table", "a list");
    }
    let rest = ["invalid type: ", "invalid value: "];
    let rest = rest.iter().find_map(|start| message.strip_prefix(start));
    match rest.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((found, expected)) => wrong(kind(expected), &named(found)),
        None => message.into(),
    }
}

fn unknown(what: &str, found: &str, known: &[&str]) -> String {
    let near = nearest(found, known).map(|near| format!("did you mean `{near}`?"));
    format!(
        "unknown {what} `{found}`, expected one of {}; {}",
        known.join(", "),
        near.unwrap_or("correct or remove it".into())
    )
}

fn wrong(expected: &str, found: &str) -> String {
    format!("expected {expected}, found {found}; correct the value")
}

/// What stands there: `floating point` and `integer` are numbers to whoever wrote them.
fn named(found: &str) -> String {
    let number = ["floating point ", "integer "];
    let number = number.iter().find_map(|start| found.strip_prefix(start));
    match number {
        Some(value) => format!("number {value}"),
        None => kind(found).into(),
    }
}

fn kind(name: &str) -> &str {
    match name {
        "usize" | "u32" | "u64" => "a whole number, 0 or more",
        "a string" => "a text in double quotes",
        "sequence" | "a sequence" => "a list",
        "map" | "a map" | "newtype variant" => "a table",
        "unit variant" => "a word",
        name if name.starts_with("struct ") || name.starts_with("enum ") => "a table",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_name_no_types_of_the_program() {
        for (message, told) in [
            (
                "invalid type: string \"x\", expected usize",
                "expected a whole number, 0 or more, found string \"x\"; correct the value",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "expected a whole number, 0 or more, found number `-1`; correct the value",
            ),
            (
                "invalid type: map, expected a string",
                "expected a text in double quotes, found a table; correct the value",
            ),
            (
                "invalid type: unit variant, expected newtype variant",
                "expected a table, found a word; correct the value",
            ),
            (
                "unknown field `kernl`, expected one of `name`, `kernel`",
                "unknown key `kernl`, expected one of name, kernel; did you mean `kernel`?",
            ),
            (
                "invalid length 0, expected struct ShapeSpec with 3 elements",
                "expected a table, found a list; correct the value",
            ),
            ("missing field `classes`", "`classes` is missing; write it"),
            ("duplicate key", "duplicate key"),
        ] {
            assert_eq!(plain(message), told);
        }
        let several = plain("wanted exactly 1 element, more than 1 element");
        assert!(several.contains("found several"), "{several}");
    }
}
