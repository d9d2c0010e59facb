//! Keys of an experiment file that nothing would look at, and texts that say nothing: refused, so that a file means what it says.
//!
//! Not responsible for values that are wrong (`check`).

use super::error::ExperimentError;
use super::overrides::twice;
use super::spec::{CompareSpec, GroupSpec, PlanSpec, RowSpec, Source};
use toml::Spanned;

type Checked = Result<(), ExperimentError>;

/// Checks every key of a file whose rows and groups are known.
///
/// # Errors
/// With line and key of the first that has no influence.
pub fn check(source: &Source, spec: &PlanSpec) -> Checked {
    says_something(source, "title", &spec.title)?;
    let common = &spec.train.common;
    let has_common = !common.get_ref().trim().is_empty();
    let mut trained = spec
        .row
        .iter()
        .filter_map(|row| row.get_ref().train.as_ref());
    if has_common && trained.clone().next().is_none() {
        let problem = "no row is trained, so nothing looks at it; give a row `train`, or empty it";
        return Err(source.fault(&common.span(), "common", problem));
    }
    if let Some(empty) = trained.find(|train| !has_common && train.get_ref().trim().is_empty()) {
        let problem = "it is empty, and so is [train] common; write options of `imcsim train`, or remove it from a row that is the pre-trained network";
        return Err(source.fault(&empty.span(), "train", problem));
    }
    for row in &spec.row {
        of_row(source, row.get_ref())?;
    }
    for (name, group) in &spec.group {
        of_group(source, spec, (name.get_ref(), group))?;
    }
    for (index, asked) in spec.compare.iter().enumerate() {
        says_something(source, "compare.label", &asked.label)?;
        compared_once(source, asked, &spec.compare[..index])?;
    }
    Ok(())
}

fn says_something(source: &Source, key: &str, text: &Spanned<String>) -> Checked {
    if !text.get_ref().trim().is_empty() {
        return Ok(());
    }
    let problem = "it is empty; write what people are to read there";
    Err(source.fault(&text.span(), key, problem))
}

fn of_row(source: &Source, row: &RowSpec) -> Checked {
    says_something(source, "label", &row.label)?;
    if let Some(series) = &row.series {
        says_something(source, "series", series)?;
    }
    for (key, list) in [("set", &row.set), ("evaluate_set", &row.evaluate_set)] {
        set_once(source, key, list)?;
    }
    let axis = row.axis.as_ref().map(|axis| ("axis", axis.span()));
    let series = row.series.as_ref().map(|series| ("series", series.span()));
    if row.group.is_none()
        && let Some((key, span)) = axis.as_ref().or(series.as_ref())
    {
        let problem = "the row has no group, so it is in no figure; add `group`, or remove it";
        return Err(source.fault(span, key, problem));
    }
    match (axis, series) {
        (None, Some((key, span))) => {
            let problem =
                "only a row with a place on the axis is on a line; add `axis`, or remove it";
            Err(source.fault(&span, key, problem))
        }
        _ => Ok(()),
    }
}

/// Refuses one key twice in one list.
fn set_once(source: &Source, key: &str, list: &[Spanned<String>]) -> Checked {
    let written: Vec<&str> = list.iter().map(|one| one.get_ref().as_str()).collect();
    let Some((first, second)) = twice(&written) else {
        return Ok(());
    };
    let problem = format!(
        "`{}` and `{}` are about the same key; remove one of the two",
        written[first], written[second]
    );
    Err(source.fault(&list[second].span(), key, problem))
}

fn of_group(source: &Source, spec: &PlanSpec, (name, group): (&str, &GroupSpec)) -> Checked {
    let key = |key: &str| format!("group.{name}.{key}");
    says_something(source, &key("title"), &group.title)?;
    if let Some(axis) = &group.axis {
        says_something(source, &key("axis"), axis)?;
    }
    let mut rows = spec.row.iter().map(Spanned::get_ref).filter(|row| {
        let of = row.group.as_ref();
        of.is_some_and(|of| of.get_ref() == name)
    });
    let has_lines = rows.any(|row| row.axis.is_some());
    let axis = group.axis.as_ref().map(|axis| ("axis", axis.span()));
    let panels = group.panels.as_ref();
    let panels = panels.map(|panels| ("panels", panels.span()));
    match axis.or(panels) {
        Some((of_lines, span)) if !has_lines => {
            let problem = "no row of the group has an `axis`, so it has no figure of lines; give rows a place on the axis, or remove it";
            Err(source.fault(&span, &key(of_lines), problem))
        }
        _ => with_runs(source, spec, (&key("panels"), group)),
    }
}

/// Refuses panels of modes that are not evaluated.
fn with_runs(source: &Source, spec: &PlanSpec, (key, group): (&str, &GroupSpec)) -> Checked {
    let Some(panels) = &group.panels else {
        return Ok(());
    };
    let evaluate = spec.evaluate.get_ref();
    for (mode, runs, count) in [
        ("m2", "repeats", evaluate.repeats),
        ("m3", "chips", evaluate.chips),
    ] {
        if count == 0 && panels.get_ref().iter().any(|panel| panel == mode) {
            let problem = format!(
                "{mode} is not evaluated with {runs} = 0 in [evaluate]; take it out, or ask for {runs}"
            );
            return Err(source.fault(&panels.span(), key, problem));
        }
    }
    Ok(())
}

fn compared_once(source: &Source, asked: &CompareSpec, before: &[CompareSpec]) -> Checked {
    let rows =
        |asked: &CompareSpec| [asked.row.get_ref(), asked.against.get_ref()].map(String::clone);
    let same = before.iter().find(|other| rows(other) == rows(asked));
    let Some(same) = same else {
        return Ok(());
    };
    let problem = format!(
        "`{}` against `{}` stands in line {} already; remove one of the two",
        asked.row.get_ref(),
        asked.against.get_ref(),
        source.line(same.row.span().start)
    );
    Err(source.fault(&asked.row.span(), "compare.row", problem))
}

#[cfg(test)]
mod tests {
    use crate::experiment::{Weights, check::parse};

    fn file(common: &str, train: &str) -> String {
        format!(
            "name = \"a\"\ntitle = \"A\"\nmodel = \"lenet\"\ndata = \"builtin\"\nseeds = [1]\nbaseline = \"b\"\n\
             [pretrain]\nfloat = \"--epochs 1\"\nqat = \"--epochs 1\"\n[train]\ncommon = \"{common}\"\n\
             [evaluate]\nrepeats = 1\nchips = 1\nchip_images = 1\ncalibration_images = 1\n\
             [[row]]\nname = \"b\"\nlabel = \"B\"\n{train}\narch = \"ideal\"\n"
        )
    }

    #[test]
    fn options_of_trainings_are_those_of_some_row() {
        let weights = |common: &str, train: &str| {
            let plan = parse(&file(common, train), "a.toml").map_err(|error| error.to_string());
            plan.map(|plan| plan.rows[0].weights.clone())
        };
        let trained = Ok(Weights::Trained(Vec::new()));
        assert_eq!(weights("--method imcq", "train = \"\""), trained);
        assert_eq!(weights("", ""), Ok(Weights::Pretrained));
        let refused = |common: &str, train: &str, told: &str| {
            let error = weights(common, train).expect_err(told);
            assert!(error.contains(told), "{error}");
        };
        refused("--banana", "", "a.toml:11: common: no row is trained");
        refused("", "train = \" \"", "a.toml:20: train: it is empty");
    }
}
