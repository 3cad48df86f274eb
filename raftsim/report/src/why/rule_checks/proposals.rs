//! Wrong decisions about forwarded requests.

use raft_core::{Body, Event, RoleKind, RuleId};

use super::NodeStep;
use crate::why::node_state::node_of;
use crate::why::observed::Received;

pub(super) fn check(step: &mut NodeStep<'_>) {
    let Some(Received { from, message, .. }) = &step.observed.received else {
        return;
    };
    let Body::Propose { .. } = message.body else {
        return;
    };
    let (own, from) = (step.own().to_owned(), step.name(*from).to_owned());
    let steps_down = |event: &Event| {
        matches!(
            event,
            Event::Became {
                role: RoleKind::Follower,
                rule: RuleId::HigherTerm,
                ..
            }
        )
    };
    if step.observed.decisions().any(steps_down) {
        let term = message.term;
        let text = format!("{own} follows {from} into {term} because of a request it passes on");
        step.add(RuleId::ForwardNoTerm, None, text);
    }
    for event in step.observed.decisions() {
        if let Event::ProposalForwarded { leader } = event {
            let to = step.name(node_of(*leader));
            let text = format!("{own} passes on to {to} what {from} has passed on");
            step.add(RuleId::ForwardOnce, None, text);
        }
    }
}
