//! Memory of this process, where the system tells.

use std::fs;

/// Bytes that it holds.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most bytes that it has held.
pub(crate) fn most_resident() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
