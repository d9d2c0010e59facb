//! The files of a learning curve: curve.csv, curve.svg, curve.png.
//!
//! The files are returned with their names; the caller writes them. Not responsible for the training.

use super::error::ReportError;
use super::experiment::File;
use super::figures::learning;
use super::render;
use crate::results::training::{EpochResult, LearningCurve};

/// Names of all files of a curve.
pub const NAMES: [&str; 3] = ["curve.csv", "curve.svg", "curve.png"];

/// Columns of a curve's table.
pub const COLUMNS: &str =
    "epoch,rate,loss,train_accuracy,test_accuracy,gradient_norm,largest_gradient_norm";

/// One epoch in these columns.
pub fn line(epoch: &EpochResult) -> String {
    let norm = |norm: Option<f64>| norm.map_or(String::new(), |norm| norm.to_string());
    format!(
        "{},{},{},{},{},{},{}",
        epoch.epoch,
        epoch.rate,
        epoch.loss,
        epoch.train_accuracy,
        epoch.test_accuracy,
        norm(epoch.gradient_norm),
        norm(epoch.largest_gradient_norm)
    )
}

/// The epochs of a table in these columns; `None` if it is not one, whole.
pub fn parse(table: &str) -> Option<Vec<EpochResult>> {
    let lines = table.strip_prefix(COLUMNS)?.strip_prefix('\n')?;
    let lines = lines.strip_suffix('\n')?;
    let epoch = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let [number, rate, loss, train, test, median, largest] = cells[..] else {
            return None;
        };
        let value = |cell: &str| cell.parse().ok().filter(|value: &f64| value.is_finite());
        let share = |cell: &str| value(cell).filter(|value| (0.0..=1.0).contains(value));
        let maybe = |cell: &str| match cell {
            "" => Some(None),
            cell => Some(Some(value(cell)?)),
        };
        Some(EpochResult {
            epoch: number.parse().ok()?,
            rate: value(rate)?,
            loss: value(loss)?,
            train_accuracy: share(train)?,
            test_accuracy: share(test)?,
            gradient_norm: maybe(median)?,
            largest_gradient_norm: maybe(largest)?,
        })
    };
    let epochs: Option<Vec<EpochResult>> = lines.lines().map(epoch).collect();
    epochs.filter(|epochs| epochs.iter().zip(1..).all(|(one, n)| one.epoch == n))
}

/// Table and figure; the figure is left out before the first epoch.
///
/// # Errors
/// If the figure cannot be drawn.
pub fn files(curve: &LearningCurve) -> Result<Vec<File>, ReportError> {
    let lines = curve.epochs.iter().map(|epoch| line(epoch) + "\n");
    let text = format!("{COLUMNS}\n{}", lines.collect::<String>());
    let mut contents = vec![text.into_bytes()];
    if let Some(figure) = learning::figure(curve) {
        contents.push(render::svg(&figure.picture)?.into_bytes());
        contents.push(render::png(&figure.picture)?);
    }
    let names = NAMES.map(String::from).into_iter();
    Ok(names.zip(contents).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_back_whole_or_not_at_all() {
        let epochs = [1, 2].map(|epoch| EpochResult {
            epoch,
            rate: 1e-9 / 3.0,
            loss: 0.1 + 0.2,
            train_accuracy: 0.5,
            test_accuracy: 0.25,
            gradient_norm: (epoch == 1).then_some(1.0 / 3.0),
            largest_gradient_norm: (epoch == 1).then_some(0.7),
        });
        let lines: Vec<String> = epochs.iter().map(line).collect();
        let table = format!("{COLUMNS}\n{}\n", lines.join("\n"));
        assert_eq!(parse(&table).as_deref(), Some(&epochs[..]));
        for wrong in [
            table.replace("epoch,", "epochs,"),
            table.replace("0.25", "NaN"),
            table.replace("\n2,", "\n3,"),
            table.replace("0.25,", "0.25,1,"),
            table.replace("0.25", "1.25"),
            table.trim_end_matches("0.25,,\n").to_string(),
            table.trim_end_matches('\n').to_string(),
        ] {
            assert_eq!(parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_curve_has_a_table_and_a_figure() {
        let epoch = |epoch: usize| EpochResult {
            epoch,
            rate: 0.01,
            loss: 1.0 / epoch as f64,
            train_accuracy: 0.5 + 0.02 * epoch as f64,
            test_accuracy: 0.6 + 0.01 * epoch as f64,
            gradient_norm: Some(1.5),
            largest_gradient_norm: None,
        };
        let mut curve = LearningCurve {
            title: "vgg, imcaq".into(),
            subtitle: "built-in pictures".into(),
            epochs: Vec::new(),
        };
        assert_eq!(files(&curve).unwrap().len(), 1);
        for count in [1, 2, 40] {
            curve.epochs = (1..=count).map(epoch).collect();
            let files = files(&curve).unwrap();
            let lines = files[0].1.iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!((files.len(), lines), (3, count + 1));
            let svg = String::from_utf8(files[1].1.clone()).unwrap();
            assert!(svg.contains("Epoch") && !svg.contains("NaN"));
            assert!(files[2].1.starts_with(b"\x89PNG"));
        }
    }
}
