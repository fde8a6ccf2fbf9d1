//! All unsafe code of this crate.
