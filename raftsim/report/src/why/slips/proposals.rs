//! Requests that no correct server passes on, or takes for more than a request.

use raft_core::{Body, Event, RoleKind, RuleId};

use super::Scene;
use crate::why::moment::What;
use crate::why::now::node_of;

pub(super) fn check(scene: &mut Scene<'_>) {
    let What::Receive { from, message, .. } = &scene.moment.what else {
        return;
    };
    let Body::Propose { .. } = message.body else {
        return;
    };
    let (own, from) = (scene.own().to_owned(), scene.name(*from).to_owned());
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
    if scene.moment.decisions.iter().any(steps_down) {
        let term = message.term;
        let text = format!("{own} follows {from} into {term} because of a request it passes on");
        scene.slip(RuleId::ForwardNoTerm, None, text);
    }
    for event in &scene.moment.decisions {
        if let Event::ProposalForwarded { leader } = event {
            let to = scene.name(node_of(*leader));
            let text = format!("{own} passes on to {to} what {from} has passed on");
            scene.slip(RuleId::ForwardOnce, None, text);
        }
    }
}
