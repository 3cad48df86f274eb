//! What the director did to the world, in words, for whoever watches: it is no action of the
//! engine, so no trace would show it otherwise.

use simulator::{NodeId, Pair};

use super::Director;
use crate::link_text::{describe, list};

impl Director<'_> {
    /// What was done since the last time.
    pub(crate) fn take_deeds(&mut self) -> Vec<String> {
        std::mem::take(&mut self.deeds)
    }

    pub(super) fn tell(&mut self, deed: impl Into<String>) {
        self.deeds.push(deed.into());
    }

    pub(super) fn tell_links(&mut self, deed: &str, links: &[Pair]) {
        if !links.is_empty() {
            self.tell(format!("{deed} {}", describe(links, &self.scenario.nodes)));
        }
    }

    pub(super) fn tell_nodes(&mut self, deed: &str, nodes: &[NodeId]) {
        if !nodes.is_empty() {
            self.tell(format!("{deed} {}", list(nodes, &self.scenario.nodes)));
        }
    }
}
