//! An idle cluster falls silent, and wakes when it gets work. Not in the paper. Systems that run
//! many groups on few machines have it, because heartbeats would be most of their traffic.
//!
//! A leader asks for silence with [`Body::Sleep`] if every member holds its whole log, all of it is
//! committed, and it had no work for a few heartbeats. A follower agrees if it holds the same log,
//! knows all of it to be committed and waits for nothing. It then stops its election timer. Once
//! *all* members have agreed, the leader stops sending. No server then has a deadline.
//!
//! # Why this is correct
//!
//! - **Safety does not depend on silence.** A sleeping server keeps its term, vote, log and commit
//!   index, and follows every rule when a message arrives. It does nothing, which a server may do
//!   at any time. Waking is always allowed, so a server wakes in case of doubt; only falling asleep
//!   needs care.
//! - **No member is left behind.** A leader falls silent only if every member, learners too, agreed
//!   to the present question. So each sleeping member has every entry and knows that it is
//!   committed. A late question or answer, from before the leader last woke, does not count: the
//!   follower compares `seq`, the leader `sent_at`.
//! - **A request uncovers a dead leader.** A follower wakes and starts its election timer if its
//!   driver asks it for anything, or if another server asks it for a vote. If it hears nothing, it
//!   asks for pre-votes, and those wake the others. A server that may not campaign calls all
//!   members instead. Servers that restart are awake, so they do the same.
//! - **A healthy leader stays.** A sleeping follower relied on the silence that it agreed to, so
//!   when it wakes it counts the leader as just heard from ([`Rules::heard_after_sleep`]). It
//!   refuses votes for one more election timeout, and tells the leader with [`Body::WakeUp`]. That
//!   message, like a pre-vote, wakes the leader, which sends heartbeats at once. If both messages
//!   are lost, the next pre-vote does the same.
//! - **Why pre-vote is needed.** Without it, a follower that woke and whose one call to the leader
//!   was lost would raise its term and depose a healthy leader. An awake cluster tolerates the loss
//!   of several heartbeats. So [`Settings::validate`](crate::Settings::validate) refuses quiescence
//!   without pre-vote.
//! - **A silent leader has no lease**, and may have been deposed without knowing it. Reads wake it:
//!   a lease read finds the lease expired, and asks a quorum like any other read. A follower's
//!   promise still counts only from the message that it answered. Three decisions count time from
//!   when the leader woke: check-quorum, the answer to pre-votes against it, and the check for live
//!   members in a change.
//!
//! A member that is down keeps the others awake, because the leader must be there for its return. A
//! removed server that does not know of its removal keeps asking for pre-votes, and keeps them
//! awake, too.

use crate::effect::Input;
use crate::event::{Event, Observer};
use crate::message::{Body, Message, MessageKind};
use crate::progress::Progress;
use crate::raft::Raft;
use crate::role::{Quiet, Role};
use crate::rules::Rules;
use crate::types::{EntryId, Instant, NodeId};

/// The number of heartbeats without work after which a leader asks for silence.
const BEATS: u8 = 2;

impl<R: Rules + ?Sized> Raft<R> {
    /// Whether this server is silent until it gets work.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        match &self.role {
            Role::Follower(follower) => follower.asleep,
            Role::Leader(leader) => leader.quiet == Quiet::Asleep,
            Role::PreCandidate(_) | Role::Candidate(_) => false,
        }
    }

    // ---- the leader -------------------------------------------------------------------------

    /// The last instant at which this leader woke.
    pub(crate) fn awake_since(&self) -> Instant {
        match &self.role {
            Role::Leader(leader) => match leader.quiet {
                Quiet::Awake { since, .. } => since,
                Quiet::Asking { .. } | Quiet::Asleep => Instant(0),
            },
            _ => Instant(0),
        }
    }

    /// Whether this leader may be silent: no request and no entry is pending.
    pub(crate) fn is_calm(&self) -> bool {
        let Role::Leader(leader) = &self.role else {
            return false;
        };
        let last = self.log.last_index();
        let timeout = self.settings.election_timeout_min;
        let content = |peer: &Progress| {
            peer.match_index == last
                && peer.sending.is_none()
                && self.now.since(peer.contact) < timeout
        };
        self.commit_index == last
            && self.durability.waiting_since().is_none()
            && leader.transfer.is_none()
            && self.reads_waiting() == 0
            && !self.is_unsettled()
            && leader.peers.iter().all(content)
    }

    /// Asks for silence in place of a due heartbeat, if possible. Returns whether it did. The
    /// message is as good a sign of life.
    pub(crate) fn ask_for_silence<O: Observer>(&mut self, observer: &mut O) -> bool {
        let (calm, now) = (self.is_calm(), self.now);
        let last = self.log.last();
        let Role::Leader(leader) = &mut self.role else {
            return false;
        };
        match &mut leader.quiet {
            Quiet::Awake { beats, .. } if !calm => {
                *beats = 0;
                return false;
            }
            Quiet::Awake { beats, .. } if *beats < BEATS => {
                *beats += 1;
                return false;
            }
            Quiet::Awake { .. } => {
                leader.quiet = Quiet::Asking { since: now };
                leader.peers.iter_mut().for_each(|peer| peer.agreed = false);
            }
            Quiet::Asking { .. } if calm => {}
            // This heartbeat wakes every follower that has already agreed.
            Quiet::Asking { .. } | Quiet::Asleep => {
                leader.quiet = Quiet::Awake {
                    since: now,
                    beats: 0,
                };
                return false;
            }
        }
        for place in 0..leader.peers.len() {
            self.send_sleep(place, last);
        }
        self.fall_silent(observer);
        true
    }

    fn send_sleep(&mut self, place: usize, last: EntryId) {
        let sent_at = self.now;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let peer = &mut leader.peers[place];
        peer.sent_seq += 1;
        let (to, seq) = (peer.id, peer.sent_seq);
        self.send(to, Body::Sleep { last, seq, sent_at });
    }

    /// Handles a follower's answer.
    pub(crate) fn handle_sleep_reply<O: Observer>(
        &mut self,
        from: NodeId,
        agreed: bool,
        echo: (u64, Instant),
        observer: &mut O,
    ) {
        let Some(place) = self.heard_from(from, MessageKind::SleepReply, echo, observer) else {
            return;
        };
        let now = self.now;
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        let Quiet::Asking { since } = leader.quiet else {
            return;
        };
        // An answer to an earlier question does not count for this one.
        if echo.1 < since {
            return;
        }
        if agreed {
            leader.peers[place].agreed = true;
            self.fall_silent(observer);
        } else {
            leader.quiet = Quiet::Awake {
                since: now,
                beats: 0,
            };
        }
    }

    /// Stops sending once every member has agreed.
    fn fall_silent<O: Observer>(&mut self, observer: &mut O) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if leader.peers.iter().all(|peer| peer.agreed) {
            leader.quiet = Quiet::Asleep;
            let last = self.log.last();
            observer.event(Event::FellAsleep { last });
        }
    }

    /// Wakes the leader because it got work. If it had asked for silence, it sends heartbeats at
    /// once.
    fn wake_leader<O: Observer>(&mut self, observer: &mut O) {
        let next = self.now.after(self.settings.heartbeat);
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if let Quiet::Awake { beats, .. } = &mut leader.quiet {
            *beats = 0;
            return;
        }
        if leader.quiet == Quiet::Asleep {
            observer.event(Event::Woke);
        }
        leader.quiet = Quiet::Awake {
            since: self.now,
            beats: 0,
        };
        leader.next_heartbeat = next;
        self.send_to_all(true, observer);
    }

    // ---- the follower -----------------------------------------------------------------------

    /// Handles the leader's request for silence after this entry.
    pub(crate) fn handle_sleep<O: Observer>(
        &mut self,
        from: NodeId,
        last: EntryId,
        (seq, sent_at): (u64, Instant),
        observer: &mut O,
    ) {
        let late = matches!(&self.role, Role::Follower(follower) if seq <= follower.newest_seq);
        // A message sent later has already arrived, so the leader may be awake by now.
        if !self.follow(from, seq, sent_at, observer) || late {
            return;
        }
        let agreed = self.settings.quiescence
            && self.log.last() == last
            && self.commit_index == last.index
            && self.reads_waiting() == 0
            && self.proposals_forwarded() == 0;
        if agreed {
            self.fall_asleep(last, observer);
        }
        self.send(
            from,
            Body::SleepReply {
                agreed,
                seq,
                sent_at,
            },
        );
    }

    fn fall_asleep<O: Observer>(&mut self, last: EntryId, observer: &mut O) {
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        if !follower.asleep {
            follower.asleep = true;
            self.election_deadline = None;
            observer.event(Event::FellAsleep { last });
        }
    }

    fn wake_follower<O: Observer>(&mut self, by_leader: bool, observer: &mut O) {
        let Role::Follower(follower) = &mut self.role else {
            return;
        };
        if !follower.asleep || !(by_leader || self.rules.asked_sleeper_wakes()) {
            return;
        }
        follower.asleep = false;
        let leader = follower.leader;
        self.heard_at = self.rules.heard_after_sleep(self.heard_at, self.now);
        self.leaderless_since = self.heard_at;
        let timeout = self.fresh_election_deadline().since(self.now);
        self.election_deadline = Some(self.heard_at.after(timeout));
        observer.event(Event::Woke);
        if let Some(leader) = leader.filter(|_| !by_leader) {
            self.send(leader, Body::WakeUp);
        }
    }

    /// Calls all members because this server hears no leader and may not campaign. A sleeping
    /// member that may campaign must learn of that.
    pub(crate) fn call_members(&mut self) {
        for member in self.configuration().members() {
            if member != self.id {
                self.send(member, Body::WakeUp);
            }
        }
    }

    // ---- both -------------------------------------------------------------------------------

    fn wake_up<O: Observer>(&mut self, by_leader: bool, observer: &mut O) {
        match &self.role {
            Role::Leader(_) => self.wake_leader(observer),
            Role::Follower(_) => self.wake_follower(by_leader, observer),
            Role::PreCandidate(_) | Role::Candidate(_) => {}
        }
    }

    /// Wakes a sleeping server when its driver sends it a request.
    pub(crate) fn wake_for_input<O: Observer>(&mut self, input: &Input<'_>, observer: &mut O) {
        match input {
            Input::Propose { .. }
            | Input::Read { .. }
            | Input::RequestSnapshot
            | Input::Transfer { .. }
            | Input::Campaign
            | Input::StepDown
            | Input::Change { .. }
            | Input::ForceNewCluster => self.wake_up(false, observer),
            Input::Receive { .. }
            | Input::Bootstrap
            | Input::Wake
            | Input::Written { .. }
            | Input::SnapshotTaken { .. }
            | Input::Compact { .. }
            | Input::PieceStored { .. }
            | Input::SnapshotDamaged { .. } => {}
        }
    }

    /// Wakes a sleeping server when another server sends it a request. Answers wake no server, and
    /// neither does a message that the leader sent before it asked for silence.
    pub(crate) fn wake_for_message<O: Observer>(
        &mut self,
        from: NodeId,
        message: &Message,
        observer: &mut O,
    ) {
        let by_leader = match &message.body {
            Body::AppendEntries(append) => Some(append.seq),
            Body::InstallSnapshot(install) => Some(install.seq),
            Body::TimeoutNow => Some(u64::MAX),
            _ => None,
        };
        let late = match (&self.role, by_leader) {
            // A message from the leader of an older term wakes no server either.
            (_, Some(_)) if message.term < self.current_term => true,
            (Role::Follower(follower), Some(seq)) => {
                let same = message.term == self.current_term && follower.leader == Some(from);
                same && seq <= follower.newest_seq
            }
            _ => false,
        };
        let asks = match &message.body {
            Body::PreVote { .. }
            | Body::RequestVote { .. }
            | Body::ReadIndex { .. }
            | Body::Propose { .. }
            | Body::WakeUp => true,
            _ => by_leader.is_some(),
        };
        if asks && !late {
            self.wake_up(by_leader.is_some(), observer);
        }
    }
}
