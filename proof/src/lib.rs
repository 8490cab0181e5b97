//! Campaigns that try to break each promise of docs/reliability.md; `cargo xtask crash` runs them.
#[cfg(target_os = "linux")]
mod bench;
pub mod campaign;
mod damage;
pub mod dice;
mod explore;
pub mod fuzz;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod powercut;
mod simulate;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod syscalls;
pub mod table;

use campaign::Campaign;

/// In the order in which they run: the quickest to find something first. What is missing here needs another system.
pub const CAMPAIGNS: &[Campaign] = &[
    explore::CAMPAIGN,
    damage::CAMPAIGN,
    simulate::CAMPAIGN,
    fuzz::CAMPAIGN,
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    syscalls::CAMPAIGN,
    #[cfg(target_os = "linux")]
    powercut::CAMPAIGN,
    #[cfg(target_os = "linux")]
    powercut::MEDIUM,
    #[cfg(target_os = "linux")]
    soak::CAMPAIGN,
];
