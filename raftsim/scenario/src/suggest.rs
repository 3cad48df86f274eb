//! "Did you mean ...?": the known word nearest to a misspelt one, or all that are known.

use sut::nearest;

/// A help text "did you mean `x`?", or the list of what is known.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(known) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean {known}?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    (!all.is_empty()).then(|| format!("known here: {}", all.join(", ")))
}
