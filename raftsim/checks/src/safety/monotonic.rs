//! Within an incarnation term, commit index, applied index and, for a leader, match indices never
//! go back.

use raft_core::{Index, Progress, RoleKind};
use simulator::NodeId;
use sut::{Property, engine_id};

use super::{Core, Found, Safety, Watched};
use crate::subject::Subject;

impl Safety {
    /// Within an incarnation term, commit index, applied index and, for a leader, match indices
    /// never go back.
    pub(super) fn monotonic(&mut self, id: NodeId, raft: &Core, applied: u64) -> Result<(), Found> {
        self.count(Property::MonotonicState);
        let (term, commit) = (raft.current_term(), raft.commit_index().0);
        let watched = &mut self.nodes[id.0 as usize];
        if term < watched.term || commit < watched.commit || applied < watched.applied {
            let falls = [
                ("term", watched.term.0, term.0),
                ("commit index", watched.commit, commit),
                ("applied index", watched.applied, applied),
            ];
            let fall = falls.into_iter().find(|(_, was, is)| is < was);
            let (what, was, is) = fall.expect("one of them fell");
            return Err(self.fall(id, Subject::Node(id), what, was, is));
        }
        let leads = raft.role() == RoleKind::Leader;
        let went_on = leads && watched.role == Some(RoleKind::Leader) && watched.term == term;
        if went_on {
            if let Some((peer, was)) = watched.match_falls(raft.progress()) {
                let (was, is, peer) = (was.0, peer.match_index.0, peer.id);
                let what = format!("match index of {}", self.name_of(peer));
                let subject = Subject::Match {
                    leader: id,
                    peer: engine_id(peer),
                };
                return Err(self.fall(id, subject, &what, was, is));
            }
        } else if leads {
            watched.matches = raft
                .progress()
                .iter()
                .map(|peer| (peer.id, peer.match_index))
                .collect();
        }
        watched.applied = applied;
        Ok(())
    }

    pub(super) fn fall(
        &self,
        id: NodeId,
        subject: Subject,
        what: &str,
        was: u64,
        is: u64,
    ) -> Found {
        let facts = [
            format!("{}'s {what} was {was}", self.name(id)),
            format!("it is {is} now"),
        ];
        Found {
            property: Property::MonotonicState,
            subject,
            facts,
        }
    }
}

impl Watched {
    /// The first follower whose match index went back, with the earlier index.
    fn match_falls<'p>(&mut self, members: &'p [Progress]) -> Option<(&'p Progress, Index)> {
        if members.len() != self.matches.len() {
            self.follow_members(members);
        }
        for (place, peer) in members.iter().enumerate() {
            if self.matches[place].0 != peer.id {
                self.follow_members(members);
            }
            let (_, was) = &mut self.matches[place];
            if peer.match_index < *was {
                return Some((peer, *was));
            }
            *was = peer.match_index;
        }
        None
    }

    /// The list of members has changed. A server that is added again starts with a new match index.
    fn follow_members(&mut self, members: &[Progress]) {
        let known = std::mem::take(&mut self.matches);
        let before = |id| known.iter().find(|(known, _)| *known == id);
        self.matches = members
            .iter()
            .map(|peer| (peer.id, before(peer.id).map_or(Index(0), |(_, was)| *was)))
            .collect();
    }
}
