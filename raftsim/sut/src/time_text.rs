//! Simulated time as readable text.

/// `1.234567s` from nanoseconds, without trailing zeros.
#[must_use]
pub fn show(ns: u64) -> String {
    let (seconds, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if rest == 0 {
        return format!("{seconds}s");
    }
    let digits = format!("{rest:09}");
    format!("{seconds}.{}s", digits.trim_end_matches('0'))
}

/// `1.234567s` from nanoseconds, cut to whole microseconds. The number of decimals is constant, for
/// columns.
#[must_use]
pub fn micros(ns: u64) -> String {
    format!("{}.{:06}s", ns / 1_000_000_000, ns % 1_000_000_000 / 1_000)
}

/// `1.23s` from nanoseconds, cut to whole milliseconds, without trailing zeros.
#[must_use]
pub fn brief(ns: u64) -> String {
    show(ns / 1_000_000 * 1_000_000)
}

/// Nanoseconds from a number with a unit: s, ms, us or ns, such as `1.234567s`, or whole minutes or
/// hours, such as `10m`. `None` for anything else, also for parts of a nanosecond.
#[must_use]
pub fn read(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let decimals = match &text[number.len()..] {
        "s" => 9,
        "ms" => 6,
        "us" => 3,
        "ns" => 0,
        "m" => return whole_units(number, 60),
        "h" => return whole_units(number, 3_600),
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let part_given = part.trim_end_matches('0');
    if !is_number(whole) || !is_number(part) || part_given.len() > decimals {
        return None;
    }
    let whole = whole
        .parse::<u64>()
        .ok()?
        .checked_mul(10_u64.pow(u32::try_from(decimals).ok()?))?;
    let part = format!("{part_given:0<decimals$}");
    whole.checked_add(if part.is_empty() {
        0
    } else {
        part.parse().ok()?
    })
}

/// A whole number of a unit, where `seconds` is the length of the unit.
fn whole_units(number: &str, seconds: u64) -> Option<u64> {
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let units: u64 = is_number.then(|| number.parse().ok())??;
    units.checked_mul(seconds)?.checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn time_is_shown_in_seconds_without_idle_zeros() {
        assert_eq!(show(0), "0s");
        assert_eq!(show(1_200_000_000), "1.2s");
        assert_eq!(show(1_000_000_001), "1.000000001s");
        assert_eq!(brief(1_239_999_999), "1.239s");
        assert_eq!(micros(1_234_567_899), "1.234567s");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert_eq!(read("800ms"), Some(800_000_000));
        assert_eq!(read("1.5s"), Some(1_500_000_000));
        assert_eq!(read("7ns"), Some(7));
        assert_eq!(read("10m"), Some(600_000_000_000));
        assert_eq!(read("2h"), Some(7_200_000_000_000));
        for text in [
            "",
            "s",
            "1",
            ".5s",
            "1.s",
            "-1s",
            "1.5ns",
            "h",
            "1.5h",
            "99999999999999999h",
            "1e3s",
            "99999999999999999s",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_read_again(ns in any::<u64>()) {
            prop_assert_eq!(read(&show(ns)), Some(ns));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,12}") {
            let _ = read(&text);
        }
    }
}
