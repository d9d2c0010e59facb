//! The read-outs of the output columns of one conversion: one for all of them, or one for each class of columns.
//!
//! Columns whose references lie alike share a class, so that few tables serve many columns. Not responsible for placing
//! (`place`) nor for what puts columns into classes ([`crate::hw::trim`]).

use super::law::Readout;

/// Which class each output column belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    of_output: Vec<u16>,
    members: Vec<Vec<usize>>,
}

impl Columns {
    /// All columns in the first class.
    pub fn alike() -> Self {
        Columns::default()
    }

    /// The class of every output.
    pub fn new(of_output: Vec<u16>) -> Self {
        let highest = of_output.iter().copied().max().unwrap_or(0);
        if highest == 0 {
            return Columns::alike();
        }
        let mut members = vec![Vec::new(); usize::from(highest) + 1];
        for (output, &class) in of_output.iter().enumerate() {
            members[usize::from(class)].push(output);
        }
        Columns { of_output, members }
    }

    /// True if all are in the first class.
    pub fn are_alike(&self) -> bool {
        self.of_output.is_empty()
    }

    /// Class of an output.
    pub fn class(&self, output: usize) -> usize {
        self.of_output.get(output).map_or(0, |&c| usize::from(c))
    }

    /// Class of every output; empty if all are alike.
    pub fn of_output(&self) -> &[u16] {
        &self.of_output
    }

    /// The outputs of every class, ascending; empty if all are alike. A class may have none.
    pub fn members(&self) -> &[Vec<usize>] {
        &self.members
    }
}

/// The placed read-outs of one conversion.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnReadouts {
    classes: Vec<Readout>,
    columns: Columns,
}

impl From<Readout> for ColumnReadouts {
    fn from(readout: Readout) -> Self {
        ColumnReadouts {
            classes: vec![readout],
            columns: Columns::alike(),
        }
    }
}

impl ColumnReadouts {
    /// One read-out per class; `None` unless there is at least one and every class of `columns` has one.
    pub fn new(classes: Vec<Readout>, columns: Columns) -> Option<Self> {
        let needed = columns.members.len().max(1);
        (classes.len() == needed).then_some(ColumnReadouts { classes, columns })
    }

    /// The same with every read-out changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(&Readout) -> Readout) -> Self {
        ColumnReadouts {
            classes: self.classes.iter().map(change).collect(),
            columns: self.columns.clone(),
        }
    }

    /// Which column has which.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// One per class.
    pub fn classes(&self) -> &[Readout] {
        &self.classes
    }

    /// The one of an output.
    pub fn of(&self, output: usize) -> &Readout {
        &self.classes[self.columns.class(output)]
    }

    /// The one that most outputs have; the first of several.
    pub fn most_common(&self) -> &Readout {
        let counts = self.columns.members.iter().map(Vec::len);
        let most = counts.enumerate().rev().max_by_key(|&(_, count)| count);
        &self.classes[most.map_or(0, |(class, _)| class)]
    }

    /// Every class with its share of the outputs.
    pub fn shares(&self) -> impl Iterator<Item = (f64, &Readout)> {
        let outputs = self.columns.of_output.len().max(1) as f64;
        let share = move |class: usize| match self.columns.members.get(class) {
            Some(members) => members.len() as f64 / outputs,
            None => 1.0,
        };
        let classes = self.classes.iter().enumerate();
        classes.map(move |(class, readout)| (share(class), readout))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Architecture;
    use super::super::tests_support::{MACRO, converter};
    use super::*;

    #[test]
    fn classes_share_their_outputs() {
        let design = converter(Architecture::Flash, 4).with_calibrated(0.5);
        let at = |step: f64| design.place_at_step(MACRO, step, None).unwrap();
        let columns = Columns::new(vec![1, 0, 2, 2, 1, 2]);
        assert_eq!(columns.members(), [vec![1], vec![0, 4], vec![2, 3, 5]]);
        let classes = vec![at(1.0), at(1.5), at(2.0)];
        assert_eq!(
            ColumnReadouts::new(classes[..2].to_vec(), columns.clone()),
            None
        );
        assert_eq!(ColumnReadouts::new(Vec::new(), Columns::alike()), None);
        let readouts = ColumnReadouts::new(classes, columns).unwrap();
        assert_eq!(readouts.of(4), &at(1.5));
        assert_eq!(readouts.most_common(), &at(2.0));
        let shares: Vec<f64> = readouts.shares().map(|(share, _)| share).collect();
        assert_eq!(shares, [1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0]);
        let tie = ColumnReadouts::new(vec![at(1.0), at(1.5)], Columns::new(vec![1, 0])).unwrap();
        assert_eq!(tie.most_common(), &at(1.0));
    }

    #[test]
    fn one_class_is_no_classes() {
        let columns = Columns::new(vec![0; 7]);
        assert!(columns.are_alike() && columns.members().is_empty());
        assert_eq!(columns, Columns::alike());
        let design = converter(Architecture::Flash, 4).with_calibrated(0.5);
        let readout = design.place_at_step(MACRO, 1.0, None).unwrap();
        let readouts = ColumnReadouts::from(readout.clone());
        assert_eq!(
            (readouts.of(6), readouts.most_common()),
            (&readout, &readout)
        );
        let shares: Vec<f64> = readouts.shares().map(|(share, _)| share).collect();
        assert_eq!(shares, [1.0]);
    }
}
