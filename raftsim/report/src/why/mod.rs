//! Why something happened.
//!
//! [`chain`] walks from an event of a trace back to its root cause. An [`Explanation`] says in a few
//! statements how a run came to a violation. A [`Recorder`] collects the facts of the run and compares
//! each step with the published rules. For each kind of violation one file picks the facts that matter.
//! A statement that is marked wrong is a decision that its rule does not allow. If the first wrong
//! decision is unknown, the explanation has only the facts.
//!
//! The recorder reads the engine's steps and not the records of a trace: records have texts for people
//! and for files, and the checks need the messages, writes and settings themselves.

mod account;
pub mod chain;
mod copies;
mod explainer;
mod explanation;
mod facts;
mod logs;
mod node_state;
mod observed;
mod recorder;
mod requests;
mod rule_checks;
mod take_in;
mod votes;
mod wrong_decision;

pub use explanation::{Explanation, Statement};
pub use recorder::Recorder;

use checks::{Subject, Violation};

use explainer::Explainer;
use wrong_decision::WrongDecision;

impl Recorder {
    /// How the watched run came to this violation.
    #[must_use]
    pub fn explain(&self, violation: &Violation) -> Explanation {
        let mut explainer = Explainer::new(self.account(), violation.event.0);
        match violation.subject {
            Subject::Whole => {}
            Subject::Leaders { term, leaders } => votes::leaders(&mut explainer, term, leaders),
            Subject::Vote {
                node,
                term,
                candidate,
            } => votes::vote(&mut explainer, node, term, candidate),
            Subject::Copy { node, index } => copies::copy(&mut explainer, node, index),
            Subject::Commit { node, index, .. } => copies::commit(&mut explainer, node, index),
            Subject::Missing {
                leader,
                index,
                term,
            } => logs::missing(&mut explainer, leader, index, term),
            Subject::Replaced { node, index, term } => {
                logs::replaced(&mut explainer, node, index, term);
            }
            Subject::Entry { node, index, term } => logs::entry(&mut explainer, node, index, term),
            Subject::Node(node) | Subject::Match { leader: node, .. } => {
                explainer.step(node);
            }
            Subject::Deciders { nodes } => nodes.into_iter().for_each(|node| explainer.step(node)),
            Subject::State { node, index } => requests::state(&mut explainer, node, index),
            Subject::Request { client, serial } => {
                requests::operation(&mut explainer, (u64::from(client.0), serial));
            }
        }
        explainer.finish()
    }

    /// All decisions so far that their rules do not allow, in order. A correct cluster makes none.
    #[must_use]
    pub fn wrong_decisions(&self) -> Vec<Statement> {
        let wrong = self.account().wrong_decisions.iter();
        wrong.map(WrongDecision::statement).collect()
    }
}
