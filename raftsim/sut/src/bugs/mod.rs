//! Real bugs of Raft implementations, planted on demand.
//!
//! A testbed that has never caught a bug shows little. Each [`Bug`] is a row of the gallery
//! (`docs/GALLERY.md`) and deviates from the published algorithm in one decision. The bug is chosen
//! at run time: all servers with a bug have one type, [`Planted`]. Servers without a bug keep the
//! published rules, which have no size.

mod card;
mod catalogue;
mod planted;

use std::fmt;
use std::str::FromStr;

use crate::suggest::nearest;
use crate::variant::Variant;

pub use card::{Card, Change, Reach, Shows};
pub use planted::Planted;

/// A bug that can be planted, named by its row of the gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is described by its card")]
pub enum Bug {
    E01,
    E03,
    E03b,
    E05,
    E08,
    E15,
    E18,
    P01,
    P02,
    P03,
    P05a,
    P05c,
    P07,
    P08,
    P10,
    P16,
    P18,
    R01,
    R02,
    R04,
    R05,
    R07,
    R09,
    R10,
    R13,
    R15,
    C01,
    C03,
    C05,
    C09,
    M01,
    M02,
    M03,
    M04,
    M06,
    M08,
    M09,
    M10,
    M12,
    M14,
    L01,
    L07,
    L08,
    L10,
    L11,
    L14,
    L14b,
    L17,
    Q01,
    Q02,
    Q04,
    Q05,
    Q06,
    Q07,
    Q09,
    S01,
    S01b,
    S02,
    S04,
    S06,
    S06b,
    S08,
    S10,
    S11,
    A03,
    A04,
    A04b,
    A04c,
    A05,
    A07,
    A07b,
    W01,
    W02,
}

impl Bug {
    /// Every bug, in the order of the gallery.
    #[rustfmt::skip]
    pub const ALL: &'static [Bug] = {
        use Bug::*;
        &[
            E01, E03, E03b, E05, E08, E15, E18,
            P01, P02, P03, P05a, P05c, P07, P08, P10, P16, P18,
            R01, R02, R04, R05, R07, R09, R10, R13, R15,
            C01, C03, C05, C09,
            M01, M02, M03, M04, M06, M08, M09, M10, M12, M14,
            L01, L07, L08, L10, L11, L14, L14b, L17,
            Q01, Q02, Q04, Q05, Q06, Q07, Q09,
            S01, S01b, S02, S04, S06, S06b, S08, S10, S11,
            A03, A04, A04b, A04c, A05, A07, A07b,
            W01, W02,
        ]
    };

    /// The description of the bug.
    #[must_use]
    pub fn card(self) -> &'static Card {
        &catalogue::CARDS[self as usize]
    }

    /// The name of the bug, such as `C-01`: the row of the gallery, with a letter if a row has
    /// several.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.card().id
    }

    /// A sentence about the planted bug, for the header of reports on the run.
    #[must_use]
    pub fn planted(self) -> String {
        let card = self.card();
        format!("{} is planted: {}", card.id, card.title)
    }

    /// Servers that all have this bug.
    #[must_use]
    pub fn variant(self) -> Variant {
        Variant::by_server(move |node| {
            let planted = Planted {
                bug: self,
                node: node.0,
            };
            (planted, planted)
        })
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The error for a name that no bug has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBug(String);

impl fmt::Display for UnknownBug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        // Users write C1 for C-01.
        let bare = |id: &str| id.replace(['-', '0'], "").to_lowercase();
        let same = Bug::ALL.iter().find(|bug| bare(bug.id()) == bare(name));
        let near = || nearest(name, Bug::ALL.iter().map(|bug| bug.id()));
        match same.map(|bug| bug.id()).or_else(near) {
            Some(near) => write!(f, "no bug is called {name}: did you mean {near}?"),
            None => write!(f, "no bug is called {name}: `raftsim bugs` lists them"),
        }
    }
}

impl std::error::Error for UnknownBug {}

impl FromStr for Bug {
    type Err = UnknownBug;

    /// Letter case does not matter.
    fn from_str(name: &str) -> Result<Self, UnknownBug> {
        let found = Bug::ALL
            .iter()
            .find(|bug| bug.id().eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| UnknownBug(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_is_listed_once_and_found_by_its_id() {
        for (place, bug) in Bug::ALL.iter().enumerate() {
            assert_eq!(*bug as usize, place);
            assert_eq!(bug.card().bug, *bug);
            assert_eq!(bug.id().parse(), Ok(*bug));
            assert_eq!(bug.id().to_lowercase().parse(), Ok(*bug));
            assert_eq!(format!("{bug:?}"), bug.id().replace('-', ""));
        }
        assert_eq!(Bug::ALL.len(), catalogue::CARDS.len());
    }

    #[test]
    fn a_slip_finds_the_bug() {
        let error = |name: &str| name.parse::<Bug>().unwrap_err().to_string();
        assert_eq!(error("C01"), "no bug is called C01: did you mean C-01?");
        assert_eq!(error("p5c"), "no bug is called p5c: did you mean P-05c?");
        assert!(error("banana").contains("raftsim bugs"));
    }
}
