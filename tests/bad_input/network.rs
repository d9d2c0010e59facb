//! Every key of a network file mistyped, out of range, removed and given a stranger as neighbour; keys that contradict each
//! other: the error names file, line and key.
//!
//! Lines are counted here from the text alone, not from what the parser says.

use super::SMALL;
use super::support::no_short_text;
#[cfg(unix)]
use super::support::{Scratch, piped};
use imcsim::net::shipped::load_network;
use imcsim::net::spec::parse;
use std::collections::HashMap;
use std::fs;
use toml::{Table, Value};

const FILE: &str = "wrong.toml";

/// Every path in the value, tables and arrays included.
fn paths(value: &Value, here: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(k, v)| (k.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        here.push(key);
        found.push(here.clone());
        paths(child, here, found);
        here.pop();
    }
}

fn child<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    match value {
        Value::Array(list) => &mut list[key.parse::<usize>().expect("an index")],
        other => &mut other[key],
    }
}

fn place<'a>(root: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(root, |value, key| child(value, key))
}

/// The file with the value at `path` changed.
fn changed(root: &Value, path: &[String], change: impl FnOnce(&mut Value)) -> String {
    let mut root = root.clone();
    change(place(&mut root, path));
    toml::to_string(&root).expect("a table")
}

/// Line of every key and table of a text written with one key a line.
fn lines(text: &str) -> HashMap<Vec<String>, usize> {
    let mut found = HashMap::from([(Vec::new(), 1)]);
    let (mut table, mut layers) = (Vec::new(), 0);
    for (number, line) in text.lines().enumerate() {
        if line == "[[layers]]" {
            table = vec!["layers".to_string(), layers.to_string()];
            layers += 1;
            found.entry(vec!["layers".into()]).or_insert(number + 1);
            found.insert(table.clone(), number + 1);
        } else if let Some(header) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            table = header.split('.').map(Into::into).collect();
            if table[0] == "layers" && table.len() > 1 {
                table.insert(1, (layers - 1).to_string());
            }
            // Tables without a header of their own begin with the first header below them.
            for depth in 1..=table.len() {
                found.entry(table[..depth].to_vec()).or_insert(number + 1);
            }
        } else if let Some((key, _)) = line.split_once(" = ") {
            let path = [&table[..], &[key.to_string()]].concat();
            found.insert(path, number + 1);
        }
    }
    found
}

/// Line of a path, or of the nearest table around it that was written.
fn line(text: &str, path: &[String]) -> usize {
    let lines = lines(text);
    let mut depths = (0..=path.len()).rev();
    depths
        .find_map(|depth| lines.get(&path[..depth]).copied())
        .expect("the root has a line")
}

/// The error of a text names file and line of `path`, and `key`.
fn refused(text: &str, path: &[String], key: &str, what: &str) {
    let error = match parse(text, FILE) {
        Ok(_) => panic!("{what} of {path:?} was accepted:\n{text}"),
        Err(error) => error.to_string(),
    };
    let start = format!("{FILE}:{}: ", line(text, path));
    assert!(
        error.starts_with(&start) && error.contains(key),
        "{what} of {path:?}, expected {start}.. {key}\n{error}\n{text}"
    );
    // Words of the program, not of its users.
    for word in [
        "usize", "u32", "element", "struct", "variant", "field", "sequence",
    ] {
        assert!(!error.contains(word), "{word} in: {error}");
    }
}

fn shipped(name: &str) -> Value {
    let path = format!("{}/models/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("the model is shipped");
    Value::Table(text.parse::<Table>().expect("it parses"))
}

#[test]
fn every_key_of_a_network_file_is_checked() {
    let mut checked = 0;
    for name in ["lenet", "vgg"] {
        let root = shipped(name);
        assert!(parse(&toml::to_string(&root).expect("a table"), FILE).is_ok());
        let mut found = Vec::new();
        paths(&root, &mut Vec::new(), &mut found);
        for path in &found {
            check(&root, path);
            checked += 1;
        }
    }
    assert!(checked > 140, "only {checked} keys");
}

fn check(root: &Value, path: &[String]) {
    let mut copy = root.clone();
    let value = place(&mut copy, path).clone();
    let (key, parent) = path.split_last().expect("not empty");
    let in_list = key.parse::<usize>().is_ok();
    let shown = if in_list { "layer" } else { key };
    for wrong in wrong_values(&value) {
        let text = changed(root, path, |value| *value = wrong.clone());
        refused(&text, path, shown, &format!("{wrong}"));
    }
    if value.is_table() {
        let text = changed(root, path, |value| {
            let table = value.as_table_mut().expect("a table");
            table.insert("no_such_key".into(), Value::Integer(1));
        });
        let stranger = [path, &["no_such_key".to_string()]].concat();
        // Where one of several tables is chosen, a second choice is a fault of the table around it.
        let choice = in_list || key == "weights";
        refused(
            &text,
            if choice { path } else { &stranger },
            "",
            "a stranger",
        );
    }
    if !in_list {
        let text = changed(root, parent, |value| {
            value.as_table_mut().expect("a table").remove(key);
        });
        refused(&text, parent, "", "absence");
    }
}

/// Values of every other type, and numbers out of range.
fn wrong_values(value: &Value) -> Vec<Value> {
    let kinds = [
        Value::String("x".into()),
        Value::Integer(3),
        Value::Float(1.5),
        Value::Float(f64::NAN),
        Value::Boolean(true),
        Value::Array(Vec::new()),
        Value::Table(Table::new()),
    ];
    let mut wrong: Vec<Value> = kinds
        .into_iter()
        .filter(|other| !other.same_type(value))
        .collect();
    match value {
        Value::Integer(_) => wrong.extend([-1, i64::MIN, i64::MAX].map(Value::Integer)),
        Value::String(_) => wrong.push(Value::String(String::new())),
        _ => (),
    }
    wrong
}

#[test]
fn text_that_is_no_network_is_named_with_its_line() {
    for (text, line) in [
        ("", 1),
        ("name = ", 1),
        ("= 3", 1),
        ("[[layers]\n", 1),
        ("\u{0}", 1),
        ("layers = []", 1),
        ("name = \"a\"\nclasses = \"\n", 2),
    ] {
        let error = parse(text, FILE).expect_err("must be refused").to_string();
        assert!(error.starts_with(&format!("{FILE}:{line}: ")), "{error}");
    }
}

/// A change of the small network, and the line and key that are to be named.
const CONTRADICTIONS: &[(&str, &str, usize, &str)] = &[
    ("classes = 2", "classes = 2\nclasses = 3", 5, "classes"),
    ("classes = 2", "classes = 1", 4, "classes: expected 2"),
    ("height = 4", "height = 0", 3, "input.height: "),
    (
        "outputs = 2",
        "outputs = 0",
        7,
        "conv.outputs of layer c1: ",
    ),
    (
        "outputs = 2",
        "outputs = 65537",
        7,
        "conv.outputs of layer c1: ",
    ),
    (
        "kernel = 3",
        "kernel = 7",
        7,
        "conv.kernel of layer c1: 7 does not fit",
    ),
    ("kernel = 3", "kernel = 0", 7, "conv.kernel of layer c1: "),
    (
        "padding = 1",
        "padding = 3",
        7,
        "conv.padding of layer c1: ",
    ),
    ("stride = 1", "stride = 7", 7, "conv.stride of layer c1: "),
    ("stride = 1", "stride = 0", 7, "conv.stride of layer c1: "),
    (
        "activation_bits = 2 }\n[[layers]]\nmax",
        "activation_bits = 9 }\n[[layers]]\nmax",
        7,
        "conv.activation_bits of layer c1: ",
    ),
    (
        "digital = { bits = 8",
        "digital = { bits = 1",
        7,
        "conv.weights.digital.bits of layer c1: ",
    ),
    (
        "digital",
        "macro",
        7,
        "conv.weights.macro of layer c1: the first layer",
    ),
    ("size = 2", "size = 5", 9, "max_pool.size of layer 2: "),
    (
        "[[layers]]\nlinear",
        "[[layers]]\nmax_pool = { size = 2 }\n[[layers]]\nlinear",
        11,
        "max_pool of layer 3: pooling follows",
    ),
    (
        "[[layers]]\nconv",
        "[[layers]]\nmax_pool = { size = 2 }\n[[layers]]\nconv",
        7,
        "max_pool of layer 1: pooling follows",
    ),
    (
        "outputs = 3",
        "outputs = 0",
        11,
        "linear.outputs of layer f1: ",
    ),
    (
        "macro = { bits = 2",
        "macro = { bits = 9",
        11,
        "linear.weights.macro.bits of layer f1: ",
    ),
    (
        "\"f1\"",
        "\"c1\"",
        11,
        "linear.name of layer c1: another layer",
    ),
    (
        "\"f2\"",
        "\"f1\"",
        13,
        "classifier.name of layer f1: another layer",
    ),
    ("\"f2\"", "\"\"", 13, "classifier.name of layer 4: "),
    (
        "[[layers]]\nclassifier = { name = \"f2\", weights = { digital = { bits = 8 } } }\n",
        "",
        10,
        "layer f1: a network ends",
    ),
    (
        "[[layers]]\nlinear",
        "[[layers]]\nclassifier = { name = \"early\", weights = { digital = { bits = 8 } } }\n[[layers]]\nlinear",
        13,
        "linear of layer f1: the classifier is the last",
    ),
];

#[test]
fn contradictions_are_named_with_line_and_key() {
    for (from, to, line, key) in CONTRADICTIONS {
        assert!(SMALL.contains(from), "{from}");
        let text = SMALL.replacen(from, to, 1);
        let error = parse(&text, FILE).expect_err(to).to_string();
        let start = format!("{FILE}:{line}: {key}");
        assert!(error.starts_with(&start), "expected {start}\n{error}");
    }
    let huge = SMALL
        .replace("height = 4, width = 4", "height = 4096, width = 4096")
        .replace("outputs = 2", "outputs = 65536");
    let error = parse(&huge, FILE).expect_err("huge").to_string();
    assert!(
        error.starts_with("wrong.toml:7: conv.outputs of layer c1: "),
        "{error}"
    );
    // 8 million rows of 8-bit weights and 2-bit inputs.
    let high = SMALL
        .replace("height = 4, width = 4", "height = 4096, width = 4096")
        .replace("macro = { bits = 2 }", "macro = { bits = 8 }");
    let error = parse(&high, FILE).expect_err("high sums").to_string();
    assert!(
        error.starts_with("wrong.toml:11: linear.weights of layer f1: sums of 8388608 rows"),
        "{error}"
    );
    let none =
        "name = \"a\"\ninput = { channels = 1, height = 4, width = 4 }\nclasses = 2\nlayers = []\n";
    let error = parse(none, FILE).expect_err("no layers").to_string();
    assert!(error.starts_with("wrong.toml:4: layer"), "{error}");
}

#[test]
fn files_that_are_no_short_text_are_told() {
    no_short_text(SMALL, |path| {
        load_network(path).expect_err(path).to_string()
    });
}

#[cfg(unix)]
#[test]
fn a_network_may_come_through_a_pipe() {
    let scratch = Scratch::new();
    let arguments = "train --model /dev/stdin --method float --epochs 1 --out out";
    let command = scratch.command(arguments.split(' '));
    let error = piped(command, &SMALL.replace("kernel", "kernl"));
    assert!(
        error.contains("/dev/stdin:7: conv.kernl of layer c1"),
        "{error}"
    );
}

#[test]
fn the_page_of_keys_has_all_of_them_and_its_example_is_a_network() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: &str| fs::read_to_string(format!("{root}/{path}")).expect("shipped");
    let page = read("docs/network-keys.md");
    let example = page.split("```toml\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    let network = parse(example, "docs/network-keys.md").expect("a network");
    assert_eq!(network.layers.len(), 3);
    let text = &page[..page.find("```").expect("text before it")];
    let keys = text.split('`').skip(1).step_by(2);
    let words: Vec<&str> = keys
        .flat_map(|key| key.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    for text in [
        example,
        &read("models/vgg.toml"),
        &read("models/lenet.toml"),
    ] {
        let table: Table = toml::from_str(text).expect("TOML");
        let mut found = Vec::new();
        paths(&Value::Table(table), &mut Vec::new(), &mut found);
        for path in found {
            let key = path.last().expect("not empty");
            let is_place = key.parse::<usize>().is_ok();
            assert!(is_place || words.contains(&key.as_str()), "{path:?}");
        }
    }
}
