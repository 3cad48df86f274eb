//! Leader priority. Not in the paper; other implementations have it.
//!
//! A voter refuses candidates of a lower priority than its own for a time. This can keep a server
//! out if a majority has a higher priority. It cannot force a server in, because the others may
//! elect each other without it. The rule applies only between equal logs: a candidate with a newer
//! log can always win. A preferred server that cannot win blocks others for a few election timeouts
//! at most.

use crate::event::VoteRefusal;
use crate::message::Claim;
use crate::raft::Raft;
use crate::rules::Rules;

impl<R: Rules + ?Sized> Raft<R> {
    /// The reason for refusing a candidate with a sufficient log in favour of a preferred server,
    /// if there is one.
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
