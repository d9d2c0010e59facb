//! `set` and `evaluate_set` of a row: which key an override is about, and which of two with one key counts.
//!
//! `evaluate_set` overrides `set` on purpose: it is what an evaluation has otherwise than the training. Within one list the
//! same key twice, or a table after a part of it, is a mistake. Not responsible for what keys mean (`arch`).

use super::Row;
use crate::override_key;

impl Row {
    /// The overrides that make the macro of the evaluation: `set` as far as `evaluate_set` does not write the same key or the table around it again,
    /// then `evaluate_set`.
    pub fn evaluation_overrides(&self) -> Vec<String> {
        let again: Vec<_> = self.evaluate_set.iter().map(|one| path(one)).collect();
        let replaced = |own: &[String]| again.iter().flatten().any(|path| own.starts_with(path));
        let stands = |one: &&String| path(one).is_none_or(|own| !replaced(&own));
        let kept = self.set.iter().filter(stands);
        kept.chain(&self.evaluate_set).cloned().collect()
    }
}

/// Indices of two overrides of one list of which the second replaces the first: the same key, or a table around it; `None` if there are none.
pub fn twice(list: &[&str]) -> Option<(usize, usize)> {
    let paths: Vec<_> = list.iter().map(|one| path(one)).collect();
    let first = |second: usize| {
        let after = paths[second].as_ref()?;
        let is_lost =
            |path: &Option<Vec<String>>| path.as_ref().is_some_and(|path| path.starts_with(after));
        paths[..second].iter().position(is_lost)
    };
    (0..list.len()).find_map(|second| Some((first(second)?, second)))
}

/// The key of an override; `None` if it has none that can be read.
fn path(written: &str) -> Option<Vec<String>> {
    let (key, _) = override_key::split(written)?;
    override_key::path(key.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Weights;

    fn row(set: &[&str], evaluate_set: &[&str]) -> Row {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_string()).collect();
        Row {
            line: 1,
            name: "a".into(),
            label: "a".into(),
            weights: Weights::Pretrained,
            arch: "ideal".into(),
            set: owned(set),
            evaluate_set: owned(evaluate_set),
            group: None,
            axis: None,
            series: None,
        }
    }

    #[test]
    fn the_evaluation_has_the_last_word() {
        let row = row(&["a.b=1", "a.c={d=2}"], &["a . \"b\" = 3", "a.c.d=4"]);
        let all = ["a.c={d=2}", "a . \"b\" = 3", "a.c.d=4"];
        assert_eq!(row.evaluation_overrides(), all);
        let row = self::row(&["a.b=1", "a.c=2", "ab=3"], &["a={c=4}"]);
        assert_eq!(row.evaluation_overrides(), ["ab=3", "a={c=4}"]);
    }

    #[test]
    fn keys_are_compared_as_paths() {
        assert_eq!(twice(&["a.b=1", "a.c=1", "a.\"b\" = 2"]), Some((0, 2)));
        assert_eq!(twice(&["a={b=2}", "a.b=1", "b=1"]), None);
        assert_eq!(twice(&["b=1", "a.b=1", "a={c=2}"]), Some((1, 2)));
        // What is no override is told by whoever reads it.
        assert_eq!(twice(&["a", "a", "=1", "=1"]), None);
    }
}
