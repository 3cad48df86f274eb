//! The state of each node from row to row.

use sut::decisions::Role;

use super::plan::Plan;
use crate::trace::{ActionKind, Line};

/// The state of a node, which decides the style of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeStatus {
    Up(Role, u64),
    Paused(u64),
    Down,
}

/// A part of a lane in which nothing changes: from one row to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) lane: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) status: NodeStatus,
}

/// The state of each lane's node before the first row, and the stretches in the order of their ends.
/// Together these cover each lane of a node from the first row to behind the last.
pub(super) fn stretches(plan: &Plan<'_>, lines: &[Line]) -> (Vec<NodeStatus>, Vec<Stretch>) {
    let mut initial = vec![NodeStatus::Up(Role::Follower, 0); plan.lanes.len()];
    let mut now: Vec<_> = initial.iter().map(|status| (0, *status)).collect();
    let mut done = Vec::new();
    for (line, row) in lines.iter().zip(&plan.places) {
        let Line::Event(record) = line else { continue };
        let Some(lane) = record.node.as_deref().and_then(|node| plan.lane(node)) else {
            continue;
        };
        let (from, was) = now[lane];
        let is = match (record.action, record.state) {
            (ActionKind::Pause, state) => NodeStatus::Paused(state.map_or(0, |state| state.term)),
            (_, Some(state)) => NodeStatus::Up(state.role, state.term),
            (_, None) => NodeStatus::Down,
        };
        if is == was || *row >= plan.rows.len() {
            continue;
        }
        if *row == 0 && plan.row_of.get(&record.id) != Some(&0) {
            initial[lane] = is;
        }
        if from < *row {
            done.push(Stretch {
                lane,
                from,
                to: *row,
                status: was,
            });
        }
        now[lane] = (*row, is);
    }
    for (lane, (from, status)) in now.into_iter().enumerate() {
        if !plan.lanes[lane].clients {
            let to = plan.rows.len();
            done.push(Stretch {
                lane,
                from,
                to,
                status,
            });
        }
    }
    (initial, done)
}
