//! Waits for what a scenario says must come true within some time.

use raft_core::{RoleKind, Term};
use simulator::{Cluster, NodeId, Span, Time};

use crate::check::Checks;
use crate::format::{Eventually, MemberSets, Place, Resolved, Selector};
use crate::members::{self, Rank};
use crate::missed::{Clause, Missed};
use crate::server::{Server, raft_id};

/// How often it looks.
const STEP: Span = Span(10_000_000);
/// The end of a phase that has not ended.
const NEVER: Time = Time(u64::MAX);

/// Says what is still missing, if anything is.
type Lack<'l> = &'l dyn Fn() -> Option<String>;

/// One expectation that has not come true yet, or that must stay true.
#[derive(Clone, Debug)]
struct Waiting<'s> {
    wants: &'s Eventually,
    /// The nodes that it names; `None`: the members of the cluster, whoever they are.
    named: Option<Vec<NodeId>>,
    begin: Time,
    deadline: Time,
    next: Time,
    /// The end of the phase; [`NEVER`] until it has ended.
    end: Time,
    /// Who leads since it came true, if that must stay so.
    reign: Option<Reign>,
}

/// A leader and its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reign {
    leader: NodeId,
    term: Term,
}

/// All expectations that have not come true yet, or that must stay true.
#[derive(Clone, Debug)]
pub(crate) struct Vigil<'s> {
    scenario: &'s Resolved,
    waiting: Vec<Waiting<'s>>,
}

/// An expectation that did not come true in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Which expectation.
    pub missed: Missed,
    /// When it should have been true at the latest.
    pub time: Time,
    /// The last event before it was seen: what came later did not lead to it.
    pub event: u64,
    /// What was asked, and what was the case.
    pub facts: [String; 2],
    /// The step that asked, in a stepped run.
    pub step: Option<Box<Place>>,
}

impl Unmet {
    /// Whether a step is not as it says, of a stepped run or of a script.
    #[must_use]
    pub fn is_about_a_step(&self) -> bool {
        self.step.is_some() || matches!(self.missed, Missed::Script { .. })
    }
}

impl<'s> Vigil<'s> {
    pub(crate) fn new(scenario: &'s Resolved) -> Self {
        Self {
            scenario,
            waiting: Vec::new(),
        }
    }

    /// A phase begins. The one before it has ended.
    pub(crate) fn begins(&mut self, phase: &str, begin: Time) {
        let scenario = self.scenario;
        let wanted = scenario.expect.eventually.iter();
        let about = wanted.filter(|wants| wants.phase == phase);
        self.waiting.extend(about.map(|wants| Waiting {
            wants,
            named: named(scenario, wants),
            begin,
            deadline: begin.after(Span(wants.within.get())),
            next: begin.after(STEP),
            end: NEVER,
            reign: None,
        }));
    }

    /// The present phase ends, or the run: looks at what is due, then for the last time at all
    /// that the phase asks for. Whatever the next phase does comes after this.
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

    /// Whether all that the present phase asks for has come true, and nothing must stay so.
    pub(crate) fn is_met(&self) -> bool {
        self.waiting.iter().all(|waiting| waiting.end != NEVER)
    }

    pub(crate) fn next_time(&self) -> Option<Time> {
        self.waiting.iter().map(|waiting| waiting.next).min()
    }

    /// Looks at what is due now.
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

    /// Whether there is still something to wait for.
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
        if let Some(reign) = waiting.reign {
            let asked = format!("to the end of phase {phase}: the leader stays");
            waiting.next = now.after(STEP).min(waiting.end.max(now));
            return match reign.lost(cluster, &among, names) {
                None => Ok(now < waiting.end),
                Some(lack) => Err(Unmet {
                    missed: Missed::of(phase, Clause::Stays),
                    time: now,
                    event: cluster.last_event().0,
                    facts: [asked, lack],
                    step: None,
                }),
            };
        }
        let Some((clause, lack)) = self.lacks(waiting, cluster, checks, names) else {
            if wants.stays {
                waiting.reign = one_leader(cluster, &among, names).ok();
            }
            waiting.next = now.after(STEP).min(waiting.end.max(now));
            return Ok(waiting.reign.is_some());
        };
        if now >= waiting.deadline {
            let within = crate::clock::show(wants.within.get());
            let asked = format!("within {within} of phase {phase}: {}", asked(wants));
            return Err(Unmet {
                missed: Missed::of(phase, clause),
                time: now,
                event: cluster.last_event().0,
                facts: [asked, lack],
                step: None,
            });
        }
        waiting.next = now.after(STEP).min(waiting.deadline.max(now));
        Ok(true)
    }

    /// What is still missing, if anything is.
    fn lacks(
        &self,
        waiting: &Waiting<'_>,
        cluster: &Cluster<Server>,
        checks: &Checks,
        names: &[String],
    ) -> Option<(Clause, String)> {
        let wants = waiting.wants;
        let among = waiting.among(cluster);
        let leader = || one_leader(cluster, &among, names).err();
        let led_by = || led_by(self.scenario, wants, cluster, &among, names);
        let committed = || all_committed(cluster, &among, names);
        let equal = || applied_equal(cluster, &among, names);
        let served = || self.served(waiting.begin, checks);
        let members = || {
            wants
                .members
                .as_ref()
                .and_then(|text| other_members(text, cluster, names))
        };
        let checks: [(bool, Clause, Lack<'_>); 6] = [
            (wants.members.is_some(), Clause::Members, &members),
            (wants.one_leader, Clause::OneLeader, &leader),
            (wants.led_by.is_some(), Clause::LedBy, &led_by),
            (wants.all_committed, Clause::AllCommitted, &committed),
            (wants.all_applied_equal, Clause::AllAppliedEqual, &equal),
            (wants.all_served, Clause::AllServed, &served),
        ];
        let wanted = checks.into_iter().filter(|(wanted, ..)| *wanted);
        wanted
            .map(|(_, clause, lack)| (clause, lack()))
            .find_map(|(clause, lack)| Some((clause, lack?)))
    }

    fn served(&self, since: Time, checks: &Checks) -> Option<String> {
        let answers = checks.history().last_answers(self.scenario.clients.count);
        let unserved = answers
            .iter()
            .position(|last| last.is_none_or(|last| last < since))?;
        Some(format!(
            "client {unserved} has had no answer since the phase began"
        ))
    }
}

impl Waiting<'_> {
    /// The nodes that it speaks of now.
    fn among(&self, cluster: &Cluster<Server>) -> Vec<NodeId> {
        match &self.named {
            Some(named) => named.clone(),
            None => members::now(cluster),
        }
    }
}

/// The nodes that an expectation names.
fn named(scenario: &Resolved, wants: &Eventually) -> Option<Vec<NodeId>> {
    let among = wants.among.as_ref()?;
    let meant = |name| match among {
        Selector::Nodes(names) => names.contains(name),
        _ => true,
    };
    let nodes = (0..).map(NodeId).zip(&scenario.nodes);
    let nodes = nodes.filter(|(_, name)| meant(name));
    Some(nodes.map(|(id, _)| id).collect())
}

/// Which members there are instead, or that these are not committed.
fn other_members(wanted: &str, cluster: &Cluster<Server>, names: &[String]) -> Option<String> {
    let Some(leader) = crate::director::leader(cluster) else {
        return Some("no node leads, so nobody knows the members".to_owned());
    };
    let raft = cluster.node(leader)?.node().raft();
    let now = MemberSets::from(raft.configuration());
    if MemberSets::read(wanted, names) != Ok(now) {
        return Some(format!("the members are {}", now.show(names)));
    }
    let (at, commit) = (raft.log().configured_at(), raft.commit_index());
    (at > commit).then(|| format!("{wanted} is not committed"))
}

/// Who leads instead, if none of those who are to lead does.
fn led_by(
    scenario: &Resolved,
    wants: &Eventually,
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Option<String> {
    let leads = match one_leader(cluster, among, names) {
        Ok(reign) => reign.leader,
        Err(lack) => return Some(lack),
    };
    let place = leads.0 as usize;
    match &wants.led_by {
        Some(Selector::Nodes(wanted)) if !wanted.contains(&scenario.nodes[place]) => {
            let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
            Some(format!(
                "{} leads, not {}",
                names[place],
                wanted.join(" or ")
            ))
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

pub(crate) fn one_leader(
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Result<Reign, String> {
    let up: Vec<_> = among
        .iter()
        .filter_map(|&id| cluster.node(id).map(|server| (id, server.node().raft())))
        .collect();
    let leaders: Vec<_> = up
        .iter()
        .filter(|(_, raft)| raft.role() == RoleKind::Leader)
        .collect();
    let [(leader, of)] = leaders[..] else {
        let leading: Vec<_> = leaders
            .iter()
            .map(|(id, _)| names[id.0 as usize].as_str())
            .collect();
        return Err(match leading.len() {
            0 => "no node leads".to_owned(),
            _ => format!("several nodes lead: {}", leading.join(" ")),
        });
    };
    let stray = up.iter().find(|(_, raft)| raft.leader() != Some(of.id()));
    if let Some((stray, _)) = stray {
        let (stray, leader) = (&names[stray.0 as usize], &names[leader.0 as usize]);
        return Err(format!("{leader} leads, but {stray} does not follow it"));
    }
    Ok(Reign {
        leader: *leader,
        term: of.current_term(),
    })
}

impl Reign {
    /// Why it is over, if it is.
    fn lost(self, cluster: &Cluster<Server>, among: &[NodeId], names: &[String]) -> Option<String> {
        let now = one_leader(cluster, among, names);
        if now == Ok(self) {
            return None;
        }
        let (was, Term(term)) = (&names[self.leader.0 as usize], self.term);
        let is = now.map_or_else(
            |lack| lack,
            |new| format!("{} leads term {}", names[new.leader.0 as usize], new.term.0),
        );
        Some(format!("{was} led term {term}, but now {is}"))
    }
}

fn all_committed(cluster: &Cluster<Server>, among: &[NodeId], names: &[String]) -> Option<String> {
    let leader = match one_leader(cluster, among, names) {
        Ok(reign) => reign.leader,
        Err(lack) => return Some(lack),
    };
    let raft = cluster.node(leader)?.node().raft();
    let (commit, last) = (raft.commit_index(), raft.log().last_index());
    let name = &names[leader.0 as usize];
    (commit < last).then(|| format!("{name} has committed up to {commit}, its log ends at {last}"))
}

/// A witness applies nothing, nor does a learner that was one and lacks what it would have to apply.
pub(crate) fn applied_equal(
    cluster: &Cluster<Server>,
    among: &[NodeId],
    names: &[String],
) -> Option<String> {
    let mut first: Option<(u64, u64, usize)> = None;
    let now = members::in_force(cluster);
    let witness = |id| now.is_some_and(|now| now.is_witness(raft_id(id)));
    let lacks = |id| cluster.node(id).is_some_and(|it| it.node().lacks_data());
    let stays_behind = |id| lacks(id) && members::rank(now, id) == Rank::Learner;
    let applies = |id: &&NodeId| !witness(**id) && !stays_behind(**id);
    for &id in among.iter().filter(applies) {
        let place = id.0 as usize;
        let Some(server) = cluster.node(id) else {
            return Some(format!("{} is down", names[place]));
        };
        let machine = server.node();
        let is = (machine.applied(), machine.state_hash());
        match first {
            None => first = Some((is.0, is.1, place)),
            Some((applied, hash, _)) if (applied, hash) == is => {}
            Some((applied, _, other)) => {
                return Some(format!(
                    "{} has applied up to #{applied}, {} up to #{}",
                    names[other], names[place], is.0
                ));
            }
        }
    }
    None
}
