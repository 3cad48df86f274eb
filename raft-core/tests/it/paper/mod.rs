//! The paper suite: the demands of the Raft paper and Ongaro's dissertation on a server, one claim
//! a test. `raftsim/paper/musts.json` says which test proves which sentence, `raftsim paper` prints
//! it, and `docs/PAPER.md` holds the output.

mod catching_up;
mod check_quorum;
mod clients;
mod commitment;
mod configurations;
mod crashes;
mod elections;
mod figure_3;
mod followers;
mod joint;
mod leaving;
mod persistence;
mod pre_vote;
mod reads;
mod replication;
mod restriction;
mod snapshots;
mod stickiness;
mod terms;
mod timing;
mod transfer;

use crate::common::card::{Card, play};
use crate::common::{Cluster, n};
use raft_core::{Body, Change, EntryId, Index, Message, Progress, Settings, Standard, Term};

const GRANT: Body = Body::RequestVoteReply { granted: true };
const REFUSAL: Body = Body::RequestVoteReply { granted: false };

/// Plays these messages on S2 of three, in the state `before`, and compares its answers and its
/// final state, in the words of [`play`].
fn plays(before: &'static str, messages: impl Into<Vec<(u64, Message)>>) -> String {
    let card = Card {
        name: "",
        section: "",
        before,
        messages: messages.into(),
        after: "",
    };
    play(Standard, &card)
}

fn entry(index: u64, term: u64) -> EntryId {
    EntryId {
        index: Index(index),
        term: Term(term),
    }
}

/// RequestVote with a log that ends here.
fn ask(index: u64, term: u64) -> Body {
    let last = entry(index, term);
    Body::RequestVote {
        last,
        priority: raft_core::Priority(0),
        transfer: false,
    }
}

/// PreVote with a log that ends here.
fn pre_ask(index: u64, term: u64) -> Body {
    let last = entry(index, term);
    Body::PreVote {
        last,
        priority: raft_core::Priority(0),
    }
}

fn refusal(from: u64, term: u64) -> (u64, Message) {
    let (term, body) = (Term(term), REFUSAL);
    (from, Message { term, body })
}

/// The view of `follower` at `leader`.
fn peer(cluster: &Cluster, leader: u64, follower: u64) -> &Progress {
    let peers = cluster.node(leader).progress();
    peers.iter().find(|peer| peer.id == n(follower)).unwrap()
}

/// Whether S2 gives its vote, or its pre-vote, in the last message on the wire.
fn granted(cluster: &Cluster) -> Option<bool> {
    match cluster.wire.back()?.message.body {
        Body::RequestVoteReply { granted } | Body::PreVoteReply { granted, .. } => Some(granted),
        _ => None,
    }
}

/// Every log of at most `length` entries of terms 1 to `terms`.
fn every_log(length: usize, terms: u64) -> Vec<Vec<u64>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..length {
        longest = longest
            .iter()
            .flat_map(|log: &Vec<u64>| {
                let from = log.last().copied().unwrap_or(1);
                (from..=terms).map(|term| [&log[..], &[term]].concat())
            })
            .collect();
        all.extend(longest.clone());
    }
    all
}

/// Settings under which only stickiness and the paper's own rules decide.
fn sticky() -> Settings {
    Settings {
        stickiness: true,
        ..crate::common::plain()
    }
}

/// `size` servers, the first of which leads, and `spares` that know no other server; only the
/// paper's own rules decide.
fn with_spares(size: u64, spares: u64) -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, size, spares, crate::common::plain());
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

/// The change to these voters, without other members.
fn to(voters: &[u64]) -> Change {
    Change::To {
        voters: voters.iter().map(|id| n(*id)).collect(),
        learners: Default::default(),
    }
}

/// The index of the latest configuration in a server's log.
fn configured_at(cluster: &Cluster, id: u64) -> Index {
    cluster.node(id).log().configured_at()
}

/// Every subset of these.
fn every_choice(of: &[u64]) -> Vec<Vec<u64>> {
    let chosen = |bits: u32| {
        let ids = of.iter().enumerate();
        let ids = ids.filter(|(place, _)| bits >> place & 1 == 1);
        ids.map(|(_, id)| *id).collect()
    };
    (0..1 << of.len()).map(chosen).collect()
}
