//! Simulated time as people read it.

/// `1.234567s` from nanoseconds, without what is zero at the end.
#[must_use]
pub fn show(ns: u64) -> String {
    let (seconds, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if rest == 0 {
        return format!("{seconds}s");
    }
    let digits = format!("{rest:09}");
    format!("{seconds}.{}s", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn time_is_shown_in_seconds_without_idle_zeros() {
        assert_eq!(show(0), "0s");
        assert_eq!(show(1_200_000_000), "1.2s");
        assert_eq!(show(1_000_000_001), "1.000000001s");
    }
}
