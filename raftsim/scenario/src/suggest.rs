//! "Did you mean ...?": suggests the known word nearest to a misspelt one, or lists the known words.

use sut::nearest;

/// A help text: "did you mean `x`?", or the list of known words.
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
