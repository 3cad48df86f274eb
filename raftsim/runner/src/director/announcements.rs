//! Announces to observers what the director did to the world: a trace would not show it otherwise,
//! since it is no action of the engine.

use simulator::{NodeId, Pair};

use super::Director;
use crate::link_text::{describe, list};

/// What was done since the last time, in words, if somebody listens.
#[derive(Clone, Debug)]
pub(super) struct Announcements(Option<Vec<String>>);

impl Announcements {
    pub(super) fn new(wanted: bool) -> Self {
        Self(wanted.then(Vec::new))
    }
}

impl Director<'_> {
    /// What was done since the last time.
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
