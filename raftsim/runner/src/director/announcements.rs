//! Announces to observers the director's changes to the world. A trace would not show them
//! otherwise, because they are not actions of the engine.

use simulator::{NodeId, Pair};

use super::Director;
use crate::link_text::{describe, list};

/// The announcements since the last call of `take_announcements`, if an observer takes them.
#[derive(Clone, Debug)]
pub(super) struct Announcements(Option<Vec<String>>);

impl Announcements {
    pub(super) fn new(wanted: bool) -> Self {
        Self(wanted.then(Vec::new))
    }
}

impl Director<'_> {
    /// Returns the announcements since the last call.
    pub(crate) fn take_announcements(&mut self) -> Vec<String> {
        let announcements = self.announcements.0.as_mut();
        announcements.map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn announce(&mut self, text: impl FnOnce() -> String) {
        if let Some(announcements) = &mut self.announcements.0 {
            announcements.push(text());
        }
    }

    pub(super) fn announce_links(&mut self, text: &str, links: &[Pair]) {
        if !links.is_empty() {
            let nodes = &self.scenario.nodes;
            self.announce(|| format!("{text} {}", describe(links, nodes)));
        }
    }

    pub(super) fn announce_nodes(&mut self, text: &str, on: &[NodeId]) {
        if !on.is_empty() {
            let nodes = &self.scenario.nodes;
            self.announce(|| format!("{text} {}", list(on, nodes)));
        }
    }
}
