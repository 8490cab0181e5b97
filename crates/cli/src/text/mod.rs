//! What people read on stdout: columns, colours, times. The commands decide what; here is how.

pub(crate) mod fit;
pub(crate) mod out;
pub(crate) mod paint;
pub(crate) mod rows;
pub(crate) mod when;
