//! Look-ups in a file: fields, nodes, clients and bugs by name.

use simulator::{ClientId, Endpoint, NodeId};
use sut::NodeSet;
use sut::bugs::Bug;

use super::checker::Checker;
use super::codes::Code;
use super::select::{NodeName, Selector, WORDS};
use super::stepped::Ends;
use super::suggest::did_you_mean;
use super::tree::{Segment, path};

impl Checker<'_> {
    /// Whether the file has a value at `at`.
    pub(crate) fn has(&self, at: &str) -> bool {
        let found = path(at)
            .iter()
            .try_fold(self.tree, |tree, segment| match segment {
                Segment::Key(key) => tree.get(key),
                Segment::Index(_) => None,
            });
        found.is_some()
    }

    /// The fields of the object at `at`; none if there is no such object.
    pub(crate) fn fields(&self, at: &str) -> Vec<String> {
        if !self.has(at) {
            return Vec::new();
        }
        let members = self.tree.at(&path(at)).members();
        members.iter().map(|member| member.key.clone()).collect()
    }

    /// The first byte of the value at `at`.
    pub(crate) fn start_of(&self, at: &str) -> u32 {
        u32::try_from(self.tree.at(&path(at)).span.start).unwrap_or(u32::MAX)
    }

    /// The node of this name. An unknown name is a mistake.
    pub(crate) fn node(&mut self, at: &str, name: &NodeName) -> Option<NodeId> {
        let place = self.nodes.iter().position(|known| known == name);
        if place.is_none() {
            self.no_node(at, name);
        }
        Some(NodeId(u32::try_from(place?).ok()?))
    }

    /// Reports that a field that takes the name of one node holds something else.
    fn no_node(&mut self, at: &str, name: &NodeName) {
        let names: Vec<_> = self.nodes.iter().map(|known| known.0.clone()).collect();
        let shown: String = name.0.chars().take(40).collect();
        if WORDS.contains(&name.0.as_str()) {
            let message =
                format!("\"{shown}\" is a selector, but this field takes the name of one node");
            let help = Some(format!("write one of {}", names.join(", ")));
            return self.wrong_with_help(Code::SC030, at, message, help);
        }
        let help = did_you_mean(&name.0, names.iter().map(String::as_str));
        let message = format!("there is no node \"{shown}\"");
        self.wrong_with_help(Code::SC014, at, message, help);
    }

    /// The client of this name: c0, c1, ... An unknown name is a mistake.
    pub(crate) fn client(&mut self, at: &str, name: &NodeName) -> Option<ClientId> {
        let known = client_number(&name.0).filter(|number| *number < self.clients);
        if known.is_none() {
            let shown: String = name.0.chars().take(40).collect();
            let message = format!("there is no client \"{shown}\"");
            let help = match self.clients {
                0 => "this scenario has no clients: set clients.count".to_owned(),
                1 => "the only client is c0".to_owned(),
                count => format!("the clients are c0 to c{}", count - 1),
            };
            self.wrong_with_help(Code::SC014, at, message, Some(help));
        }
        known.map(ClientId)
    }

    /// The nodes and clients of these names; `all` means every node.
    pub(crate) fn ends(&mut self, at: &str, selector: &Selector) -> Option<Ends> {
        let names = match selector {
            Selector::Nodes(names) => names,
            Selector::All => {
                let count = u32::try_from(self.nodes.len()).ok()?;
                return Some(NodeSet::first(count.min(16)).into());
            }
            drawn => {
                let message = format!("\"{drawn}\" depends on the run, but this field takes names");
                let help = Some("write names, or \"all\"".to_owned());
                self.wrong_with_help(Code::SC030, at, message, help);
                return None;
            }
        };
        if names.is_empty() {
            self.wrong(Code::SC029, at, "the list of names is empty");
            return None;
        }
        let mut ends = Ends::default();
        for (i, name) in names.iter().enumerate() {
            let at = format!("{at}/{i}");
            if self.nodes.contains(name) || client_number(&name.0).is_none() {
                ends.insert(self.node(&at, name)?.into());
            } else {
                ends.insert(self.client(&at, name)?.into());
            }
        }
        Some(ends)
    }

    /// The nodes of these names; `all` means every node.
    pub(crate) fn only_nodes(&mut self, at: &str, selector: &Selector) -> Option<NodeSet> {
        let ends = self.ends(at, selector)?;
        if ends.iter().any(|end| matches!(end, Endpoint::Client(_))) {
            let message = "this field takes nodes, not clients";
            self.wrong(Code::SC014, at, message);
            return None;
        }
        Some(ends.nodes)
    }

    /// Reports a mistake if no bug has this name.
    pub(crate) fn bug(&mut self, at: &str, name: &str) {
        if name.parse::<Bug>().is_err() {
            let shown: String = name.chars().take(40).collect();
            let message = format!("there is no bug \"{shown}\"");
            let help = did_you_mean(name, Bug::ALL.iter().map(|bug| bug.id()));
            self.wrong_with_help(Code::SC037, at, message, help);
        }
    }

    /// Reports a random choice, which a stepped scenario cannot have.
    pub(crate) fn chance(&mut self, at: &str, what: &str) {
        let message = format!("{what} is random, but a stepped scenario has no randomness");
        let help = Some("name the nodes".to_owned());
        self.wrong_with_help(Code::SC035, at, message, help);
    }
}

/// The number in the name of a client, whether the client exists or not.
fn client_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('c')?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    (plain && (digits == "0" || !digits.starts_with('0'))).then(|| digits.parse().ok())?
}
