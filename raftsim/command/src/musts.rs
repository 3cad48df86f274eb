//! What the Raft paper and Ongaro's dissertation demand of a server, and which tests prove it.
//!
//! The list is data, `raftsim/paper/musts.json`, so that a must without a test is seen as such and
//! not forgotten. Its tests are those of `raft-core/tests/it/paper`, beside a few of other crates.

use serde::Deserialize;

/// A section of the paper or of the dissertation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Where it stands: `§` is the extended paper.
    pub section: String,
    /// Where else the same is said.
    pub also: Option<String>,
    /// What it is about.
    pub title: String,
    /// Why nothing is demanded yet, where nothing is.
    pub why: Option<String>,
    /// What it demands of a server.
    pub musts: Vec<Must>,
}

/// One thing that a server must do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Must {
    /// What, in one sentence.
    pub must: String,
    /// The tests that prove it: `file::name` in `raft-core/tests/it/paper`, or a path from the
    /// project's root and `::name`.
    pub tests: Vec<String>,
    /// Why there is none, where there is none.
    pub why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Musts {
    sections: Vec<Section>,
}

/// All sections, in the order of the paper.
///
/// # Panics
/// Never: the list is part of the program, and a test reads it.
#[must_use]
pub fn sections() -> Vec<Section> {
    let musts: Musts = serde_json::from_str(include_str!("../../paper/musts.json"))
        .expect("a test holds that the list can be read");
    musts.sections
}
