//! Leader priority. Not in the paper; other implementations have it.
//!
//! A voter puts off candidates of a lower priority than its own. That can keep a server out, where a
//! majority is of a higher priority; it cannot put one in, since the others may elect each other
//! without it. Only equal logs are compared so: who has the newer log can always win, and who is
//! preferred but cannot win stands in nobody's way for longer than a few election timeouts.

use crate::event::VoteRefusal;
use crate::message::Claim;
use crate::raft::Raft;
use crate::rules::Rules;

impl<R: Rules + ?Sized> Raft<R> {
    /// Why a candidate whose log would do is put off for a better one, if it is.
    pub(crate) fn priority_refusal(&self, claim: &Claim) -> Option<VoteRefusal> {
        let (theirs, own) = (claim.priority?, self.settings.priority);
        let newer = !self.rules.log_is_up_to_date(self.log.last(), claim.last);
        let leaderless = self.now.since(self.leaderless_since);
        let longest = self.settings.election_timeout_max;
        let refused = self
            .rules
            .lower_priority_is_refused(theirs, own, newer, leaderless, longest);
        refused.then_some(VoteRefusal::LowerPriority {
            theirs,
            own,
            leaderless,
        })
    }
}
