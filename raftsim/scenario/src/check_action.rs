//! Checks an action of a step or a fault.

use super::action::Action;
use super::checker::Checker;
use super::codes::Code;
use super::select::{Partition, Selector};

pub(super) fn check_action(checker: &mut Checker<'_>, at: &str, action: &Action) {
    match action {
        Action::Crash(who)
        | Action::Restart(who)
        | Action::Recover(who)
        | Action::Pause(who)
        | Action::Resume(who)
        | Action::Isolate(who)
        | Action::Heal(who)
        | Action::Transfer(who)
        | Action::Campaign(who)
        | Action::StepDown(who)
        | Action::Snapshot(who)
        | Action::Compact(who)
        | Action::RequestSnapshot(who)
        | Action::AddServer(who)
        | Action::AddWitness(who)
        | Action::Promote(who)
        | Action::Demote(who)
        | Action::RemoveServer(who)
        | Action::LeaveJoint(who)
        | Action::Join(who)
        | Action::Bootstrap(who)
        | Action::ForceNewCluster(who) => checker.selector(at, who),
        Action::Replace(replacement) => {
            checker.selector(&format!("{at}/old"), &replacement.old);
            checker.selector(&format!("{at}/new"), &replacement.new);
        }
        Action::Members(change) => {
            checker.selector(&format!("{at}/voters"), &change.voters);
            if let Some(learners) = &change.learners {
                checker.selector(&format!("{at}/learners"), learners);
            }
        }
        Action::Apply(change) => checker.selector(&format!("{at}/node"), &change.node),
        Action::Partition(Partition::Groups(groups)) => check_groups(checker, at, groups),
        Action::Partition(_) => {}
        Action::Cut(route) | Action::Hold(route) | Action::Release(route) => {
            check_route(checker, at, &route.from, &route.to);
        }
        Action::Link(link) => {
            check_route(checker, at, &link.from, &link.to);
            not_empty(checker, at, link.change().is_empty());
        }
        Action::Clock(clock) => {
            checker.selector(&format!("{at}/node"), &clock.node);
            not_empty(checker, at, clock.rate.is_none() && clock.jump.is_none());
        }
        Action::Disk(disk) => {
            checker.selector(&format!("{at}/node"), &disk.node);
            not_empty(checker, at, disk.stall.is_none() && disk.sync.is_none());
        }
        Action::Network(change) => not_empty(checker, at, change.is_empty()),
    }
}

fn not_empty(checker: &mut Checker<'_>, at: &str, empty: bool) {
    if empty {
        checker.wrong(Code::SC029, at, "this changes nothing");
    }
}

fn check_route(checker: &mut Checker<'_>, at: &str, from: &Selector, to: &Selector) {
    checker.selector(&format!("{at}/from"), from);
    checker.selector(&format!("{at}/to"), to);
    if let (Selector::Nodes(from), Selector::Nodes(to)) = (from, to)
        && from.len() == 1
        && from == to
    {
        let message = format!("{} has no link to itself", from[0]);
        checker.wrong(Code::SC029, &format!("{at}/to"), message);
    }
}

fn check_groups(checker: &mut Checker<'_>, at: &str, groups: &[Selector]) {
    not_empty(checker, at, groups.is_empty());
    let mut seen = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        checker.selector(&format!("{at}/{i}"), group);
        let Selector::Nodes(names) = group else {
            continue;
        };
        for name in names {
            if seen.contains(name) {
                let message = format!("{name} is listed twice in this partition");
                checker.wrong(Code::SC031, &format!("{at}/{i}"), message);
            }
            seen.push(name.clone());
        }
    }
}
