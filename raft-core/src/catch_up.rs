//! A newcomer catches up before it has a vote (dissertation §4.2.1). Otherwise the cluster would
//! wait for it with every entry.
//!
//! In a round it receives the entries that the log held at the start of the round. A round shorter
//! than an election timeout shows that it keeps up. If none of ten rounds is short enough, or the
//! newcomer makes no progress, the leader gives up the change and tells the operator why.

use crate::event::{Event, Observer};
use crate::raft::Raft;
use crate::request::ChangeFailure;
use crate::role::Role;
use crate::rules::Rules;

/// The most rounds that a newcomer may take.
const ROUNDS: u64 = 10;

/// Gives up on a newcomer that makes no progress for this many maximum election timeouts.
const TIMEOUTS_WITHOUT_PROGRESS: u64 = 10;

/// The result of a look at a newcomer.
enum Seen {
    Waits,
    Ready,
    Failed(ChangeFailure),
}

impl<R: Rules + ?Sized> Raft<R> {
    /// Checks the progress of newcomers.
    pub(crate) fn watch_newcomers<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &self.role else {
            return;
        };
        let Some(changing) = leader.change.as_deref() else {
            return;
        };
        for place in 0..changing.newcomers.len() {
            match self.look_at(place, observer) {
                Seen::Waits | Seen::Ready => {}
                Seen::Failed(why) => return self.fail_change(why, observer),
            }
        }
        self.go_on_with_change(observer);
    }

    fn look_at<O: Observer>(&mut self, place: usize, observer: &mut O) -> Seen {
        let (now, last) = (self.now, self.log.last_index());
        let (shortest, longest) = (
            self.settings.election_timeout_min,
            self.settings.election_timeout_max,
        );
        let Role::Leader(leader) = &mut self.role else {
            return Seen::Waits;
        };
        let Some(changing) = leader.change.as_deref_mut() else {
            return Seen::Waits;
        };
        let newcomer = &mut changing.newcomers[place];
        if newcomer.ready {
            return Seen::Ready;
        }
        let peer = newcomer.id;
        let progress = leader.peers.iter().find(|progress| progress.id == peer);
        let Some(progress) = progress else {
            return Seen::Failed(ChangeFailure::NoMember(peer));
        };
        newcomer.note(progress, now);
        let over = progress.match_index >= newcomer.through;
        let took = over.then(|| now.since(newcomer.began));
        if self.rules.newcomer_is_ready(took, shortest) {
            newcomer.ready = true;
            observer.event(Event::CaughtUp { peer });
            return Seen::Ready;
        }
        if let Some(took) = took {
            let round = newcomer.round;
            observer.event(Event::CatchUpRound { peer, round, took });
            if round == ROUNDS {
                return Seen::Failed(ChangeFailure::TooSlow(peer));
            }
            newcomer.round += 1;
            (newcomer.began, newcomer.through) = (now, last);
        } else if now.since(newcomer.since).0 > longest.0.saturating_mul(TIMEOUTS_WITHOUT_PROGRESS)
        {
            return Seen::Failed(ChangeFailure::Silent(peer));
        }
        Seen::Waits
    }
}
