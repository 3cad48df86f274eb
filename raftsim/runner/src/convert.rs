//! Conversion from the units of scenario files to those of the engine.

use raft_core::{Priority, Settings};
use scenario;
use simulator::{Pace, Quality, Rate, Ratio, Span, SpanRange, Unsynced};

pub(crate) fn span(nanos: scenario::Nanos) -> Span {
    Span(nanos.get())
}

pub(crate) fn spans(range: scenario::DurationRange) -> SpanRange {
    SpanRange::new(span(range.low()), span(range.high()))
        .expect("a checked range ends where it begins or later")
}

pub(crate) fn ratio(ratio: scenario::Ratio) -> Ratio {
    Ratio::new(ratio.num(), ratio.den()).expect("a checked chance is from 0 to 1")
}

pub(crate) fn rate(rate: scenario::ClockRate) -> Rate {
    Rate::new(rate.num(), rate.den()).expect("a checked clock runs")
}

pub(crate) fn quality(network: &scenario::Network) -> Quality {
    Quality {
        latency: spans(network.delay),
        loss: ratio(network.drop),
        duplicate: ratio(network.duplicate),
        reorder: ratio(network.reorder.chance),
        reorder_delay: spans(network.reorder.delay),
        reorder_replies: network.reorder.of == scenario::Reordered::Replies,
    }
}

pub(crate) fn unsynced(on_crash: scenario::OnCrash) -> Unsynced {
    match on_crash {
        scenario::OnCrash::LoseUnsynced => Unsynced::Draw,
        scenario::OnCrash::KeepUnsynced => Unsynced::Keep,
        scenario::OnCrash::LoseAll => Unsynced::Lose,
    }
}

pub(crate) fn pace(clients: &scenario::Clients) -> Pace {
    Pace {
        think: spans(clients.rate.spread()),
        attempt: span(clients.request_timeout),
        // With a shorter pause a client would spin between nodes that know no leader.
        retry: SpanRange::new(Span::millis(5), Span::millis(15)).expect("5 is below 15"),
        give_up: span(clients.give_up),
    }
}

/// The options of the state machine.
#[must_use]
pub fn options(machine: &scenario::Machine) -> kv::Options {
    kv::Options {
        apply_after: raft_core::Span(machine.apply_after.get()),
        compaction: machine
            .snapshot
            .as_ref()
            .map_or_else(kv::Compaction::default, compaction),
        session_timeout: machine
            .session_timeout
            .map(|timeout| raft_core::Span(timeout.get())),
    }
}

fn compaction(policy: &scenario::SnapshotPolicy) -> kv::Compaction {
    kv::Compaction {
        entries: policy.entries.map(u64::from),
        bytes: policy.bytes.map(scenario::Size::get),
        keep: u64::from(policy.keep),
    }
}

/// The Raft settings of the server with this name.
pub fn settings(raft: &scenario::Raft, server: &scenario::NodeName) -> Settings {
    let priority = raft.priority.get(server).copied().unwrap_or_default();
    Settings {
        election_timeout_min: raft_core::Span(raft.election_timeout.low().get()),
        election_timeout_max: raft_core::Span(raft.election_timeout.high().get()),
        heartbeat: raft_core::Span(raft.heartbeat.get()),
        pre_vote: raft.pre_vote,
        stickiness: raft.stickiness,
        priority: Priority(u8::try_from(priority).expect("a checked priority is small")),
        forward_proposals: raft.forward_proposals,
        quiescence: raft.quiescence,
        check_quorum: raft.check_quorum,
        eager_commit: raft.eager_commit,
        max_message_bytes: raft.max_message.get(),
        snapshot_piece_bytes: raft.snapshot_piece.get(),
        window_messages: u64::from(raft.window.messages),
        window_bytes: raft.window.bytes.get(),
        uncommitted_bytes: raft.uncommitted.get(),
        reads_waiting: u64::from(raft.reads_waiting),
        clock_error: raft.clock_error.map(|error| raft_core::Span(error.get())),
        disk_timeout: Some(raft_core::Span(raft.disk_timeout().get())),
    }
}
