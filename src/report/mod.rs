//! From plain results to tables, JSON, CSV, figures and one self-contained page. Reads [`crate::results`] only.
