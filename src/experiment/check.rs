//! The keys of an experiment file against each other: names, seeds, numbers, and rows that stand on other rows.
//!
//! Not responsible for what training options mean (`cli::train` parses them) nor for macros (`arch`).

use super::error::ExperimentError;
use super::spec::{EvaluateSpec, GroupSpec, PlanSpec, PretrainSpec, RowSpec, Source};
use super::{Beginning, Compare, Evaluate, Plan, Row, Weights, influence};
use crate::results::experiment::GroupSummary;
use crate::spelling::nearest;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Kinds of data.
const KINDS: [&str; 4] = ["builtin", "mnist", "cifar10", "images"];
/// Folders beside those of the rows.
const RESERVED: [&str; 2] = ["float", "qat"];
/// The only start that is no training of the experiment.
const SHIPPED: &str = "shipped";
/// Modes that figures of lines have panels for.
const MODES: [&str; 3] = ["m1", "m2", "m3"];
/// Most repeats and chips.
const MOST_RUNS: u64 = 10_000;

/// Parses and checks an experiment file; `file` names it in errors.
///
/// # Errors
/// With file, line and key if anything in it is wrong.
pub fn parse(text: &str, file: &str) -> Result<Plan, ExperimentError> {
    let source = Source { text, file };
    let spec = source.spec()?;
    check_name(&source, "name", &spec.name)?;
    if !KINDS.contains(&spec.data.get_ref().as_str()) {
        let problem = format!("expected one of {}", KINDS.join(", "));
        return Err(source.fault(&spec.data.span(), "data", problem));
    }
    let seeds = seeds(&source, &spec)?;
    let evaluate = evaluate(&source, &spec.evaluate)?;
    let rows = rows(&source, &spec)?;
    references(&source, &spec, &rows)?;
    let groups = groups(&source, &spec.group, &rows)?;
    influence::check(&source, &spec)?;
    let words = |options: &Spanned<String>| words(options.get_ref());
    Ok(Plan {
        file: file.into(),
        beginning: beginning(&source, &spec.pretrain)?,
        qat: words(&spec.pretrain.get_ref().qat),
        common: words(&spec.train.common),
        name: spec.name.into_inner(),
        title: spec.title.into_inner(),
        model: spec.model,
        data: spec.data.into_inner(),
        baseline: spec.baseline.into_inner(),
        groups,
        compare: spec
            .compare
            .into_iter()
            .map(|asked| Compare {
                row: asked.row.into_inner(),
                against: asked.against.into_inner(),
                label: asked.label.into_inner(),
            })
            .collect(),
        seeds,
        evaluate,
        rows,
    })
}

/// `float` or `start`, one of them.
fn beginning(source: &Source, spec: &Spanned<PretrainSpec>) -> Result<Beginning, ExperimentError> {
    let wrong = |span: Range<usize>, key: &str, problem: &str| {
        Err(source.fault(&span, &format!("pretrain.{key}"), problem))
    };
    match (&spec.get_ref().float, &spec.get_ref().start) {
        (Some(options), None) => Ok(Beginning::Float(words(options.get_ref()))),
        (None, Some(start)) if start.get_ref() == SHIPPED => Ok(Beginning::Shipped),
        (None, Some(start)) => wrong(start.span(), "start", "expected \"shipped\""),
        (Some(_), Some(start)) => wrong(
            start.span(),
            "start",
            "a start needs no full-precision training; remove `start` or `float`",
        ),
        (None, None) => wrong(
            spec.span(),
            "float",
            "it is missing; write options of the full-precision training, or start = \"shipped\"",
        ),
    }
}

/// The groups in the order of their first rows.
fn groups(
    source: &Source,
    written: &BTreeMap<Spanned<String>, GroupSpec>,
    rows: &[Row],
) -> Result<Vec<GroupSummary>, ExperimentError> {
    let mut groups: Vec<GroupSummary> = Vec::new();
    for name in rows.iter().filter_map(|row| row.group.as_ref()) {
        if groups.iter().all(|group| group.name != *name) {
            let described = written.iter().find(|(key, _)| key.get_ref() == name);
            let described = described.map(|(_, group)| group);
            let title = described.map(|group| group.title.get_ref());
            groups.push(GroupSummary {
                name: name.clone(),
                title: title.unwrap_or(name).clone(),
                axis: described.and_then(|group| text(&group.axis)),
                panels: match described.and_then(|group| group.panels.as_ref()) {
                    Some(panels) => check_panels(source, name, panels)?,
                    None => Vec::new(),
                },
            });
        }
    }
    let known = |name: &str| groups.iter().any(|group| group.name == name);
    match written.keys().find(|key| !known(key.get_ref())) {
        None => Ok(groups),
        Some(key) => {
            let problem = "no row belongs to this group; remove it or name it in a row";
            Err(source.fault(&key.span(), &format!("group.{}", key.get_ref()), problem))
        }
    }
}

/// Modes that a figure has panels for: some, known, each once.
fn check_panels(
    source: &Source,
    group: &str,
    panels: &Spanned<Vec<String>>,
) -> Result<Vec<String>, ExperimentError> {
    let names = panels.get_ref();
    let known = |name: &String| MODES.contains(&name.as_str());
    let once = (1..names.len()).all(|index| !names[..index].contains(&names[index]));
    if !names.is_empty() && names.iter().all(known) && once {
        return Ok(names.clone());
    }
    let problem = format!("expected some of {}, each once", MODES.join(", "));
    Err(source.fault(&panels.span(), &format!("group.{group}.panels"), problem))
}

/// Options as the command line splits them: no option of a training needs a space inside.
fn words(options: &str) -> Vec<String> {
    options.split_whitespace().map(str::to_string).collect()
}

/// Names become folders and files: letters in which no two of them can be one file anywhere.
fn check_name(source: &Source, key: &str, name: &Spanned<String>) -> Result<(), ExperimentError> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let text = name.get_ref();
    if text.is_empty() || text.len() > 60 || !text.chars().all(legal) {
        let problem = format!(
            "`{text}` becomes a folder or part of a file name: use 1 to 60 of a to z, 0 to 9 and underscore"
        );
        return Err(source.fault(&name.span(), key, problem));
    }
    Ok(())
}

fn seeds(source: &Source, spec: &PlanSpec) -> Result<Vec<u64>, ExperimentError> {
    let seeds = spec.seeds.get_ref();
    let wrong = |problem: String| Err(source.fault(&spec.seeds.span(), "seeds", problem));
    if seeds.is_empty() {
        return wrong("list at least one seed".into());
    }
    for (index, seed) in seeds.iter().enumerate() {
        if seeds[..index].contains(seed) {
            return wrong(format!("{seed} stands there twice"));
        }
    }
    Ok(seeds.clone())
}

fn evaluate(source: &Source, spec: &Spanned<EvaluateSpec>) -> Result<Evaluate, ExperimentError> {
    let wrong = |key: &str, problem: String| {
        Err(source.fault(&spec.span(), &format!("evaluate.{key}"), problem))
    };
    let numbers = spec.get_ref();
    for (key, value) in [
        ("chip_images", Some(numbers.chip_images)),
        ("images", numbers.images),
        ("calibration_images", Some(numbers.calibration_images)),
    ] {
        if value == Some(0) {
            return wrong(key, "at least one image is needed".into());
        }
    }
    for (key, value) in [("repeats", numbers.repeats), ("chips", numbers.chips)] {
        if value > MOST_RUNS {
            return wrong(key, format!("expected at most {MOST_RUNS}, found {value}"));
        }
    }
    Ok(Evaluate {
        repeats: numbers.repeats,
        chips: numbers.chips,
        chip_images: numbers.chip_images,
        images: numbers.images,
        calibration_images: numbers.calibration_images,
    })
}

fn rows(source: &Source, spec: &PlanSpec) -> Result<Vec<Row>, ExperimentError> {
    let mut rows: Vec<Row> = Vec::new();
    for written in &spec.row {
        let name = &written.get_ref().name;
        check_name(source, "name", name)?;
        let wrong = |problem: String| Err(source.fault(&name.span(), "name", problem));
        if RESERVED.contains(&name.get_ref().as_str()) {
            let name = name.get_ref();
            return wrong(format!(
                "`{name}` is the folder of a pre-training; take another"
            ));
        }
        if let Some(other) = rows.iter().find(|row| row.name == *name.get_ref()) {
            return wrong(format!(
                "row `{}` stands in line {} already; every row has its own name",
                other.name, other.line
            ));
        }
        rows.push(row(source, written.get_ref())?);
    }
    Ok(rows)
}

fn row(source: &Source, spec: &RowSpec) -> Result<Row, ExperimentError> {
    if let Some(axis) = &spec.axis
        && !axis.get_ref().is_finite()
    {
        let problem = format!("expected a finite number, found {}", axis.get_ref());
        return Err(source.fault(&axis.span(), "axis", problem));
    }
    if let Some(group) = &spec.group {
        check_name(source, "group", group)?;
    }
    let options = spec.train.as_ref().map(|train| words(train.get_ref()));
    let weights = match (&spec.from, options) {
        (Some(from), Some(_)) => {
            let problem = "a row with `from` is not trained; remove `train` or `from`";
            return Err(source.fault(&from.span(), "from", problem));
        }
        (Some(from), None) => Weights::From(from.get_ref().clone()),
        (None, Some(options)) => Weights::Trained(options),
        (None, None) => Weights::Pretrained,
    };
    Ok(Row {
        line: source.line(spec.name.span().start),
        name: spec.name.get_ref().clone(),
        label: spec.label.get_ref().clone(),
        weights,
        arch: spec.arch.clone(),
        set: texts(&spec.set),
        evaluate_set: texts(&spec.evaluate_set),
        group: text(&spec.group),
        axis: spec.axis.as_ref().map(|axis| *axis.get_ref()),
        series: text(&spec.series),
    })
}

/// Without its place.
fn text(text: &Option<Spanned<String>>) -> Option<String> {
    text.as_ref().map(|text| text.get_ref().clone())
}

fn texts(list: &[Spanned<String>]) -> Vec<String> {
    list.iter().map(|text| text.get_ref().clone()).collect()
}

/// `baseline`, `compare` and every `from` name a row, and no row stands on itself.
fn references(source: &Source, spec: &PlanSpec, rows: &[Row]) -> Result<(), ExperimentError> {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let known = |key: &str, name: &str, span: Range<usize>| {
        if names.contains(&name) {
            return Ok(());
        }
        let near = nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
        let problem = format!("there is no row `{name}`{}", near.unwrap_or_default());
        Err(source.fault(&span, key, problem))
    };
    known("baseline", spec.baseline.get_ref(), spec.baseline.span())?;
    for asked in &spec.compare {
        known("compare.row", asked.row.get_ref(), asked.row.span())?;
        let (name, place) = (asked.against.get_ref(), asked.against.span());
        known("compare.against", name, place.clone())?;
        if name == asked.row.get_ref() {
            let problem = format!("`{name}` against itself says nothing; name another row");
            return Err(source.fault(&place, "compare.against", problem));
        }
    }
    for written in &spec.row {
        let Some(from) = &written.get_ref().from else {
            continue;
        };
        known("from", from.get_ref(), from.span())?;
        let mut seen = vec![written.get_ref().name.get_ref().as_str()];
        let mut next = Some(from.get_ref().as_str());
        while let Some(name) = next {
            let closed = seen.contains(&name);
            seen.push(name);
            if closed {
                let problem = format!("rows stand on each other: {}", seen.join(" from "));
                return Err(source.fault(&from.span(), "from", problem));
            }
            let row = rows.iter().find(|row| row.name == name);
            next = row.and_then(|row| match &row.weights {
                Weights::From(from) => Some(from.as_str()),
                _ => None,
            });
        }
    }
    Ok(())
}
