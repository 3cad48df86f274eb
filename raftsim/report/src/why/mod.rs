//! Why something happened.
//!
//! [`chain`] walks from an event of a trace back to its root cause. A [`Story`] tells in a few lines
//! what led to a violation: a [`Recorder`] takes down what the run did, fact by fact, and compares
//! each step with the published rules; for each kind of violation one file picks what matters. A
//! line that is marked wrong is a decision that its rule does not allow, whatever came of it. Where
//! the first wrong decision cannot be told, the story says what it can.

mod account;
pub mod chain;
mod copies;
mod facts;
mod logs;
mod moment;
mod now;
mod recorder;
mod requests;
mod slip;
mod slips;
mod story;
mod take;
mod telling;
mod votes;

pub use recorder::Recorder;
pub use story::{Line, Story};

use checks::{Subject, Violation};

use telling::Telling;

impl Recorder {
    /// What led to this violation of the run that was watched.
    #[must_use]
    pub fn story(&self, violation: &Violation) -> Story {
        let mut telling = Telling::new(self.account(), violation.event.0);
        match violation.subject {
            Subject::Whole => {}
            Subject::Leaders { term, leaders } => votes::leaders(&mut telling, term, leaders),
            Subject::Vote {
                node,
                term,
                candidate,
            } => votes::vote(&mut telling, node, term, candidate),
            Subject::Copy { node, index } => copies::copy(&mut telling, node, index),
            Subject::Commit { node, index, .. } => copies::commit(&mut telling, node, index),
            Subject::Missing {
                leader,
                index,
                term,
            } => logs::missing(&mut telling, leader, index, term),
            Subject::Replaced { node, index, term } => {
                logs::replaced(&mut telling, node, index, term);
            }
            Subject::Entry { node, index, term } => logs::entry(&mut telling, node, index, term),
            Subject::Node(node) | Subject::Match { leader: node, .. } => {
                telling.step(node);
            }
            Subject::Deciders { nodes } => nodes.into_iter().for_each(|node| telling.step(node)),
            Subject::State { node, index } => requests::state(&mut telling, node, index),
            Subject::Request { client, serial } => {
                requests::operation(&mut telling, (u64::from(client.0), serial));
            }
        }
        telling.finish()
    }

    /// Every decision so far that its rule does not allow, in order. A correct cluster makes none.
    #[must_use]
    pub fn wrong_decisions(&self) -> Vec<Line> {
        let slips = self.account().slips.iter();
        slips.map(slip::Slip::line).collect()
    }
}
