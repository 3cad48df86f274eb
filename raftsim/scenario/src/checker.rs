//! Collects the mistakes of one file.

use super::codes::Code;
use super::diagnostic::Finding;
use super::select::{NodeName, Selector, WORDS};
use super::suggest::did_you_mean;
use super::tree::{Tree, path};
use super::typed::from_param;

/// The most steps and faults of a file.
pub(crate) const MAX_STEPS: usize = 1_000;

/// One file, and the mistakes found in it so far.
pub(crate) struct Checker<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) nodes: Vec<NodeName>,
    /// The number of clients.
    pub(crate) clients: u32,
    /// The names that a script has defined for nodes so far.
    pub(crate) names: Vec<String>,
    /// The longest value that fits into a message.
    pub(crate) room: u64,
    pub(crate) findings: Vec<Finding>,
}

impl Checker<'_> {
    /// Reports a mistake in the value at `at` (such as `phases/0/for`). If there is no such value, the
    /// mistake is shown at the object that should contain it.
    pub(crate) fn wrong(&mut self, code: Code, at: &str, message: impl Into<String>) {
        self.wrong_with_help(code, at, message, None);
    }

    pub(crate) fn wrong_with_help(
        &mut self,
        code: Code,
        at: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let tree = self.tree.at(&path(at));
        let finding = Finding::new(code, tree.mark(), message).maybe_help(help);
        self.findings.push(from_param(finding, tree));
    }

    pub(crate) fn bounds<T: PartialOrd + std::fmt::Display>(
        &mut self,
        at: &str,
        value: T,
        low: T,
        high: T,
    ) {
        if value < low || value > high {
            self.wrong(
                Code::SC026,
                at,
                format!("{value} is out of bounds: from {low} to {high}"),
            );
        }
    }

    /// Checks that the nodes of a selector exist, and that there is at least one.
    pub(crate) fn selector(&mut self, at: &str, selector: &Selector) {
        match selector {
            Selector::Nodes(names) if names.is_empty() => {
                self.wrong(Code::SC029, at, "the list of nodes is empty");
            }
            Selector::Nodes(names) => {
                for (i, name) in names.iter().enumerate() {
                    if !self.nodes.contains(name) && !self.is_given(name) {
                        self.unknown_node(&format!("{at}/{i}"), name);
                    }
                }
            }
            Selector::Random(count) => {
                let nodes = self.nodes.len();
                if *count == 0 || usize::try_from(*count).is_ok_and(|count| count > nodes) {
                    let message =
                        format!("random:{count} is out of bounds: from 1 to {nodes} nodes");
                    self.wrong(Code::SC026, at, message);
                }
            }
            _ => {}
        }
    }

    /// Whether a script defined this name, or its base if it has an offset: `L+1`.
    fn is_given(&self, name: &NodeName) -> bool {
        let (base, _) = name.offset(self.nodes.len());
        self.names.iter().any(|known| known == base)
    }

    pub(crate) fn unknown_node(&mut self, at: &str, name: &NodeName) {
        let shown: String = name.0.chars().take(40).collect();
        let names = self.nodes.iter().map(|known| known.0.as_str());
        let names = names.chain(self.names.iter().map(String::as_str));
        let help = did_you_mean(&name.0, names.chain(WORDS).collect::<Vec<_>>());
        self.wrong_with_help(
            Code::SC014,
            at,
            format!("there is no node \"{shown}\""),
            help,
        );
    }

    /// Checks a selector in a field that is read before the run.
    pub(crate) fn static_selector(&mut self, at: &str, selector: &Selector) {
        if selector.is_static() {
            return self.selector(at, selector);
        }
        let message =
            format!("\"{selector}\" depends on the run, but this field is read before the run");
        self.wrong_with_help(
            Code::SC030,
            at,
            message,
            Some("write names, or \"all\"".to_owned()),
        );
    }
}
