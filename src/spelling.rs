//! Near spellings: which known name was probably meant. Not responsible for what the names stand for.

/// The name closest in spelling, if it is close enough to be meant (Levenshtein distance at most 2).
pub fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let close = names
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate));
    close
        .min()
        .filter(|(far, _)| *far <= 2)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_meant() {
        let names = ["rows", "columns", "columns_per_readout"];
        assert_eq!(nearest("row", &names), Some("rows"));
        assert_eq!(nearest("colums", &names), Some("columns"));
        assert_eq!(nearest("banana", &names), None);
    }
}
