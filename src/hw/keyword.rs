//! Words of the arch files: closed enums written as one TOML string.
//!
//! They are read from a string only (never from a table), so that a stray key beside a word is an error and the message
//! points at the word. Not responsible for what a word means: that stands where the enum is declared.

/// Declares an enum that is written as one of a few words.
macro_rules! keyword {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// The word as written in an arch file.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(word: String) -> Result<Self, String> {
                match word.as_str() {
                    $($word => Ok($name::$variant),)+
                    other => Err(format!(
                        "unknown word `{other}`, expected one of: {}",
                        [$($word),+].join(", ")
                    )),
                }
            }
        }
    };
}

pub(crate) use keyword;
