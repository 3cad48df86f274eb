//! The demands of the Raft paper and of Ongaro's dissertation on a server, and the tests of each.
//!
//! The list is data, `raftsim/paper/musts.json`, so that a must without a test is visible. Most tests are
//! in `raft-core/tests/it/paper`.

use serde::Deserialize;

/// A section of the paper or of the dissertation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The number of the section: `§` is the extended paper.
    pub section: String,
    /// Another place with the same demands.
    pub also: Option<String>,
    /// Its subject.
    pub title: String,
    /// The reason why the section has no musts, if it has none.
    pub why: Option<String>,
    /// Its demands on a server.
    pub musts: Vec<Must>,
}

/// One thing that a server must do.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Must {
    /// The demand, in one sentence.
    pub must: String,
    /// The tests that prove it: `file::name` in `raft-core/tests/it/paper`, or a path from the
    /// project's root and `::name`.
    pub tests: Vec<String>,
    /// The reason why there is no test, if there is none.
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
