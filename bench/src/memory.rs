//! Memory of this process, if the system reports it.

use std::fs;

/// The resident bytes.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The peak of the resident bytes.
pub(crate) fn most_resident() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
