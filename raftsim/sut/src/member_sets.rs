//! The members of a cluster as a text: `S1 S2 S3 -> S1 S4 + S5`, `S1 S2 S3, witnesses S3`.

use raft_core::Configuration;
use simulator::NodeId;

use super::node_set::NodeSet;

/// The members of a cluster: the voters, the outgoing voters while a joint configuration is in
/// force, the learners, and the witnesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberSets {
    /// The voters; in a joint configuration, those of the incoming half.
    pub voters: NodeSet,
    /// The voters of the outgoing half.
    pub outgoing: NodeSet,
    /// The learners.
    pub learners: NodeSet,
    /// The members that hold no data.
    pub witnesses: NodeSet,
}

/// The text for a server that knows no member.
const NOBODY: &str = "nobody";
/// The word before the list of witnesses.
const WITNESSES: &str = "witnesses";
/// The syntax of members.
const HOW: &str = "members are written \"S1 S2 S3\", \"S1 S2 -> S1 S3\", \"S1 + S2\" or \"S1 S2 S3, witnesses S3\"";

impl MemberSets {
    /// Reads `VOTERS` or `OUTGOING -> VOTERS`, each optionally with `+ LEARNERS` and with `,
    /// witnesses WITNESSES`, or `nobody`. The names are those of `nodes`.
    ///
    /// # Errors
    /// The mistake in the text.
    pub fn read(text: &str, nodes: &[impl AsRef<str>]) -> Result<Self, String> {
        if text.trim() == NOBODY {
            return Ok(Self::default());
        }
        let set = |names: &str| -> Result<NodeSet, String> {
            let mut set = NodeSet::EMPTY;
            for name in names.split_whitespace() {
                let place = nodes.iter().position(|known| known.as_ref() == name);
                let place = place.and_then(|place| u32::try_from(place).ok());
                let shown: String = name.chars().take(40).collect();
                let id = NodeId(place.ok_or(format!("there is no node \"{shown}\""))?);
                if set.contains(id) {
                    return Err(format!("{shown} stands there twice"));
                }
                set.insert(id);
            }
            Ok(set)
        };
        let (text, witnesses) = match text.split_once(',') {
            Some((members, rest)) => match rest.trim().strip_prefix(WITNESSES) {
                Some(names) => (members, set(names)?),
                None => return Err(HOW.to_owned()),
            },
            None => (text, NodeSet::EMPTY),
        };
        let (outgoing, rest) = match text.split_once("->") {
            Some((outgoing, rest)) => (set(outgoing)?, rest),
            None => (NodeSet::EMPTY, text),
        };
        let (voters, learners) = match rest.split_once('+') {
            Some((voters, learners)) => (set(voters)?, set(learners)?),
            None => (set(rest)?, NodeSet::EMPTY),
        };
        let members = [voters, outgoing, learners];
        let stranger = |id: &NodeId| !members.iter().any(|set| set.contains(*id));
        if let Some(id) = witnesses.iter().find(stranger) {
            let name = nodes[id.0 as usize].as_ref();
            return Err(format!("{name} is a witness there, and no member"));
        }
        match voters.is_empty() || (text.contains("->") && outgoing.is_empty()) {
            true => Err(HOW.to_owned()),
            false => Ok(Self {
                voters,
                outgoing,
                learners,
                witnesses,
            }),
        }
    }

    /// The members as text.
    pub fn show(&self, nodes: &[impl AsRef<str>]) -> String {
        let list = |set: NodeSet| {
            let names = set.iter().map(|id| nodes[id.0 as usize].as_ref());
            names.collect::<Vec<_>>().join(" ")
        };
        if self.voters.is_empty() {
            return NOBODY.to_owned();
        }
        let outgoing = match self.outgoing.is_empty() {
            true => String::new(),
            false => list(self.outgoing) + " -> ",
        };
        let learners = match self.learners.is_empty() {
            true => String::new(),
            false => format!(" + {}", list(self.learners)),
        };
        let witnesses = match self.witnesses.is_empty() {
            true => String::new(),
            false => format!(", {WITNESSES} {}", list(self.witnesses)),
        };
        format!("{outgoing}{}{learners}{witnesses}", list(self.voters))
    }
}

impl From<&Configuration> for MemberSets {
    fn from(configuration: &Configuration) -> Self {
        let set =
            |ids: &[raft_core::NodeId]| ids.iter().map(|id| crate::ids::engine_id(*id)).collect();
        Self {
            voters: set(configuration.incoming()),
            outgoing: set(configuration.outgoing()),
            learners: set(configuration.learners()),
            witnesses: set(configuration.witnesses()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_survive_the_round_trip() {
        let nodes = ["S1", "S2", "S3", "S4"];
        for text in [
            "nobody",
            "S1",
            "S1 S2 S3",
            "S1 S2 -> S1 S3",
            "S1 S2 -> S3 + S2 S4",
            "S1 + S4",
            "S1 S2 S3, witnesses S3",
            "S1 S2 -> S3 + S2 S4, witnesses S2 S3",
        ] {
            let read = MemberSets::read(text, &nodes).unwrap();
            assert_eq!(read.show(&nodes), text);
        }
        for text in [
            "",
            "S9",
            "S1 S1",
            "-> S1",
            "S1 ->",
            "+ S1",
            "S1 -> + S2",
            "S1, witnesses S2",
            "S1, S2",
        ] {
            assert!(MemberSets::read(text, &nodes).is_err(), "{text}");
        }
    }
}
