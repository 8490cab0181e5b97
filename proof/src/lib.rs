//! Campaigns that try to break each promise of docs/reliability.md; `cargo xtask crash` runs them.
pub mod campaign;
pub mod dice;
mod soak;
pub mod table;

use campaign::Campaign;

/// In the order in which they run: the quickest to find something first.
pub const CAMPAIGNS: &[Campaign] = &[soak::CAMPAIGN];
