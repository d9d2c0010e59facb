//! What differs between two descriptions of a training, in words of the command line.
//!
//! States keep method and settings as the text of the program's own structures, which must outlive renamed options; this
//! reads such texts back as far as an error message needs. Not responsible for whether two trainings are the same (`header`).

/// Names of fields and the options that set them.
const OPTIONS: [(&str, &str); 21] = [
    ("epochs", "--epochs"),
    ("batch", "--batch"),
    ("rate", "--lr"),
    ("schedule", "--schedule"),
    ("warmup", "--warmup"),
    ("rule", "--optimizer"),
    ("weight_decay", "--weight-decay"),
    ("clip_norm", "--clip-norm"),
    ("augment.reach", "--shift"),
    ("augment.flip", "--flip"),
    ("seed", "--seed"),
    ("method", "--method"),
    ("weight_step", "--weight-step"),
    ("macro", "the macro (--arch and --set), as a hash"),
    ("estimator", "--estimator"),
    ("estimator.temperature", "first --temperature"),
    ("final_temperature", "last --temperature"),
    ("noise", "--noise"),
    ("ramp", "--noise-ramp"),
    ("column_offset", "--column-offset"),
    ("calibration_images", "--calibration-images"),
];

/// Values whose word on the command line is not their name with hyphens.
const VALUES: [(&str, &str); 4] = [
    ("None", "none"),
    ("ReinMax", "reinmax"),
    ("SampledGumbel", "gumbel-sampled"),
    ("Qat", "qat"),
];

type Fields = Vec<(String, String)>;

/// Every option that differs between the texts of two trainings, or both texts where no single one does.
pub fn difference(there: &str, now: &str) -> String {
    let (old, new) = (fields(there), fields(now));
    let find = |fields: &Fields, name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        match found {
            Some((_, value)) => value.clone(),
            // States of the time before there was a choice do not name it.
            None if name == "step_gradient" => "values".to_string(),
            None => "not given".to_string(),
        }
    };
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in new.iter().chain(&old) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let differing: Vec<String> = names
        .into_iter()
        .filter_map(|name| {
            let (a, b) = (find(&old, name), find(&new, name));
            (a != b).then(|| format!("{} {a} there, {b} now", option(name)))
        })
        .collect();
    if differing.is_empty() {
        format!("{there} there, {now} now")
    } else {
        differing.join("; ")
    }
}

fn option(name: &str) -> String {
    let found = OPTIONS.iter().find(|(field, _)| *field == name);
    let spelled = || format!("--{}", name.replace('_', "-"));
    found.map_or_else(spelled, |(_, option)| (*option).to_string())
}

/// Names and values of a text such as `Qat(Learned) through HASH Name { field: value, .. }`.
fn fields(text: &str) -> Fields {
    let mut found = Fields::new();
    let (head, rest) = match text.split_once(" through ") {
        Some((head, rest)) => (head, Some(rest)),
        None if text.contains('{') => ("", None),
        None => (text, None),
    };
    if let Some((method, step)) = head.split_once('(') {
        found.push(("method".into(), word(method)));
        found.push(("weight_step".into(), word(step.trim_end_matches(')'))));
    } else if !head.is_empty() {
        found.push(("method".into(), word(head)));
    }
    match rest {
        None => inside(text, "", &mut found),
        Some(rest) => {
            let (hash, settings) = rest.split_once(' ').unwrap_or((rest, ""));
            found.push(("macro".into(), hash.into()));
            inside(settings, "", &mut found);
        }
    }
    found
}

/// The fields between the braces of a text, those of inner ones with the names of the outer before them.
fn inside(text: &str, before: &str, found: &mut Fields) {
    let Some((_, body)) = text.split_once('{') else {
        return;
    };
    let body = body.trim().strip_suffix('}').unwrap_or(body);
    for part in parts(body) {
        let Some((name, value)) = part.split_once(": ") else {
            continue;
        };
        let name = format!("{before}{}", name.trim());
        let kind = value.split(" {").next().unwrap_or(value);
        if !kind.eq_ignore_ascii_case(&name) {
            found.push((name.clone(), word(kind)));
        }
        inside(value, &format!("{name}."), found);
    }
}

/// Parts between commas that stand in no inner brace.
fn parts(body: &str) -> Vec<&str> {
    let mut depth = 0;
    body.split(|c: char| {
        depth += i32::from("{([".contains(c)) - i32::from("})]".contains(c));
        c == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
    .collect()
}

/// A value as the command line spells it.
fn word(value: &str) -> String {
    let value = value.trim();
    let inner = value.strip_prefix("Some(");
    let value = inner.map_or(value, |inner| inner.trim_end_matches(')'));
    if let Some((_, word)) = VALUES.iter().find(|(name, _)| *name == value) {
        return (*word).to_string();
    }
    let mut word = String::new();
    for c in value.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_as_options() {
        let settings = "Settings { epochs: 4, batch: 64, rate: 0.01, rule: Sgd, augment: Augment { reach: 4, flip: true }, seed: 1 }";
        for (from, to, told) in [
            ("rate: 0.01", "rate: 0.02", "--lr 0.01 there, 0.02 now"),
            ("rule: Sgd", "rule: Adam", "--optimizer sgd there, adam now"),
            ("reach: 4", "reach: 0", "--shift 4 there, 0 now"),
            ("flip: true", "flip: false", "--flip true there, false now"),
            (
                ", augment",
                ", clip_norm: Some(2.5), augment",
                "--clip-norm not given there, 2.5 now",
            ),
            (
                ", augment",
                ", step_gradient: Codes, augment",
                "--step-gradient values there, codes now",
            ),
            ("seed: 1", "seed: 1", settings),
        ] {
            let text = difference(settings, &settings.replace(from, to));
            assert!(text.starts_with(told), "{text}");
            assert_eq!(text.contains('{'), from == to, "{text}");
        }
    }

    #[test]
    fn methods_are_told_as_options() {
        let plain = "Qat(Learned)";
        let through = "Qat(Learned) through 12ab MvmSettings { estimator: Lattice, noise: 1.0, learn: Nothing }";
        let other = "Qat(Threshold) through 12ab MvmSettings { estimator: SampledGumbel { temperature: 0.5 }, noise: 1.0, learn: StepPerColumn }";
        assert_eq!(
            difference("Float", plain),
            "--method float there, qat now; --weight-step not given there, learned now"
        );
        assert_eq!(
            difference(through, other),
            "--weight-step learned there, threshold now; --estimator lattice there, gumbel-sampled now; \
             first --temperature not given there, 0.5 now; --learn nothing there, step-per-column now"
        );
        let text = difference(plain, through);
        assert!(
            text.starts_with("the macro (--arch and --set), as a hash not given there, 12ab now")
        );
    }
}
