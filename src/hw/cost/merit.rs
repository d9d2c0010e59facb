//! Figures of merit as papers print them. One MAC is two operations (multiply, add).
//!
//! *Raw* counts MACs as they are; *1b-normalised* multiplies by bits of an input and of a weight. Not responsible for whether
//! zeros should count as work: they do, as in papers.

/// Operations of one MAC.
const OPERATIONS_PER_MAC: f64 = 2.0;

/// TOPS/W: operations per pJ.
pub fn tops_per_watt(macs: f64, energy_pj: f64) -> f64 {
    OPERATIONS_PER_MAC * macs / energy_pj
}

/// TOPS: operations in ps.
pub fn tops(macs: f64, time_ns: f64) -> f64 {
    OPERATIONS_PER_MAC * macs / (time_ns * 1e3)
}

/// TOPS per mm^2.
pub fn tops_per_mm2(macs: f64, time_ns: f64, area_um2: f64) -> f64 {
    tops(macs, time_ns) / (area_um2 * 1e-6)
}

/// Raw to 1b-normalised.
pub fn one_bit_normalised(raw: f64, input_bits: u32, weight_bits: u32) -> f64 {
    raw * f64::from(input_bits) * f64::from(weight_bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Nine MACs of 317.6 fJ are 56.67 TOPS/W (Yoon, ISSCC 2021); 10 ns and 0.01 mm^2 make 0.0018 TOPS, 0.18 TOPS/mm^2.
    #[test]
    fn figures_of_a_published_column() {
        assert_relative_eq!(tops_per_watt(9.0, 0.3176), 56.675, max_relative = 1e-4);
        assert_relative_eq!(tops(9.0, 10.0), 0.0018);
        assert_relative_eq!(tops_per_mm2(9.0, 10.0, 1e4), 0.18, max_relative = 1e-12);
        assert_relative_eq!(one_bit_normalised(21.6, 8, 8), 1382.4);
    }

    /// ADC alone, 1.7778 conversions of 256 fJ per MAC: 4.4 TOPS/W.
    #[test]
    fn conversions_bound_the_efficiency() {
        let conversions_per_mac = 4.0 * 4.0 / 9.0;
        let bound = tops_per_watt(1.0, conversions_per_mac * 0.256);
        assert_relative_eq!(bound, 4.394_531_25, max_relative = 1e-12);
    }
}
