//! TOML files of users, or of the program itself, which carries some: found by path or by name, and read as text.
//!
//! Not responsible for what the text says.

use crate::bounded;
use crate::spelling::nearest;
use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::Path;

/// A file of a page or two; more than this is another file.
const LARGEST_BYTES: u64 = 1 << 20;

/// The files of one kind that travel with the program.
#[derive(Debug)]
pub struct Carried {
    /// Where they stand in the repository.
    pub folder: &'static str,
    /// What one of them is, with its article.
    pub kind: &'static str,
    /// Name and text of each.
    pub texts: &'static [(&'static str, &'static str)],
}

/// A file that was found.
#[derive(Debug)]
pub struct Found {
    /// Its name as shown to the user.
    pub file: String,
    /// Its text.
    pub text: Cow<'static, str>,
}

/// Why there is no text.
#[derive(Debug)]
pub enum Fault {
    /// The file cannot be read, is a directory or too large.
    File(io::Error),
    /// It is not UTF-8 from this line (counted from 1) on.
    NotText(usize),
    /// There is no such file, and none of this name travels with the program.
    Unknown {
        /// Names of those that do.
        shipped: String,
        /// `; did you mean ..?` or nothing.
        hint: String,
    },
}

/// What to do about a file that is not UTF-8.
pub const NOT_TEXT: &str = "not UTF-8; save the file as UTF-8 text";

impl Carried {
    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.texts.iter().map(|(name, _)| *name).collect()
    }

    /// A file by path or by name, as `name`, `folder/name` or `folder/name.toml`; a path that exists wins.
    ///
    /// # Errors
    /// If there is none, or it is no short text.
    pub fn find(&self, name: &str) -> Result<Found, Fault> {
        let path = Path::new(name);
        // A pipe is no regular file and can be read all the same.
        if path.exists() && !path.is_dir() {
            return Ok(Found {
                file: name.into(),
                text: Cow::Owned(self.read(path)?),
            });
        }
        let stem = name.strip_prefix("./").unwrap_or(name);
        let inside = stem.strip_prefix(self.folder);
        let stem = inside
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(stem);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        if let Some((shipped, text)) = self.texts.iter().find(|(shipped, _)| *shipped == stem) {
            return Ok(Found {
                file: format!("{}/{shipped}.toml", self.folder),
                text: Cow::Borrowed(text),
            });
        }
        if path.is_dir() {
            let problem = "is a directory; give the TOML file in it";
            return Err(Fault::File(io::Error::new(
                ErrorKind::IsADirectory,
                problem,
            )));
        }
        let names = self.names();
        let near = nearest(stem, &names).map(|near| format!("; did you mean `{near}`?"));
        Err(Fault::Unknown {
            shipped: names.join(", "),
            hint: near.unwrap_or_default(),
        })
    }

    fn read(&self, path: &Path) -> Result<String, Fault> {
        let bytes = bounded::read(path, LARGEST_BYTES).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => {
                let problem = format!("{error}; {} is a short TOML text", self.kind);
                Fault::File(io::Error::new(ErrorKind::FileTooLarge, problem))
            }
            _ => Fault::File(error),
        })?;
        String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            Fault::NotText(valid.iter().filter(|byte| **byte == b'\n').count() + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARRIED: Carried = Carried {
        folder: "recipes",
        kind: "a recipe",
        texts: &[("soup", "water"), ("bread", "flour")],
    };

    #[test]
    fn a_shipped_text_has_three_names() {
        for name in ["soup", "recipes/soup", "./recipes/soup.toml", "soup.toml"] {
            let found = CARRIED.find(name).unwrap();
            assert_eq!((&*found.file, &*found.text), ("recipes/soup.toml", "water"));
        }
    }

    #[test]
    fn a_path_wins_over_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("soup");
        std::fs::write(&path, "stones").unwrap();
        let path = path.display().to_string();
        assert_eq!(CARRIED.find(&path).unwrap().text, "stones");
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let Err(Fault::Unknown { shipped, hint }) = CARRIED.find("recipes/saup") else {
            panic!("found");
        };
        assert_eq!(shipped, "soup, bread");
        assert_eq!(hint, "; did you mean `soup`?");
    }
}
