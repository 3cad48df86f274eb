//! "Did you mean ...?": the known word nearest to a misspelt one.

/// The candidate nearest to `word`, if one is near enough. Letter case is ignored.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The cost of a distance is the product of the lengths. A pasted megabyte is not a typing
    // mistake.
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= 1 + known.chars().count().min(lower.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_slip_finds_the_word_and_a_stranger_does_not() {
        assert_eq!(nearest("cras", ["crash", "clock"]), Some("crash"));
        assert_eq!(nearest("s1", ["S1", "S2"]), Some("S1"));
        assert_eq!(nearest("S7", ["S1", "S2"]), Some("S1"));
        assert_eq!(nearest("banana", ["crash", "clock"]), None);
    }
}
