//! Whether a leader does with the members what operators asked for, and what goes with that: who gets
//! a vote holds the log, a quorum of the next voters lives, and a leader that is taken out sees to it
//! that the others learn of it.

use raft_core::{RoleKind, Term};
use simulator::{Action, Cluster, Endpoint, NodeId, Step};
use sut::{NodeSet, Operator, Property, Server, engine_id};

use super::{Core, Found, Safety};
use crate::configurations::Sets;
use crate::requested_change::{RequestedChange, but};
use crate::subject::Subject;

const AS_ASKED: Property = Property::MembersAsAsked;

/// What a node was asked while it leads, and what it knows of the others. Times are its own clock's.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// What it was asked and has not answered.
    asks: Vec<Ask>,
    /// When each node was last heard from.
    heard: Vec<u64>,
    /// It has asked the others for silence.
    quiescing: bool,
    /// As a leader without a vote: when each voter last followed, as it believes itself.
    followed: Option<Vec<(NodeId, u64)>>,
    /// When its disk last finished something, or had nothing to do.
    disk_at: u64,
}

/// One change that a leader was asked for.
#[derive(Clone, Debug)]
struct Ask {
    wish: RequestedChange,
    /// Where its log ended once it had begun with it.
    through: u64,
    /// What it knew to be committed then.
    committed: u64,
}

/// A node as a step found it.
#[derive(Clone, Copy)]
pub(super) struct Knew {
    /// It led the term that it is in after the step.
    led: bool,
    /// The last entry of its log.
    last: u64,
    members: Sets,
}

/// A configuration that a leader appends.
#[derive(Clone, Copy)]
struct Appended {
    id: NodeId,
    index: u64,
    /// The members before, and those that it holds.
    was: Sets,
    is: Sets,
}

impl Asked {
    fn hear(&mut self, from: NodeId, local: u64) {
        // A name that no node has stands for a node too many.
        if let Some(heard) = self.heard.get_mut(from.0 as usize) {
            *heard = local;
        }
    }

    /// It asks another server for silence.
    pub(super) fn quiesces(&mut self) {
        self.quiescing = true;
    }

    /// A leader that breaks a silence it has asked for counts from then.
    #[inline]
    pub(super) fn breaks_silence(&mut self, local: u64) {
        if self.quiescing {
            self.quiescing = false;
            self.heard.fill(local);
        }
    }
}

impl Safety {
    /// What a node knew before this step, in the term that it is in after it. Notes what it is asked
    /// and whom it hears.
    pub(super) fn known_before(&mut self, id: NodeId, term: Term, step: &Step<'_, Server>) -> Knew {
        let local = local(step);
        let watched = self.watched(id);
        let knew = Knew {
            led: watched.role == Some(RoleKind::Leader) && watched.term == term,
            last: watched.log.last(),
            members: watched.members.latest(),
        };
        if !knew.led {
            watched.asked.asks.clear();
            watched.asked.heard.clear();
            watched.asked.followed = None;
            watched.asked.quiescing = false;
            return knew;
        }
        match step.action {
            Action::Deliver(message) | Action::Duplicate(message) => {
                if let Endpoint::Node(from) = message.from {
                    watched.asked.hear(from, local);
                }
            }
            Action::Operator {
                command: Operator::Command(kv::Operator::Change { change, how }),
                ..
            } => watched.asked.asks.push(Ask {
                wish: RequestedChange {
                    change: change.clone(),
                    how: *how,
                    was: knew.members,
                },
                through: knew.last,
                committed: watched.commit,
            }),
            _ => {}
        }
        knew
    }

    /// What a leader did with the members in this step.
    pub(super) fn as_asked(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        (step, knew): (&Step<'_, Server>, Knew),
    ) -> Result<(), Found> {
        if knew.led {
            if self.nodes[id.0 as usize].members.latest_at() > knew.last {
                self.appended(cluster, id, raft, (step, knew))?;
            }
            self.leads_until_removed(raft, id, step, knew.last)?;
        }
        self.note(cluster, id, raft, step);
        Ok(())
    }

    /// A leader appends configurations.
    fn appended(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        (step, knew): (&Step<'_, Server>, Knew),
    ) -> Result<(), Found> {
        let local = local(step);
        let mut was = knew.members;
        let members = &self.nodes[id.0 as usize].members;
        let appended: Vec<_> = members.after(knew.last).collect();
        for (index, is) in appended {
            let appended = Appended { id, index, was, is };
            let ask = self.was_asked(appended)?;
            if let Some(ask) = ask.filter(|ask| !ask.wish.how.forced) {
                self.voters_hold_the_log(cluster, appended, &ask)?;
                self.voters_were_heard(raft, appended, &ask, local)?;
            }
            for new in but(is.everybody(), was.everybody()).iter() {
                self.watched(id).asked.hear(new, local);
            }
            was = is;
        }
        Ok(())
    }

    /// What a leader appends is the next configuration on the way to what it was asked for, or that
    /// which it leaves a joint one for. The request, if it was asked.
    fn was_asked(&mut self, appended: Appended) -> Result<Option<Ask>, Found> {
        self.count(AS_ASKED);
        let Appended { id, index, was, is } = appended;
        let asks = &self.nodes[id.0 as usize].asked.asks;
        let ask = asks.iter().find(|ask| ask.wish.next(was) == Some(is));
        if ask.is_some() || (was.leaves_itself && is == was.left()) {
            return Ok(ask.cloned());
        }
        let wishes = asks.iter().map(|ask| {
            let (wish, was) = (ask.wish.show(&self.names), ask.wish.was);
            format!("to {wish}, of {}", was.show(&self.names))
        });
        let wishes: Vec<_> = wishes.collect();
        let name = self.name(id);
        let facts = [
            match wishes.is_empty() {
                true => format!("{name} was asked for nothing that it has not answered"),
                false => format!("{name} was asked {}", wishes.join(" and ")),
            },
            format!(
                "after the members {} it appends {} as #{index}",
                was.show(&self.names),
                is.show(&self.names)
            ),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)?;
        Ok(None)
    }

    /// Who gets a vote holds, on its own disk, the leader's log as it was when the change was asked
    /// for.
    ///
    /// Why that is so: the first round of catching up ends when the newcomer has acknowledged that
    /// log, and it acknowledges what is durable. What is durable goes only by a leader of a later
    /// term, and what is committed never goes. So where somebody has led a later term, only what this
    /// leader knew to be committed is asked for.
    fn voters_hold_the_log(
        &mut self,
        cluster: &Cluster<Server>,
        appended: Appended,
        ask: &Ask,
    ) -> Result<(), Found> {
        let Appended { id, index, was, is } = appended;
        let watched = &self.nodes[id.0 as usize];
        let term = usize::try_from(watched.term.0).expect("a run has few terms");
        let deposed = self.leaders.iter().skip(term + 1).any(Option::is_some);
        let due = if deposed { ask.committed } else { ask.through };
        let Some(entry) = watched.log.get(due).filter(|_| !self.recovered) else {
            return Ok(());
        };
        let gained = but(is.voters(), was.voters());
        for new in cluster.nodes().filter(|node| gained.contains(*node)) {
            self.count(AS_ASKED);
            let disk = &cluster.disk(new).0;
            let at = raft_core::Index(due);
            if disk.term_at(at) == Some(entry.term) || at < disk.base().index {
                continue;
            }
            let (name, newcomer) = (self.name(id), self.name(new));
            let wish = ask.wish.show(&self.names);
            let held = disk.last_index();
            let facts = [
                format!(
                    "{name} held #{due}{} when it was asked to {wish}",
                    entry.term
                ),
                format!(
                    "{newcomer} has a vote by #{index}, and its disk holds no such entry: it ends with {held}"
                ),
            ];
            self.object(AS_ASKED, Subject::Node(id), facts)?;
        }
        Ok(())
    }

    /// Of the next voters, a majority was heard of within the longest election timeout, on the
    /// leader's own clock: what was heard of them left later than what they answered, and that is
    /// what the leader goes by. Itself it need not hear, nor a server that it is to write to first.
    fn voters_were_heard(
        &mut self,
        raft: &Core,
        appended: Appended,
        ask: &Ask,
        local: u64,
    ) -> Result<(), Found> {
        let Appended { id, index, was, is } = appended;
        let Some(target) = ask.wish.target().filter(|to| to.incoming != was.incoming) else {
            return Ok(());
        };
        self.count(AS_ASKED);
        let longest = raft.settings().election_timeout_max.0;
        let heard = &self.nodes[id.0 as usize].asked.heard;
        let lives = |node: &NodeId| {
            let heard = heard.get(node.0 as usize);
            let lately = heard.is_some_and(|at| local.saturating_sub(*at) <= longest);
            *node == id || !was.everybody().contains(*node) || lately
        };
        let next = Sets {
            incoming: target.incoming,
            ..Sets::default()
        };
        let Some(short) = next.short(next.incoming.iter().filter(lives).collect()) else {
            return Ok(());
        };
        let name = self.name(id);
        let facts = [
            format!(
                "in the last {} {name} has heard of {} of {}, {} are needed",
                sut::time_text::brief(longest),
                self.listed(short.have),
                self.listed(short.of),
                short.needed()
            ),
            format!("it appends {} as #{index}", is.show(&self.names)),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)
    }

    /// A leader that its latest configuration gives no vote leads on until that is committed. In the
    /// same term only the operator ends that, or its own timer: where it hears of no quorum, or its
    /// disk stands still.
    fn leads_until_removed(
        &mut self,
        raft: &Core,
        id: NodeId,
        step: &Step<'_, Server>,
        last: u64,
    ) -> Result<(), Found> {
        let watched = &self.nodes[id.0 as usize];
        let at = watched.members.latest_at();
        if at <= self.committed.last() {
            return Ok(());
        }
        let latest = watched.members.latest();
        if latest.votes(id) {
            return Ok(());
        }
        self.count(AS_ASKED);
        if raft.role() == RoleKind::Leader || (at <= last && self.may_give_up(raft, id, step)) {
            return Ok(());
        }
        let name = self.name(id);
        let facts = [
            format!(
                "{name} leads {}, and #{at} is not committed, which makes {} the members",
                raft.current_term(),
                latest.show(&self.names)
            ),
            "it leads no more, of its own accord".to_owned(),
        ];
        self.object(AS_ASKED, Subject::Node(id), facts)
    }

    /// Whether a leader may lead no more after this step, in the same term.
    fn may_give_up(&self, raft: &Core, id: NodeId, step: &Step<'_, Server>) -> bool {
        match step.action {
            Action::Operator {
                command: Operator::Command(kv::Operator::StepDown),
                ..
            } => return true,
            Action::Wake(_) => {}
            _ => return false,
        }
        let settings = raft.settings();
        let watched = &self.nodes[id.0 as usize];
        let since = |at: u64| local(step).saturating_sub(at);
        let longest = settings.election_timeout_max.0;
        let followed = watched.asked.followed.iter().flatten();
        let follow = followed.filter(|(_, at)| since(*at) <= longest);
        let follow: NodeSet = follow.map(|(node, _)| *node).collect();
        let lost = settings.check_quorum && watched.members.latest().short(follow).is_some();
        let stalls = |allowed: raft_core::Span| since(watched.asked.disk_at) > allowed.0;
        lost || settings.disk_timeout.is_some_and(stalls)
    }

    /// Takes down what the next step is compared with.
    fn note(
        &mut self,
        cluster: &Cluster<Server>,
        id: NodeId,
        raft: &Core,
        step: &Step<'_, Server>,
    ) {
        let (local, nodes) = (local(step), self.names.len());
        let watched = self.watched(id);
        let (asked, last) = (&mut watched.asked, watched.log.last());
        let idle = cluster.pending_writes(id).len() == 0;
        if idle || matches!(step.action, Action::Written { .. }) {
            asked.disk_at = local;
        }
        if raft.role() != RoleKind::Leader {
            return;
        }
        asked.heard.resize(nodes, local);
        if !raft.is_changing() {
            asked.asks.clear();
        }
        if let Action::Operator {
            command: Operator::Command(kv::Operator::Change { .. }),
            ..
        } = step.action
            && let Some(ask) = asked.asks.last_mut()
        {
            ask.through = last;
        }
        let votes = watched.members.latest().votes(id);
        let progress = raft.progress().iter();
        let followed = progress.map(|peer| (engine_id(peer.id), peer.contact.0));
        watched.asked.followed = (!votes).then(|| followed.collect());
    }
}

/// What the node's clock shows.
pub(super) fn local(step: &Step<'_, Server>) -> u64 {
    step.local.map_or(0, |local| local.0)
}
