//! From plain results to tables, JSON, CSV, figures and one self-contained page. Reads [`crate::results`] only.

pub mod axis;
pub mod error;
pub mod facts;
pub mod figures;
pub mod folder;
pub mod fonts;
pub mod frame;
pub mod number;
pub mod palette;
pub mod picture;
pub mod render;

pub use error::ReportError;
pub mod html;
