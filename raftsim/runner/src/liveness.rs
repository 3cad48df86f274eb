//! Waits for conditions that a scenario expects within some time.

use checks::Checks;
use scenario::{Eventually, Resolved, Selector};
use simulator::{Cluster, NodeId, Span, Time};
use sut::members;
use sut::{MemberSets, NodeSet, Server};

use crate::predicates::{Leadership, all_committed, applied_equal, one_leader};
use crate::reason::Reason;
use crate::unmet::{Clause, Missed, Unmet};

/// The time between two looks.
const POLL_INTERVAL: Span = Span(10_000_000);
/// The end of a phase that has not ended.
const NEVER: Time = Time(u64::MAX);

/// One expectation that has not come true yet, or that must stay true.
#[derive(Clone, Debug)]
struct Waiting<'s> {
    wants: &'s Eventually,
    /// The nodes that it names; `None` means the current members of the cluster.
    named: Option<NodeSet>,
    begin: Time,
    deadline: Time,
    next: Time,
    /// The end of the phase; [`NEVER`] until it has ended.
    end: Time,
    /// The leader since the expectation came true, if the leader must stay.
    leadership: Option<Leadership>,
}

/// All expectations that have not come true yet, or that must stay true.
#[derive(Clone, Debug)]
pub(crate) struct LivenessMonitor<'s> {
    scenario: &'s Resolved,
    waiting: Vec<Waiting<'s>>,
}

impl<'s> LivenessMonitor<'s> {
    pub(crate) fn new(scenario: &'s Resolved) -> Self {
        Self {
            scenario,
            waiting: Vec::new(),
        }
    }

    /// Begins a phase. The one before it has ended.
    pub(crate) fn begins(&mut self, phase: &str, begin: Time) {
        let scenario = self.scenario;
        let wanted = scenario.expect.eventually.iter();
        let about = wanted.filter(|wants| wants.phase == phase);
        self.waiting.extend(about.map(|wants| Waiting {
            wants,
            named: named(scenario, wants),
            begin,
            deadline: begin.after(Span(wants.within.get())),
            next: begin.after(POLL_INTERVAL),
            end: NEVER,
            leadership: None,
        }));
    }

    /// Ends the present phase or the run. Judges the expectations that are due, then all others of
    /// the phase for the last time. The actions of the next phase come after this.
    pub(crate) fn ends(
        &mut self,
        now: Time,
        cluster: &Cluster<Server>,
        checks: &Checks,
        names: &[String],
    ) -> Result<(), Unmet> {
        self.look(now, cluster, checks, names)?;
        for waiting in &mut self.waiting {
            waiting.end = waiting.end.min(now);
            waiting.deadline = waiting.deadline.min(now);
            waiting.next = waiting.next.min(now);
        }
        self.look(now, cluster, checks, names)
    }

    /// Whether all expectations of the present phase have come true and none must stay true.
    pub(crate) fn is_met(&self) -> bool {
        self.waiting.iter().all(|waiting| waiting.end != NEVER)
    }

    pub(crate) fn next_time(&self) -> Option<Time> {
        self.waiting.iter().map(|waiting| waiting.next).min()
    }

    /// Judges the expectations that are due now.
    pub(crate) fn look(
        &mut self,
        now: Time,
        cluster: &Cluster<Server>,
        checks: &Checks,
        names: &[String],
    ) -> Result<(), Unmet> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut result = Ok(());
        waiting.retain_mut(|waiting| {
            if waiting.next > now || result.is_err() {
                return true;
            }
            let judged = self.judge(waiting, now, cluster, checks, names);
            judged.unwrap_or_else(|unmet| {
                result = Err(unmet);
                true
            })
        });
        self.waiting = waiting;
        result
    }

    /// Judges one expectation. Whether the monitor has to keep waiting for it.
    fn judge(
        &self,
        waiting: &mut Waiting<'_>,
        now: Time,
        cluster: &Cluster<Server>,
        checks: &Checks,
        names: &[String],
    ) -> Result<bool, Unmet> {
        let wants = waiting.wants;
        let phase = &wants.phase;
        let among = waiting.among(cluster);
        if let Some(leadership) = waiting.leadership {
            let asked = || format!("to the end of phase {phase}: the leader stays");
            waiting.next = now.after(POLL_INTERVAL).min(waiting.end.max(now));
            return match leadership.lost(cluster, among, names) {
                None => Ok(now < waiting.end),
                Some(lost) => Err(Unmet {
                    missed: Missed::of(phase, Clause::Stays),
                    time: now,
                    event: cluster.last_event().0,
                    facts: [asked(), lost],
                    step: None,
                }),
            };
        }
        let Some((clause, reason)) = self.unmet(waiting, cluster, checks, names) else {
            if wants.stays {
                waiting.leadership = one_leader(cluster, among).ok();
            }
            waiting.next = now.after(POLL_INTERVAL).min(waiting.end.max(now));
            return Ok(waiting.leadership.is_some());
        };
        if now >= waiting.deadline {
            let within = sut::time_text::show(wants.within.get());
            let asked = format!("within {within} of phase {phase}: {}", asked(wants));
            return Err(Unmet {
                missed: Missed::of(phase, clause),
                time: now,
                event: cluster.last_event().0,
                facts: [asked, reason.show(names)],
                step: None,
            });
        }
        waiting.next = now.after(POLL_INTERVAL).min(waiting.deadline.max(now));
        Ok(true)
    }

    /// The first clause that is not true yet, with the reason.
    fn unmet<'w>(
        &self,
        waiting: &Waiting<'w>,
        cluster: &Cluster<Server>,
        checks: &Checks,
        names: &[String],
    ) -> Option<(Clause, Reason<'w>)> {
        let wants = waiting.wants;
        let among = waiting.among(cluster);
        if let Some(wanted) = &wants.members
            && let Some(reason) = other_members(wanted, cluster, names)
        {
            return Some((Clause::Members, reason));
        }
        if wants.one_leader
            && let Err(reason) = one_leader(cluster, among)
        {
            return Some((Clause::OneLeader, reason));
        }
        if wants.led_by.is_some()
            && let Some(reason) = led_by(self.scenario, wants, cluster, among)
        {
            return Some((Clause::LedBy, reason));
        }
        if wants.all_committed
            && let Some(reason) = all_committed(cluster, among)
        {
            return Some((Clause::AllCommitted, reason));
        }
        if wants.all_applied_equal
            && let Some(reason) = applied_equal(cluster, among)
        {
            return Some((Clause::AllAppliedEqual, reason));
        }
        if wants.all_served
            && let Some(reason) = self.served(waiting.begin, checks)
        {
            return Some((Clause::AllServed, reason));
        }
        None
    }

    fn served(&self, since: Time, checks: &Checks) -> Option<Reason<'static>> {
        let answers = checks.history().last_answers(self.scenario.clients.count);
        let client = answers
            .iter()
            .position(|last| last.is_none_or(|last| last < since))?;
        Some(Reason::Unserved { client })
    }
}

impl Waiting<'_> {
    /// The nodes that the expectation covers now.
    fn among(&self, cluster: &Cluster<Server>) -> NodeSet {
        self.named.unwrap_or_else(|| members::now(cluster))
    }
}

/// The nodes that an expectation names.
fn named(scenario: &Resolved, wants: &Eventually) -> Option<NodeSet> {
    let among = wants.among.as_ref()?;
    let meant = |name| match among {
        Selector::Nodes(names) => names.contains(name),
        _ => true,
    };
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    let nodes = nodes.filter(|(_, name)| meant(name));
    Some(nodes.map(|(id, _)| id).collect())
}

/// The reason why the members differ: other members, or a configuration that is not committed.
fn other_members<'w>(
    wanted: &'w str,
    cluster: &Cluster<Server>,
    names: &[String],
) -> Option<Reason<'w>> {
    let Some(leader) = members::leader(cluster) else {
        return Some(Reason::MembersUnknown);
    };
    let raft = cluster.node(leader)?.node().raft();
    let now = MemberSets::from(raft.configuration());
    if MemberSets::read(wanted, names) != Ok(now) {
        return Some(Reason::OtherMembers(now));
    }
    let (at, commit) = (raft.log().configured_at(), raft.commit_index());
    (at > commit).then_some(Reason::MembersNotCommitted(wanted))
}

/// The reason why none of the wanted nodes leads, with the node that leads instead.
fn led_by<'w>(
    scenario: &Resolved,
    wants: &'w Eventually,
    cluster: &Cluster<Server>,
    among: NodeSet,
) -> Option<Reason<'w>> {
    let leader = match one_leader(cluster, among) {
        Ok(leadership) => leadership.leader,
        Err(reason) => return Some(reason),
    };
    match &wants.led_by {
        Some(Selector::Nodes(wanted)) if !wanted.contains(&scenario.nodes[leader.0 as usize]) => {
            Some(Reason::WrongLeader { leader, wanted })
        }
        _ => None,
    }
}

fn asked(wants: &Eventually) -> String {
    let by = wants.led_by.as_ref().map(|by| format!("who is {by}"));
    let leader = match wants.stays {
        true => "one leader that all nodes follow, and who stays",
        false => "one leader that all nodes follow",
    };
    let parts = [
        (wants.one_leader, leader),
        (wants.all_committed, "the leader's whole log is committed"),
        (wants.all_applied_equal, "all nodes have applied the same"),
        (wants.all_served, "every client is answered"),
    ];
    let asked = parts.iter().filter(|(on, _)| *on).map(|(_, text)| *text);
    let members = wants.members.as_ref();
    let members = members.map(|members| format!("the members are {members}"));
    let asked = asked.chain(by.as_deref()).chain(members.as_deref());
    let asked: Vec<_> = asked.collect();
    let asked = asked.join(", ");
    match &wants.among {
        Some(among) => format!("among {among}: {asked}"),
        None => asked,
    }
}
