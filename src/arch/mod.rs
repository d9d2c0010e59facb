//! Hardware files: TOML to a checked, resolved macro, with errors that name file, line and key. No physics here (`hw`).
//!
//! `source` finds the text, `document` is its tree with places, `overrides` puts `--set` into it, `shape` holds it against the
//! declarations of `hw`, `provenance` asks every number where it comes from, `facts` says what the result implies.

mod document;
pub mod error;
pub mod facts;
mod overrides;
mod provenance;
mod shape;
mod source;
mod wording;

pub use error::ArchError;
pub use source::names;

use crate::hw::chip::{Hardware, HardwareSpec};
use crate::hw::error::HwError;
use crate::results::run::ArchSummary;
use document::{Document, Node, Place, Source};
use error::{At, Fault};
use toml::de::{DeTable, DeValue};

/// A loaded hardware file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// File name as shown to the user.
    pub file: String,
    /// The resolved macro.
    pub hardware: Hardware,
    /// What a report says about it.
    pub summary: ArchSummary,
    /// Text of the file.
    text: String,
    /// Overrides as written.
    overrides: Vec<String>,
}

impl Loaded {
    /// Where a number was written that turned out wrong once a network or a pattern met the macro.
    pub fn locate(&self, error: &HwError) -> ArchError {
        match located(&self.file, &self.text, &self.overrides, error) {
            Ok(Some(fault)) => ArchError::Wrong {
                faults: vec![fault],
            },
            // The number is not one of the file: the bits of a network's weights, for example.
            Ok(None) => ArchError::Unsuitable {
                path: self.file.clone(),
                message: error.to_string(),
            },
            Err(faults) => ArchError::Wrong { faults },
        }
    }
}

fn located(
    file: &str,
    text: &str,
    overrides: &[String],
    error: &HwError,
) -> Result<Option<Fault>, Vec<Fault>> {
    let document = with_overrides(&parse(file, text, &[])?, overrides)?;
    let table = error.key.split('.').next().unwrap_or_default();
    let known = document.root.at(&[table.to_string()]).is_some();
    Ok(known.then(|| Fault::number(&document, error)))
}

/// Loads hardware by path or shipped name (`arch/reram_9wl.toml`, `reram_9wl`), with `key.path=value` overrides.
///
/// # Errors
/// If the file is missing or anything in it is wrong: everything that can be told at once.
pub fn load(name: &str, overrides: &[String]) -> Result<Loaded, ArchError> {
    let (file, text) = source::read(name)?;
    let wrong = |mut faults: Vec<Fault>| {
        faults.sort_by_key(|fault| fault.at.order());
        ArchError::Wrong { faults }
    };
    let written = parse(&file, &text, &[]).map_err(wrong)?;
    let document = with_overrides(&written, overrides).map_err(wrong)?;
    let spec = shape::spec(&document).map_err(wrong)?;
    let hardware = resolve(&document, &spec);
    let provenance = provenance::resolve(&document, &written);
    let (hardware, provenance) = match (hardware, provenance) {
        (Ok(hardware), Ok(provenance)) => (hardware, provenance),
        (hardware, provenance) => {
            let both = [hardware.err(), provenance.err()];
            return Err(wrong(both.into_iter().flatten().flatten().collect()));
        }
    };
    let summary = ArchSummary {
        name: hardware.name.clone(),
        description: hardware.description.clone(),
        fingerprint: hardware.fingerprint(),
        facts: facts::facts(&hardware),
        provenance,
    };
    drop((document, written));
    Ok(Loaded {
        file,
        hardware,
        summary,
        text,
        overrides: overrides.to_vec(),
    })
}

/// The tree with `--set` put into it.
fn with_overrides<'a>(
    written: &Document<'a>,
    overrides: &'a [String],
) -> Result<Document<'a>, Vec<Fault>> {
    let mut document = Document {
        overrides,
        ..written.clone()
    };
    let mut faults = Vec::new();
    overrides::apply(&mut document, &mut faults);
    if faults.is_empty() {
        Ok(document)
    } else {
        Err(faults)
    }
}

/// The tree of a text.
fn parse<'a>(
    file: &'a str,
    text: &'a str,
    overrides: &'a [String],
) -> Result<Document<'a>, Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = Vec::new();
    for error in errors {
        let at = At::line(text, error.span().unwrap_or(0..0));
        if faults
            .last()
            .is_some_and(|last| last.at.order() == at.order())
        {
            continue;
        }
        faults.push(Fault {
            file: file.into(),
            at,
            key: String::new(),
            message: format!("not TOML: {}", error.message()),
        });
        // What follows an unclosed bracket or quote is misread as a whole.
        if error.message().contains("in array") || error.message().contains("unclosed") {
            break;
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let place = Place {
        source: Source::File,
        key: 0..0,
        value: 0..0,
    };
    Ok(Document {
        file,
        text,
        overrides,
        root: Node::from_toml(DeValue::Table(table.into_inner()), place, 0),
    })
}

/// The checked macro.
fn resolve(document: &Document, spec: &HardwareSpec) -> Result<Hardware, Vec<Fault>> {
    let place = |errors: Vec<HwError>| {
        let fault = |error: &HwError| Fault::number(document, error);
        errors.iter().map(fault).collect::<Vec<_>>()
    };
    let hardware = Hardware::resolve(spec).map_err(place)?;
    contradictions(&hardware).map_err(|error| place(vec![error]))?;
    Ok(hardware)
}

/// Numbers that are right one by one but not together: a macro that could not run even the smallest network, with 2-bit
/// weights and 1-bit inputs.
fn contradictions(hardware: &Hardware) -> Result<(), HwError> {
    for conversion in hardware.conversions(2, 1)? {
        let range = conversion.sum_range(hardware.word_lines.active, 2, 1);
        // These sums may have fewer references than those of the network that noises are listed for.
        let readout = hardware.readout.with_common_noise();
        readout.place(range, Some(&facts::flat(range)))?;
    }
    Ok(())
}
