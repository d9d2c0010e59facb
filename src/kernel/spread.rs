//! Pixels that stand for all of a map: every so many in flat order, in all of its columns.
//!
//! A distance that shares a divisor with the width of the map would look at some columns only, and those at a padded border are
//! not like the others. Not responsible for what is looked at there.

/// The smallest distance, `least` or more, in whose steps a flat walk through a map of this width comes to every column.
///
/// ```
/// use imcsim::kernel::spread::distance;
/// assert_eq!([distance(7, 8), distance(7, 14), distance(8, 32)], [7, 9, 9]);
/// ```
pub fn distance(least: usize, width: usize) -> usize {
    let (mut step, width) = (least.max(1), width.max(1));
    // The next one without a divisor in common is never far.
    while divisor(step, width) != 1 {
        step += 1;
    }
    step
}

/// Greatest common divisor.
fn divisor(a: usize, b: usize) -> usize {
    match b {
        0 => a,
        _ => divisor(b, a % b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_looked_at_alike() {
        for width in 1..40 {
            for least in [1, 7, 8] {
                let step = distance(least, width);
                assert!((least..2 * least + 2).contains(&step), "{least}, {width}");
                let mut seen = vec![0; width];
                // As many pixels as there are columns, and each in another one.
                for index in 0..width {
                    seen[index * step % width] += 1;
                }
                assert!(seen.iter().all(|&count| count == 1), "{least}, {width}");
            }
        }
    }
}
