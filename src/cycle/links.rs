//! Where data travels: the links of a path, by number, and the cycles of a transfer.
//!
//! The numbering is that of [`super`]. A mesh is filled up to whole rows of routers, so that every path along the row first
//! exists. Not responsible for who waits for a link.

use super::plan::{Node, Plan, Topology};

/// Link from the global buffer to router 0 (of a bus: the only link).
const ENTER: usize = 0;
/// Link from router 0 to the global buffer.
const LEAVE: usize = 1;

/// Links of a chip.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    topology: Topology,
    width_bits: u64,
    hop_cycles: u64,
    routers: u64,
}

/// Links of one path in the order of travel.
#[derive(Clone, Debug)]
pub struct Path {
    columns: u32,
    enters: bool,
    leaves: bool,
    at: u32,
    to: u32,
}

impl Links {
    /// Links of the chip of a plan.
    pub fn new(plan: &Plan) -> Links {
        Links {
            topology: plan.network.topology,
            width_bits: u64::from(plan.network.width_bits),
            hop_cycles: u64::from(plan.network.hop_cycles),
            routers: Links::routers(plan),
        }
    }

    /// Routers of a mesh, its last row filled up; tiles of a bus.
    pub(super) fn routers(plan: &Plan) -> u64 {
        let last = plan.tile_of_macro.iter().max().copied();
        let tiles = last.map_or(0, |last| u64::from(last) + 1);
        match plan.network.topology {
            Topology::Bus => tiles,
            Topology::Mesh { columns } => tiles.next_multiple_of(u64::from(columns.max(1))),
        }
    }

    /// Number of links.
    pub fn count(&self) -> usize {
        match self.topology {
            Topology::Bus => 1,
            Topology::Mesh { .. } => 2 + 4 * self.routers as usize,
        }
    }

    /// No path has more links.
    pub(super) fn longest(&self) -> u64 {
        match self.topology {
            Topology::Bus => 1,
            Topology::Mesh { columns } => {
                let columns = u64::from(columns.max(1));
                columns + self.routers / columns
            }
        }
    }

    /// Links from one place to another; none within a place.
    pub fn path(&self, from: Node, to: Node) -> Path {
        let columns = match self.topology {
            Topology::Bus => {
                return Path {
                    columns: 1,
                    enters: from != to,
                    leaves: false,
                    at: 0,
                    to: 0,
                };
            }
            Topology::Mesh { columns } => columns.max(1),
        };
        let router = |node| match node {
            Node::GlobalBuffer => 0,
            Node::Tile(tile) => tile,
        };
        Path {
            columns,
            enters: from == Node::GlobalBuffer && from != to,
            leaves: to == Node::GlobalBuffer && from != to,
            at: router(from),
            to: router(to),
        }
    }

    /// Number of links from one place to another.
    pub fn length(&self, from: Node, to: Node) -> u64 {
        let path = self.path(from, to);
        let (column, row) = (path.at % path.columns, path.at / path.columns);
        let (to_column, to_row) = (path.to % path.columns, path.to / path.columns);
        u64::from(path.enters)
            + u64::from(path.leaves)
            + u64::from(column.abs_diff(to_column))
            + u64::from(row.abs_diff(to_row))
    }

    /// Cycles of a transfer once its links are free.
    pub fn cycles(&self, from: Node, to: Node, bits: u32) -> u64 {
        match self.length(from, to) {
            0 => 0,
            links => u64::from(bits).div_ceil(self.width_bits) + self.hop_cycles * (links - 1),
        }
    }
}

impl Iterator for Path {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.enters {
            self.enters = false;
            return Some(ENTER);
        }
        let (column, row) = (self.at % self.columns, self.at / self.columns);
        let (to_column, to_row) = (self.to % self.columns, self.to / self.columns);
        let (direction, next) = if column < to_column {
            (0, self.at + 1)
        } else if column > to_column {
            (1, self.at - 1)
        } else if row < to_row {
            (2, self.at + self.columns)
        } else if row > to_row {
            (3, self.at - self.columns)
        } else if self.leaves {
            self.leaves = false;
            return Some(LEAVE);
        } else {
            return None;
        };
        let link = 2 + 4 * self.at as usize + direction;
        self.at = next;
        Some(link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::plan::Node::{GlobalBuffer, Tile};

    fn mesh(columns: u32, hop_cycles: u64) -> Links {
        Links {
            topology: Topology::Mesh { columns },
            width_bits: 8,
            hop_cycles,
            routers: 6_u64.next_multiple_of(u64::from(columns)),
        }
    }

    #[test]
    fn a_mesh_goes_along_the_row_first() {
        let links = mesh(3, 0);
        let path = |from, to| links.path(from, to).collect::<Vec<_>>();
        // Routers 0 1 2 over 3 4 5.
        assert_eq!(path(GlobalBuffer, Tile(0)), [0]);
        assert_eq!(path(Tile(0), GlobalBuffer), [1]);
        assert_eq!(path(GlobalBuffer, Tile(5)), [0, 2, 6, 2 + 4 * 2 + 2]);
        assert_eq!(path(Tile(5), GlobalBuffer), [23, 19, 17, 1]);
        assert_eq!(path(Tile(4), Tile(2)), [18, 2 + 4 * 5 + 3]);
        assert!(path(Tile(4), Tile(4)).is_empty());
    }

    #[test]
    fn lengths_are_those_of_the_paths() {
        for columns in 1..=6 {
            let links = mesh(columns, 2);
            let nodes = || (0..6).map(Tile).chain([GlobalBuffer]);
            for (from, to) in nodes().flat_map(|from| nodes().map(move |to| (from, to))) {
                let path: Vec<_> = links.path(from, to).collect();
                assert_eq!(path.len() as u64, links.length(from, to), "{from:?} {to:?}");
                assert!(path.len() as u64 <= links.longest());
                assert!(path.iter().all(|&link| link < links.count()));
            }
        }
    }

    #[test]
    fn cycles_of_transfers() {
        let links = mesh(3, 2);
        assert_eq!(links.cycles(GlobalBuffer, Tile(5), 17), 3 + 2 * 3);
        assert_eq!(links.cycles(Tile(1), Tile(1), 17), 0);
        assert_eq!(links.cycles(GlobalBuffer, Tile(0), 0), 0);
        let bus = Links {
            topology: Topology::Bus,
            ..links
        };
        assert_eq!(bus.cycles(Tile(1), Tile(4), 16), 2);
        assert_eq!(bus.path(Tile(1), GlobalBuffer).collect::<Vec<_>>(), [0]);
        assert_eq!(bus.path(Tile(1), Tile(1)).count(), 0);
    }
}
