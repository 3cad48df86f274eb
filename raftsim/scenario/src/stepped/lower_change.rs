//! Lowers a change of members: names become numbers.

use raft_core::{Change, ChangeOptions, Configuration, Members};
use sut::raft_id;

use super::written::WrittenChange;
use crate::checker::Checker;
use crate::codes::Code;
use crate::select::NodeName;

/// The command for a change; `None` after a mistake.
pub(super) fn command(
    checker: &mut Checker<'_>,
    at: &str,
    written: &WrittenChange,
) -> Option<kv::Operator> {
    check_only_one(checker, at, written)?;
    let how = ChangeOptions {
        forced: written.forced,
        stays_joint: written.stays_joint,
    };
    let mut one = |field: &str, name: &Option<NodeName>| {
        let name = name.as_ref()?;
        checker.node(&format!("{at}/{field}"), name).map(raft_id)
    };
    let change = if written.leave {
        Change::Leave
    } else if written.add.is_some() {
        Change::Add(one("add", &written.add)?)
    } else if written.add_witness.is_some() {
        Change::AddWitness(one("add_witness", &written.add_witness)?)
    } else if written.promote.is_some() {
        Change::Promote(one("promote", &written.promote)?)
    } else if written.demote.is_some() {
        Change::Demote(one("demote", &written.demote)?)
    } else if written.remove.is_some() {
        Change::Remove(one("remove", &written.remove)?)
    } else if written.replace.is_some() {
        let (old, new) = (one("replace", &written.replace), one("by", &written.by));
        Change::Replace {
            old: old?,
            new: new?,
        }
    } else {
        to(checker, at, written)?
    };
    Some(kv::Operator::Change { change, how })
}

fn to(checker: &mut Checker<'_>, at: &str, written: &WrittenChange) -> Option<Change> {
    let mut set = |field: &str, names: &Option<Vec<NodeName>>| -> Option<Members> {
        let names = names.iter().flatten().enumerate();
        let ids = names.map(|(i, name)| checker.node(&format!("{at}/{field}/{i}"), name));
        ids.map(|id| id.map(raft_id)).collect()
    };
    let voters = set("voters", &written.voters)?;
    let learners = set("learners", &written.learners)?;
    if let Err(why) = Configuration::new(&voters, &[], &learners) {
        let message = match why {
            raft_core::ConfigurationError::Twice(id) => {
                let place = sut::engine_id(id).0 as usize;
                format!("{} is listed twice", checker.nodes[place])
            }
            other => other.to_string(),
        };
        checker.wrong(Code::SC029, &format!("{at}/voters"), message);
        return None;
    }
    Some(Change::To { voters, learners })
}

/// Reports a mistake unless there is exactly one change.
fn check_only_one(checker: &mut Checker<'_>, at: &str, written: &WrittenChange) -> Option<()> {
    let given = [
        ("add", written.add.is_some()),
        ("add_witness", written.add_witness.is_some()),
        ("promote", written.promote.is_some()),
        ("demote", written.demote.is_some()),
        ("remove", written.remove.is_some()),
        ("replace", written.replace.is_some()),
        ("voters", written.voters.is_some()),
        ("leave", written.leave),
    ];
    let names: Vec<_> = given
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    let paired = [
        (
            "by",
            written.by.is_some(),
            "replace",
            written.replace.is_some(),
        ),
        (
            "learners",
            written.learners.is_some(),
            "voters",
            written.voters.is_some(),
        ),
    ];
    for (field, is, of, there) in paired {
        if is && !there {
            let message = format!("\"{field}\" belongs to \"{of}\"");
            checker.wrong(Code::SC027, &format!("{at}/{field}"), message);
            return None;
        }
    }
    if written.replace.is_some() && written.by.is_none() {
        checker.wrong(Code::SC008, at, "the field \"by\" is missing");
        return None;
    }
    let message = match names.len() {
        1 => return Some(()),
        0 => "there is no change here".to_owned(),
        _ => format!("there are several changes here: {}", names.join(", ")),
    };
    let known = given.map(|(name, _)| name).join(", ");
    let help = Some(format!("give one of {known}"));
    checker.wrong_with_help(Code::SC029, at, message, help);
    None
}
