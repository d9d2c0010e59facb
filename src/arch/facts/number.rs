//! Numbers as the facts write them: few digits, currents beside MAC units.

use crate::hw::variation::{Law, Noise};

/// More numbers than this are shown by their ends.
const MOST_LISTED: usize = 16;

/// Law, standard deviation and when it is drawn.
pub fn noise(noise: Noise, unit: f64, when: &str) -> String {
    if noise.is_none() {
        return "none".into();
    }
    let sigma = both(noise.sigma, unit);
    format!("{}, sigma {sigma}, {when}", law(noise.law))
}

/// Name of a law.
pub fn law(law: Law) -> &'static str {
    match law {
        Law::Normal => "normal",
        Law::Logistic => "logistic",
    }
}

/// A value in MAC units, as a current first.
pub fn both(units: f64, unit: f64) -> String {
    format!("{} µA ({} MAC units)", short(units * unit), short(units))
}

/// `1 row`, `9 rows`.
pub fn plural(count: usize, what: &str) -> String {
    let many = match what.split_once(' ') {
        _ if count == 1 => what.to_string(),
        Some((noun, rest)) if rest.starts_with('(') => {
            format!("{noun}s {}", rest.replace(')', "s)"))
        }
        _ => format!("{what}s"),
    };
    format!("{count} {many}")
}

/// Numbers in a row, long rows by their ends.
pub fn listed(values: &[f64]) -> String {
    let all = |values: &[f64]| {
        let words: Vec<String> = values.iter().map(|&value| short(value)).collect();
        words.join(", ")
    };
    match values {
        [first, second, .., last] if values.len() > MOST_LISTED => {
            format!("{}, .., {}", all(&[*first, *second]), short(*last))
        }
        _ => all(values),
    }
}

/// Four significant digits, without zeros at the end.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if !(-3..=7).contains(&digits) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", digits.max(0) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> = [0.0, 9.0, 0.25, 34.714_28, 0.000_12, 1234.5, 100.0]
            .iter()
            .map(|&v| short(v))
            .collect();
        assert_eq!(shown, ["0", "9", "0.25", "34.71", "0.00012", "1234", "100"]);
    }
}
