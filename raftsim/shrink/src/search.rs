//! The search: it tries candidates while the budget lasts and keeps the best one.

use super::case::Case;
use super::moves::Move;
use super::types::{Progress, Watch};

/// Tries candidates and keeps the best one.
pub(crate) struct Reducer<'r> {
    /// The smallest case so far that fails as the recorded run does.
    pub(crate) best: Case,
    /// Replays so far.
    pub(crate) runs: u64,
    budget: u64,
    watch: Watch<'r>,
    /// The possible moves of a candidate, if it fails at the same property.
    fails: &'r mut dyn FnMut(&Case) -> Option<Vec<Move>>,
}

impl<'r> Reducer<'r> {
    /// A search that begins with `best` and ends after `budget` replays.
    pub(crate) fn new(
        best: Case,
        budget: u64,
        watch: Watch<'r>,
        fails: &'r mut dyn FnMut(&Case) -> Option<Vec<Move>>,
    ) -> Self {
        Self {
            best,
            runs: 0,
            budget,
            watch,
            fails,
        }
    }

    /// Whether the budget is used up.
    pub(crate) fn is_over(&self) -> bool {
        self.runs >= self.budget
    }

    /// Replays a candidate. If it fails at the same property and has no more moves than the best case, its
    /// possible moves become the best case.
    pub(crate) fn attempt(&mut self, candidate: Case) -> bool {
        if self.is_over() {
            return false;
        }
        self.runs += 1;
        let seen = Progress {
            replays: self.runs,
            left: self.best.moves.len() as u64,
        };
        if (self.watch)(seen).is_break() {
            self.budget = self.runs;
            return false;
        }
        let Some(moves) = (self.fails)(&candidate) else {
            return false;
        };
        if moves.len() > self.best.moves.len() {
            return false;
        }
        self.best = Case { moves, ..candidate };
        true
    }

    /// Tries the best case without the moves that `goes` names.
    pub(crate) fn without(&mut self, mut goes: impl FnMut(&Move) -> bool) -> bool {
        let candidate = self.best.with(|_, made| !goes(made));
        candidate.moves.len() < self.best.moves.len() && self.attempt(candidate)
    }

    /// Delta debugging: removes chunks from the back, smaller and smaller ones down to `smallest` moves,
    /// until no removal succeeds.
    pub(crate) fn reduce(&mut self, smallest: usize) {
        let mut size = (self.best.moves.len() / 2).max(smallest);
        loop {
            let mut removed = false;
            let mut end = self.best.moves.len();
            while end > 0 && !self.is_over() {
                let begin = end.saturating_sub(size);
                let candidate = self
                    .best
                    .with(|position, _| !(begin..end).contains(&position));
                let before = end;
                end = begin;
                if self.attempt(candidate) {
                    removed = true;
                    end = begin.min(self.best.moves.len());
                }
                assert!(end < before, "each chunk is tried once in a round");
            }
            if self.is_over() || (size <= smallest && !removed) {
                return;
            }
            size = (size / 2).max(smallest);
        }
    }

    /// Changes as many moves as possible: all at once, then halves, quarters, ..., down to `smallest`
    /// moves.
    pub(crate) fn change(&mut self, smallest: usize, mut to: impl FnMut(&Move) -> Option<Move>) {
        let mut size = self.best.moves.len();
        while size >= smallest.max(1) && !self.is_over() {
            let mut begin = 0;
            while begin < self.best.moves.len() {
                let mut candidate = self.best.clone();
                let end = (begin + size).min(candidate.moves.len());
                let mut changed = false;
                for made in &mut candidate.moves[begin..end] {
                    if let Some(other) = to(made) {
                        changed |= other != *made;
                        *made = other;
                    }
                }
                if changed {
                    self.attempt(candidate);
                }
                begin = end;
            }
            size /= 2;
        }
    }
}
