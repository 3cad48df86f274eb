//! A seed that was run, and what is said of it.

use report::failure_report::{self, Again};
use report::summary::Summary;
use runner::{Outcome, TRACE_VERSION, Verdict};
use scenario::Resolved;
use sut::bugs::Bug;

use super::exit::Exit;

/// A seed that was run.
pub(crate) struct Ran {
    pub(crate) scenario: Resolved,
    pub(crate) bug: Option<Bug>,
    pub(crate) outcome: Outcome,
    /// The hash that the second process has, where that differs, and where the two part.
    pub(crate) differs: Option<Differs>,
    pub(crate) wall_ns: u64,
    pub(crate) summary: Summary,
}

impl Ran {
    /// Its verdict by name, as in JSON.
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

    /// How a replay differs from the run that was recorded, if it does.
    pub(crate) fn unlike_recorded(&self) -> Option<String> {
        let recorded = self.scenario.script()?.recorded.as_ref()?;
        let hash = format!("{:016x}", self.outcome.trace_hash);
        let verdict = self.outcome.verdict.name();
        if recorded.trace_version != TRACE_VERSION {
            return Some(format!(
                "note: this was recorded with trace version {}, and this is version \
                 {TRACE_VERSION}: it may end differently now",
                recorded.trace_version
            ));
        }
        let same = recorded.trace_hash == hash && recorded.verdict == verdict;
        (!same).then(|| {
            format!(
                "note: the run that was recorded ended {} with trace hash {}; this one ends \
                 {verdict} with {hash}",
                recorded.verdict, recorded.trace_hash
            )
        })
    }

    /// What went wrong, in one line.
    pub(crate) fn line(&self) -> String {
        match &self.differs {
            Some(theirs) => differing(self.outcome.trace_hash, &theirs.hash),
            None => failure_report::line(&self.outcome),
        }
    }

    /// What went wrong, on one screen.
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

/// How the second process differs.
pub(crate) struct Differs {
    pub(crate) hash: String,
    /// The first event in which it does.
    pub(crate) parted: String,
}

/// What a run with this verdict makes the command end with.
pub(crate) fn exit_of(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Ok => Exit::Fine,
        Verdict::Safety(_) | Verdict::Expectation(_) => Exit::Violated,
        Verdict::Liveness(_) => Exit::NotLive,
        Verdict::Inconclusive(_) => Exit::Inconclusive,
    }
}

pub(crate) fn differing(ours: u64, theirs: &str) -> String {
    format!("two processes gave two runs: trace hash {ours:016x} here, {theirs} in the second")
}
