//! What belongs to a planted bug beside the wrong decision: settings without which it does not show.

use scenario::Resolved;
use sut::bugs::Bug;

/// Does to a scenario what belongs to the bug: some consist of settings, or show only without
/// another guard.
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
            // Without pre-votes nobody promises that a leader stays.
            for wanted in &mut scenario.expect.eventually {
                wanted.stays = false;
            }
        }
        Bug::Q06 => scenario.raft.stickiness = false,
        Bug::A07 | Bug::A07b => scenario.raft.forward_proposals = true,
        _ => {}
    }
}

/// Gives a scenario the settings that protect from a bug which consists of settings.
pub fn cure(bug: Bug, scenario: &mut Resolved) {
    if matches!(bug, Bug::L07 | Bug::M10) {
        scenario.raft.pre_vote = true;
        scenario.raft.stickiness = true;
    }
}
