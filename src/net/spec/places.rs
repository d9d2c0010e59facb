//! Where every key of a network file stands: its path, and the bytes of its key and value.
//!
//! Not responsible for what the keys mean.

use crate::net::error::NetError;
use crate::toml_complaint::Complaint;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// One key (or one entry of a list) of the file.
struct Place {
    path: Vec<String>,
    key: Range<usize>,
    value: Range<usize>,
}

/// A network file with the places of its keys.
pub struct Places<'a> {
    file: &'a str,
    text: &'a str,
    all: Vec<Place>,
}

impl<'a> Places<'a> {
    /// Reads the places; `file` names it in errors.
    ///
    /// # Errors
    /// With file and line if the text is no TOML.
    pub fn read(text: &'a str, file: &'a str) -> Result<Self, NetError> {
        let mut places = Places {
            file,
            text,
            all: Vec::new(),
        };
        match DeTable::parse(text) {
            Ok(table) => {
                let root = DeValue::Table(table.into_inner());
                places.collect(&root, &mut Vec::new());
                Ok(places)
            }
            Err(error) => Err(places.shape(&error)),
        }
    }

    fn collect(&mut self, value: &DeValue, here: &mut Vec<String>) {
        let mut add = |places: &mut Self, name: String, key: Range<usize>, value: (&DeValue, _)| {
            here.push(name);
            places.all.push(Place {
                path: here.clone(),
                key,
                value: value.1,
            });
            places.collect(value.0, here);
            here.pop();
        };
        match value {
            DeValue::Table(table) => {
                for (key, value) in table {
                    let name = key.get_ref().to_string();
                    add(self, name, key.span(), (value.get_ref(), value.span()));
                }
            }
            DeValue::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    let span = value.span();
                    add(
                        self,
                        index.to_string(),
                        span.clone(),
                        (value.get_ref(), span),
                    );
                }
            }
            _ => (),
        }
    }

    /// A fault of a key; of a key that was not written, of the nearest table around it.
    pub fn fault(&self, path: &[&str], problem: impl Into<String>) -> NetError {
        let place = (0..=path.len()).rev().find_map(|depth| {
            let mut all = self.all.iter();
            all.find(|place| place.path == path[..depth])
        });
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        NetError::Key {
            file: self.file.into(),
            line: self.line(place.map_or(0, |place| place.key.start)),
            key: self.shown(&path),
            problem: problem.into(),
        }
    }

    /// A fault of the text's shape, as TOML or as keys of a network.
    pub fn shape(&self, error: &toml::de::Error) -> NetError {
        let span = error.span().unwrap_or(0..0);
        let covers = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        let around = self
            .all
            .iter()
            .filter(|place| covers(&place.key) || covers(&place.value));
        let key = match around.max_by_key(|place| place.path.len()) {
            Some(place) => self.shown(&place.path),
            // A key that TOML itself refuses has no place: it is shown as written.
            None => match self.text.get(span.clone()) {
                Some(key) if is_bare(key) => key.into(),
                _ => self.shown(&[]),
            },
        };
        NetError::Key {
            file: self.file.into(),
            line: self.line(span.start),
            key,
            problem: advise(&Complaint::read(error.message())),
        }
    }

    fn line(&self, position: usize) -> usize {
        let before = self.text.as_bytes().iter().take(position);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// A path for people: `conv.kernel of layer conv2`, or of the layer's number where it has no name.
    fn shown(&self, path: &[String]) -> String {
        let [layers, index, rest @ ..] = path else {
            return match path {
                [] => "the file".into(),
                path => path.join("."),
            };
        };
        let Some(number) = index
            .parse::<usize>()
            .ok()
            .filter(|_| layers.as_str() == "layers")
        else {
            return path.join(".");
        };
        let name = self.layer_name(index);
        let layer = name.map_or((number + 1).to_string(), ToString::to_string);
        match rest {
            [] => format!("layer {layer}"),
            rest => format!("{} of layer {layer}", rest.join(".")),
        }
    }

    fn layer_name(&self, index: &str) -> Option<&str> {
        let of_layer = |place: &&Place| matches!(&place.path[..], [_, number, _, name] if number == index && name == "name");
        let written = self
            .text
            .get(self.all.iter().find(of_layer)?.value.clone())?;
        let name = written.trim_matches(['"', '\'']);
        (!name.is_empty() && name.len() < written.len()).then_some(name)
    }
}

/// What a complaint says of a network file.
fn advise(complaint: &Complaint) -> String {
    let Complaint::Kinds { none } = complaint else {
        return complaint.text();
    };
    let found = if *none { "none" } else { "several" };
    format!(
        "expected one kind in it, found {found}; a layer is one of conv, linear, max_pool and classifier, weights are digital or macro"
    )
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
