//! The networks and trained weights that travel inside the program, so that an installed binary needs no files.

use super::error::NetError;
use super::network::Network;
use super::spec::parse;
use crate::shipped_text::{Carried, Fault, NOT_TEXT};

/// The shipped networks.
const CARRIED: Carried = Carried {
    folder: "models",
    kind: "a network file",
    texts: &[
        ("lenet", include_str!("../../models/lenet.toml")),
        ("vgg", include_str!("../../models/vgg.toml")),
        ("vgg7", include_str!("../../models/vgg7.toml")),
        ("vgg_quarter", include_str!("../../models/vgg_quarter.toml")),
    ],
};

/// A network by shipped name or by the path of a TOML file; a path that exists wins.
///
/// # Errors
/// If there is no such network or its text is wrong.
pub fn load_network(name: &str) -> Result<Network, NetError> {
    let found = CARRIED.find(name).map_err(|fault| match fault {
        Fault::File(source) => NetError::File {
            path: name.into(),
            source,
        },
        Fault::NotText(line) => NetError::Key {
            file: name.into(),
            line,
            key: "the file".into(),
            problem: NOT_TEXT.into(),
        },
        Fault::Unknown { shipped, hint } => NetError::UnknownModel {
            name: name.into(),
            shipped,
            hint,
        },
    })?;
    parse(&found.text, &found.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_networks_have_the_published_sizes() {
        let rows = |name: &str| {
            load_network(name)
                .unwrap()
                .layers
                .iter()
                .map(|l| (l.geometry.rows(), l.geometry.outputs))
                .collect::<Vec<_>>()
        };
        assert_eq!(rows("lenet"), [(25, 32), (800, 64), (3136, 512), (512, 10)]);
        let vgg7 = rows("vgg7");
        assert_eq!(vgg7[0], (27, 128));
        assert_eq!(vgg7[5..], [(4608, 512), (8192, 1024), (1024, 10)]);
        assert_eq!(rows("models/vgg.toml")[6..], [(4096, 512), (512, 10)]);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_near_one() {
        let error = load_network("vg").unwrap_err().to_string();
        assert!(
            error.contains("did you mean `vgg`?") && error.contains("lenet"),
            "{error}"
        );
    }

    #[test]
    fn wrong_files_name_line_and_layer() {
        let text = include_str!("../../models/lenet.toml");
        let parse = |from: &str, to: &str| {
            super::parse(&text.replacen(from, to, 1), "x.toml")
                .unwrap_err()
                .to_string()
        };
        assert!(
            parse("kernel = 5", "kernl = 5").starts_with("x.toml:7: conv.kernl of layer conv1:")
        );
        assert!(
            parse("outputs = 32", "outputs = 0").starts_with("x.toml:7: conv.outputs of layer")
        );
        assert!(parse("padding = 2", "padding = 9").starts_with("x.toml:7: conv.padding of layer"));
        assert!(parse("classifier", "linearr").starts_with("x.toml:22: linearr of layer fc2:"));
        assert!(parse("size = 2", "size = 99").starts_with("x.toml:10: max_pool.size of layer 2:"));
        assert!(parse("digital", "macro").contains("first layer"));
    }
}
