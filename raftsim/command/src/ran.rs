//! The run of a seed, and its texts.

use report::failure_report::{self, Again};
use report::summary::Summary;
use runner::{Outcome, TRACE_VERSION, Verdict};
use scenario::Resolved;
use sut::bugs::Bug;

use super::exit::Exit;

/// The run of a seed.
pub(crate) struct Ran {
    pub(crate) scenario: Resolved,
    pub(crate) bug: Option<Bug>,
    pub(crate) outcome: Outcome,
    /// The difference from the second process, if there is one.
    pub(crate) differs: Option<Differs>,
    pub(crate) wall_ns: u64,
    pub(crate) summary: Summary,
}

impl Ran {
    /// The name of its verdict, as in JSON.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.differs {
            Some(_) => "nondeterministic",
            None => self.outcome.verdict.name(),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match &self.differs {
            Some(_) => Exit::NotDeterministic,
            None => exit_of(&self.outcome.verdict),
        }
    }

    /// The difference between a replay and the recorded run, if there is one.
    pub(crate) fn unlike_recorded(&self) -> Option<String> {
        let recorded = self.scenario.script()?.recorded.as_ref()?;
        let hash = format!("{:016x}", self.outcome.trace_hash);
        let verdict = self.outcome.verdict.name();
        if recorded.trace_version != TRACE_VERSION {
            return Some(format!(
                "note: this recording has trace version {}, but this program has {TRACE_VERSION}: the \
                 run may end differently now",
                recorded.trace_version
            ));
        }
        let same = recorded.trace_hash == hash && recorded.verdict == verdict;
        (!same).then(|| {
            format!(
                "note: the recorded run ended with {} and trace hash {}; this run ends with \
                 {verdict} and {hash}",
                recorded.verdict, recorded.trace_hash
            )
        })
    }

    /// The failure in one line.
    pub(crate) fn line(&self) -> String {
        match &self.differs {
            Some(theirs) => differing(self.outcome.trace_hash, &theirs.hash),
            None => failure_report::line(&self.outcome),
        }
    }

    /// The failure on one screen.
    pub(crate) fn report(&self, again: &Again) -> Option<String> {
        match &self.differs {
            Some(theirs) => {
                let what = differing(self.outcome.trace_hash, &theirs.hash);
                let parted = &theirs.parted;
                Some(format!(
                    "{what};\n{parted}\n\nRun it again   raftsim run {} --twice\n",
                    again.0
                ))
            }
            None => failure_report::report(&self.scenario, self.bug, &self.outcome, again),
        }
    }
}

/// The difference from the second process.
pub(crate) struct Differs {
    pub(crate) hash: String,
    /// The description of the first event that differs.
    pub(crate) parted: String,
}

/// The exit code of a run with this verdict.
pub(crate) fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Ok => Exit::Fine,
        Verdict::Safety(_) | Verdict::Expectation(_) => Exit::Violated,
        Verdict::Liveness(_) => Exit::NotLive,
        Verdict::Inconclusive(_) => Exit::Inconclusive,
    }
}

pub(crate) fn differing(ours: u64, theirs: &str) -> String {
    format!(
        "two processes gave different runs: trace hash {ours:016x} here, {theirs} in the second"
    )
}
