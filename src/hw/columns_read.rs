//! How columns meet read-outs: which bit lines one conversion reads, and how many read-outs an array has.
//!
//! The one arithmetic of it: layouts (`mapping`), costs and waveforms ask here. Not responsible for which outputs are in
//! which column (`mapping::slots`).

use super::chip::{ArrayShape, Hardware};
use super::weight_plane::WeightPlane;
use super::weights::{Subtraction, WeightsSpec};

/// Bit lines of one conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnsRead {
    /// One.
    Alone,
    /// A pair, subtracted as currents.
    Pair,
    /// One, less the current of a column that all conversions of the array share.
    LessCommon,
}

impl ColumnsRead {
    /// Bit lines of one conversion.
    pub fn bit_lines(self) -> usize {
        match self {
            Self::Alone => 1,
            Self::Pair | Self::LessCommon => 2,
        }
    }
}

impl WeightPlane {
    /// What a conversion of this plane reads.
    pub fn columns_read(&self) -> ColumnsRead {
        match self {
            Self::Signed { .. } | Self::Differential { .. } => ColumnsRead::Pair,
            Self::Offset { .. } => ColumnsRead::LessCommon,
            Self::Positive { .. }
            | Self::Negative { .. }
            | Self::Raised { .. }
            | Self::Middle { .. } => ColumnsRead::Alone,
        }
    }
}

impl WeightsSpec {
    /// What every conversion reads.
    pub fn columns_read(&self) -> ColumnsRead {
        use Subtraction::{Analog, Digital};
        match self {
            Self::DifferentialPair(_) => ColumnsRead::Pair,
            Self::SignSplit(spec) => match spec.subtraction {
                Analog => ColumnsRead::Pair,
                Digital => ColumnsRead::Alone,
            },
            Self::BitSlices(spec) => match spec.subtraction {
                Analog => ColumnsRead::Pair,
                Digital => ColumnsRead::Alone,
            },
            Self::OffsetColumn(spec) => match spec.subtraction {
                Analog => ColumnsRead::LessCommon,
                Digital => ColumnsRead::Alone,
            },
        }
    }
}

impl ArrayShape {
    /// Read-outs of an array whose conversions read these columns: one for so many of what it converts, the last one perhaps for
    /// fewer.
    pub fn readouts(&self, read: ColumnsRead) -> usize {
        self.converted(read).div_ceil(self.columns_per_readout)
    }

    /// What an array converts: columns, pairs of them, or columns less a common one.
    pub fn converted(&self, read: ColumnsRead) -> usize {
        let converted = match read {
            ColumnsRead::Alone => self.columns,
            ColumnsRead::Pair => self.columns / 2,
            ColumnsRead::LessCommon => self.columns.saturating_sub(1),
        };
        converted.max(1)
    }
}

impl Hardware {
    /// Bit lines of one conversion.
    pub fn bit_lines_per_conversion(&self) -> usize {
        self.weights.columns_read().bit_lines()
    }

    /// Read-outs of one array.
    pub fn readouts(&self) -> usize {
        self.array.readouts(self.weights.columns_read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_and_their_planes_read_the_same_columns() {
        for (text, cell_top) in [
            ("sign_split = { subtraction = \"analog\" }", 1),
            ("sign_split = { subtraction = \"digital\" }", 1),
            ("differential_pair = {}", 2),
            ("offset_column = { subtraction = \"analog\" }", 2),
            ("offset_column = { subtraction = \"digital\" }", 2),
            (
                "bit_slices = { cell_bits = 1, subtraction = \"analog\" }",
                1,
            ),
            (
                "bit_slices = { cell_bits = 1, subtraction = \"digital\" }",
                1,
            ),
        ] {
            let weights: WeightsSpec = toml::from_str(text).expect(text);
            for (_, plane) in weights.planes(2, cell_top).expect(text) {
                assert_eq!(plane.columns_read(), weights.columns_read(), "{text}");
            }
        }
    }

    #[test]
    fn the_last_readout_may_serve_fewer_columns() {
        let array = ArrayShape {
            rows: 256,
            columns: 256,
            columns_per_readout: 7,
        };
        assert_eq!(array.readouts(ColumnsRead::Alone), 37);
        assert_eq!(array.readouts(ColumnsRead::Pair), 19);
        assert_eq!(array.readouts(ColumnsRead::LessCommon), 37);
        let converted = [
            ColumnsRead::Alone,
            ColumnsRead::Pair,
            ColumnsRead::LessCommon,
        ];
        assert_eq!(converted.map(|read| array.converted(read)), [256, 128, 255]);
    }
}
