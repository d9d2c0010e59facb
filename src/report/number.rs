//! Numbers as people read them: true minus signs, percent with intervals, powers of ten, grouped thousands.

use crate::results::accuracy::{Accuracy, Loss, Repeats};

/// Fixed decimals with a true minus sign; never "−0"; "n/a" where there is no finite value.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return match value {
            f64::INFINITY => "∞".into(),
            f64::NEG_INFINITY => "−∞".into(),
            _ => "n/a".into(),
        };
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| b == b'0' || b == b'.') => digits.into(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// `10⁻³`; `1` and `10` stay plain.
pub fn power_of_ten(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match exponent {
        0 => "1".into(),
        1 => "10".into(),
        _ => {
            let sign = if exponent < 0 { "⁻" } else { "" };
            let digits = exponent.unsigned_abs().to_string();
            let raised = digits.bytes().map(|b| DIGITS[usize::from(b - b'0')]);
            format!("10{sign}{}", raised.collect::<String>())
        }
    }
}

/// Probability: percent down to 0.1 %, below that as a power of ten.
pub fn probability(share: f64) -> String {
    if !share.is_finite() {
        return "n/a".into();
    }
    if share == 0.0 {
        return "0".into();
    }
    if share >= 1e-3 {
        return percent(share, if share < 0.01 { 2 } else { 1 });
    }
    let exponent = share.log10().floor();
    let mantissa = share / 10f64.powf(exponent);
    if mantissa >= 9.95 {
        return format!("1.0·{}", power_of_ten(exponent as i32 + 1));
    }
    format!("{mantissa:.1}·{}", power_of_ten(exponent as i32))
}

/// Share as percent with two significant digits, down to 0.001 %.
pub fn share(share: f64) -> String {
    if share <= 0.0 || !share.is_finite() || share >= 0.01 {
        return percent(share, if share == 0.0 { 0 } else { 1 });
    }
    if share < 1e-5 {
        return "<0.001 %".into();
    }
    let decimals = (1.0 - (100.0 * share).log10().floor()).clamp(0.0, 4.0);
    percent(share, decimals as usize)
}

/// Share as percent.
pub fn percent(share: f64, decimals: usize) -> String {
    if share.is_finite() {
        format!("{} %", fixed(100.0 * share, decimals))
    } else {
        "n/a".into()
    }
}

/// `89.7 % [89.1, 90.3]`.
pub fn interval(estimate: f64, low: f64, high: f64) -> String {
    format!(
        "{} [{}, {}]",
        percent(estimate, 1),
        fixed(100.0 * low, 1),
        fixed(100.0 * high, 1)
    )
}

/// [`interval`] of one evaluation.
pub fn accuracy(value: &Accuracy) -> String {
    interval(value.estimate, value.low, value.high)
}

/// [`interval`] of the mean of several evaluations.
pub fn repeats(value: &Repeats) -> String {
    interval(value.mean, value.low, value.high)
}

/// `0.4 points [−0.2, 1.1]`.
pub fn loss(value: &Loss) -> String {
    let [estimate, low, high] =
        [value.estimate, value.low, value.high].map(|share| fixed(100.0 * share, 1));
    format!("{estimate} points [{low}, {high}]")
}

/// Three significant digits with the unit's usual prefix left to the caller.
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return fixed(value, 0);
    }
    let decimals = (2.0 - value.abs().log10().floor()).clamp(0.0, 9.0);
    fixed(value, decimals as usize)
}

/// As few decimals as the value needs, at most two.
pub fn short(value: f64) -> String {
    let decimals = (0..2)
        .find(|&decimals| {
            let scaled = value * 10f64.powi(decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
        })
        .unwrap_or(2);
    fixed(value, decimals as usize)
}

/// Whole number with thin groups of three digits: `1 234 567`.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// Large count with a prefix: `1.23 M`.
pub fn count(value: u64) -> String {
    let value = value as f64;
    for (factor, prefix) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")] {
        if value >= factor {
            let unit = if prefix == "k" { 1e3 } else { factor };
            return format!("{} {prefix}", significant(value / unit));
        }
    }
    fixed(value, 0)
}

/// Time: `12 ms`, `3.4 s`, `2 min 10 s`.
pub fn seconds(value: f64) -> String {
    if !value.is_finite() {
        "n/a".into()
    } else if value < 1.0 {
        format!("{} ms", fixed(1e3 * value, 0))
    } else if value < 60.0 {
        format!("{} s", fixed(value, 1))
    } else {
        format!(
            "{} min {} s",
            (value / 60.0).floor(),
            fixed(value % 60.0, 0)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(-1.26, 1), "−1.3");
        assert_eq!(fixed(f64::NAN, 1), "n/a");
        assert_eq!(probability(0.0421), "4.2 %");
        assert_eq!(probability(0.00421), "0.42 %");
        assert_eq!(probability(6.318e-4), "6.3·10⁻⁴");
        assert_eq!(probability(9.99e-5), "1.0·10⁻⁴");
        assert_eq!(
            [share(0.0), share(0.000_65), share(0.0421)],
            ["0 %", "0.065 %", "4.2 %"]
        );
        assert_eq!(interval(0.897, 0.8912, 0.9031), "89.7 % [89.1, 90.3]");
        let lost = Loss {
            estimate: 0.004,
            low: -0.0021,
            high: 0.0112,
            ..Loss::default()
        };
        assert_eq!(loss(&lost), "0.4 points [−0.2, 1.1]");
        assert_eq!(grouped(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(count(1_234_567), "1.23 M");
        assert_eq!(
            [short(-4.0), short(4.5), short(1.234)],
            ["−4", "4.5", "1.23"]
        );
        assert_eq!(count(43_210), "43.2 k");
        assert_eq!(significant(0.012_345), "0.0123");
        assert_eq!(seconds(130.0), "2 min 10 s");
    }
}
