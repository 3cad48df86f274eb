//! The settings of a planted bug, without which it has no visible effect.

use scenario::Resolved;
use sut::bugs::Bug;

/// Changes the settings of a scenario as the bug needs it. Some bugs consist of settings, and some
/// have a visible effect only without another guard.
pub fn prepare(bug: Bug, scenario: &mut Resolved) {
    match bug {
        Bug::L07 | Bug::M10 => {
            scenario.raft.pre_vote = false;
            scenario.raft.quiescence = false;
            scenario.raft.stickiness = false;
        }
        Bug::L10 => {
            scenario.raft.pre_vote = false;
            scenario.raft.quiescence = false;
            // Without pre-votes there is no guarantee that a leader stays.
            for wanted in &mut scenario.expect.eventually {
                wanted.stays = false;
            }
        }
        Bug::Q06 => scenario.raft.stickiness = false,
        Bug::A07 | Bug::A07b => scenario.raft.forward_proposals = true,
        _ => {}
    }
}

/// Gives a scenario the settings that protect against a bug that consists of settings.
pub fn cure(bug: Bug, scenario: &mut Resolved) {
    if matches!(bug, Bug::L07 | Bug::M10) {
        scenario.raft.pre_vote = true;
        scenario.raft.stickiness = true;
    }
}
