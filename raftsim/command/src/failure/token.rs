//! Tokens: a run in one line, with its source and its seed.

use std::fmt;
use std::str::FromStr;

use sut::bugs::Bug;

/// The origin of a run. Its text is `everything:93f2…:5151:1:C-01`: the profile or file, a fingerprint of
/// its text, the seed, the trace version, the planted bug or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The name of a profile, or the path of a profile or a scenario.
    pub source: String,
    /// The [`fingerprint`] of its text.
    pub fingerprint: u64,
    /// The seed.
    pub seed: u64,
    /// The trace version of the program that ran it.
    pub trace_version: u32,
    /// The planted bug.
    pub bug: Option<Bug>,
}

/// A fingerprint of a text: FNV-1a, 64 bits.
#[must_use]
pub fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, text, seed, version) = (
            &self.source,
            self.fingerprint,
            self.seed,
            self.trace_version,
        );
        let bug = self.bug.map_or("-", Bug::id);
        write!(f, "{source}:{text:016x}:{seed}:{version}:{bug}")
    }
}

/// The reason why a text is not a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear(String);

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unclear {}

impl FromStr for Token {
    type Err = Unclear;

    fn from_str(text: &str) -> Result<Self, Unclear> {
        let shown: String = text.chars().take(80).collect();
        let unclear = |what: &str| {
            Unclear(format!(
                "{what} of the token {shown} cannot be read: a whole token looks like \
                 quick:0123456789abcdef:7:1:-"
            ))
        };
        // Parsed from the end, because a path may contain colons.
        let mut parts = text.rsplitn(5, ':');
        let mut part = |what: &str| parts.next().ok_or_else(|| unclear(what));
        let (bug, version, seed, print, source) = (
            part("the bug")?,
            part("the trace version")?,
            part("the seed")?,
            part("the fingerprint")?,
            part("the source")?,
        );
        let hex = print.len() == 16 && print.bytes().all(|byte| byte.is_ascii_hexdigit());
        let print = hex.then(|| u64::from_str_radix(print, 16).ok()).flatten();
        let bug = match bug {
            "-" => None,
            bug => Some(bug.parse().map_err(|error| Unclear(format!("{error}")))?),
        };
        if source.is_empty() {
            return Err(unclear("the source"));
        }
        Ok(Token {
            source: source.to_owned(),
            fingerprint: print.ok_or_else(|| unclear("the fingerprint"))?,
            seed: seed.parse().map_err(|_| unclear("the seed"))?,
            trace_version: version.parse().map_err(|_| unclear("the trace version"))?,
            bug,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(
            source in "[a-z:/.]{1,20}", fingerprint: u64, seed: u64, trace_version: u32,
            bug in proptest::option::of(prop::sample::select(Bug::ALL))
        ) {
            let token = Token { source, fingerprint, seed, trace_version, bug };
            prop_assert_eq!(token.to_string().parse(), Ok(token));
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,60}") {
            let _ = text.parse::<Token>();
        }
    }

    #[test]
    fn a_broken_token_says_which_part_is_unclear() {
        let error = |text: &str| text.parse::<Token>().expect_err("broken").to_string();
        assert!(error("quick:00ff:7:1:-").starts_with("the fingerprint of the token"));
        assert!(error("quick:00ff00ff00ff00ff:x:1:-").starts_with("the seed of the token"));
        assert!(error("quick:00ff00ff00ff00ff:7:1:C-99").contains("no bug is called C-99"));
        assert!(error("7:1:-").starts_with("the fingerprint of the token"));
    }
}
