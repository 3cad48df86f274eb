//! Search for an order that explains a history: depth first, without recursion, exact.
//!
//! The search is Wing and Gong's with Lowe's memo. An operation may come next if it was called
//! before the first return among those that are not placed yet. A set of placed operations that was
//! met before in the same state leads nowhere new. The following additions each rest on an exchange
//! argument:
//!
//! - *Unknown outcomes are optional.* The search tries them last, leaves them out where they change
//!   nothing, and ends as soon as every completed operation is placed.
//! - *Observers are greedy.* An observer that is correct now is placed at once, without
//!   alternatives. This does not hold for a write that happens to change nothing: a later operation
//!   may need its value.
//! - *Effects were seen.* Directly after an operation of unknown outcome the search tries no
//!   overwriting operation: leaving the former out is as good.
//! - *Twins.* Of unknown operations with the same request, the one called first goes first.
//! - *Fewer is better.* With the same completed operations placed and the same state, a subset of
//!   the used unknown operations is at least as good.
//! - *Support.* Each operation that is open now or soon must be reachable: the state, or a writer
//!   called before its return, must lead to its observed value, and some operation must make it
//!   correct directly before it.
//!
//! The search counts its cost in nodes, the situations it looked at, and never in time, so that the
//! same budget gives the same answer everywhere.

mod memo;
mod timeline;

use std::hash::{Hash, Hasher};

use crate::model::{Answer, Entry, Model};
use crate::table::{Mixer, NONE, mix};
use memo::Memo;
use timeline::{Timeline, Unknown};

/// The largest memory of a search, in words: 256 MB. The budget ends earlier, unless there are
/// thousands of operations of unknown outcome.
const FULL: usize = 1 << 25;

/// The number of calls and returns ahead in which the search looks for operations that can no
/// longer be correct.
const HORIZON: usize = 64;

/// Searches for an order of `history`, a history of one object, that explains it. The search looks
/// at `budget` situations at most.
///
/// # Panics
/// When two points in time are the same.
pub fn search<M: Model>(model: &mut M, history: &[Entry<M::Op>], budget: u64) -> Answer {
    let mut search = Search::default();
    search.begin(model, history);
    search.go(model, history, budget)
}

/// A search that can pause and continue, and whose memory can be reused.
#[derive(Clone, Debug)]
pub(crate) struct Search<S> {
    time: Timeline,
    /// The placed operations, one bit each.
    placed: Vec<u64>,
    /// A hash of the placed operations.
    placed_hash: u64,
    used: Vec<u64>,
    left: usize,
    state: Option<S>,
    /// Whether the last placed operation is one of unknown outcome.
    hungry: bool,
    trail: Vec<Placing<S>>,
    /// The next attempt. `None`: the search has yet to look at this situation.
    next: Option<Next>,
    memo: Memo<S>,
    /// For each completed operation, the last known operation that leads to it, and the last known
    /// one that makes it correct. They may still be unplaced.
    feeders: [Vec<Option<Who>>; 2],
    nodes: u64,
    answer: Option<bool>,
}

/// One placed operation, and the data to undo it.
#[derive(Clone, Debug)]
struct Placing<S> {
    who: Who,
    /// Whether there was no alternative.
    forced: bool,
    before: S,
    hungry: bool,
}

/// A place among the completed operations, or among the unknown ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Completed(u32),
    Unknown(u32),
}

/// The two needs of an operation that is not correct now: one operation begins the path to it, and
/// one comes directly before it.
#[derive(Clone, Copy, Debug)]
enum Way {
    Begins,
    Ends,
}

/// The next attempt: of the open completed operations the first that returns after this event, or
/// this one of the unknown operations.
#[derive(Clone, Copy, Debug)]
enum Next {
    Completed(u32),
    Unknown(u32),
}

impl<S> Default for Search<S> {
    fn default() -> Self {
        Self {
            time: Timeline::default(),
            placed: Vec::new(),
            placed_hash: 0,
            used: Vec::new(),
            left: 0,
            state: None,
            hungry: false,
            trail: Vec::new(),
            next: None,
            memo: Memo::default(),
            feeders: [Vec::new(), Vec::new()],
            nodes: 0,
            answer: None,
        }
    }
}

impl<S: Clone + Eq + Hash> Search<S> {
    /// Starts with another history.
    pub(crate) fn begin<M: Model<State = S>>(&mut self, model: &M, history: &[Entry<M::Op>]) {
        self.time.read(model, history);
        let words = |bits: usize| bits.div_ceil(64);
        self.placed.clear();
        self.placed.resize(words(self.time.completed.len()), 0);
        self.placed_hash = 0;
        self.used.clear();
        self.used.resize(words(self.time.unknown.len()), 0);
        self.left = self.time.completed.len();
        self.state = Some(model.initial());
        self.hungry = false;
        self.trail.clear();
        self.next = None;
        self.memo.clear(self.used.len());
        for feeders in &mut self.feeders {
            feeders.clear();
            feeders.resize(self.time.completed.len(), None);
        }
        self.nodes = 0;
        self.answer = None;
    }

    /// The number of situations that the search has looked at.
    pub(crate) fn nodes(&self) -> u64 {
        self.nodes
    }

    /// Whether the memo has used all its allowed memory.
    pub(crate) fn is_full(&self) -> bool {
        self.memo.words() > FULL
    }

    /// Continues, for at most `budget` more situations. After an answer there is nothing more to
    /// do.
    pub(crate) fn go<M: Model<State = S>>(
        &mut self,
        model: &mut M,
        history: &[Entry<M::Op>],
        budget: u64,
    ) -> Answer {
        let until = self.nodes.saturating_add(budget);
        while self.answer.is_none() {
            if self.next.is_none() {
                if self.nodes >= until || self.is_full() {
                    return Answer::Unknown;
                }
                self.enter(model, history);
            } else {
                self.advance(model, history);
            }
        }
        match self.answer {
            Some(true) => Answer::Order(self.order()),
            _ => Answer::Impossible,
        }
    }

    /// Looks at a new situation: places operations without alternatives, and detects dead ends.
    fn enter<M: Model<State = S>>(&mut self, model: &mut M, history: &[Entry<M::Op>]) {
        self.nodes += 1;
        self.greedy(model, history);
        if self.left == 0 {
            self.answer = Some(true);
            return;
        }
        let state = self.state.take().expect("a search has a state");
        let now = self.time.times[self.time.first_return() as usize];
        let state = model.settle(state, now);
        let dead = self.doomed(model, history, &state) || !self.note(&state);
        self.state = Some(state);
        if dead {
            self.back();
        } else {
            self.next = Some(Next::Completed(0));
        }
    }

    /// Places observers that are correct now. No alternative to them needs a try.
    fn greedy<M: Model<State = S>>(&mut self, model: &mut M, history: &[Entry<M::Op>]) {
        let mut event = self.time.first();
        while let Some(operation) = self.time.call_at(event) {
            let after = self.time.next[event as usize];
            let op = &history[self.time.completed[operation as usize] as usize].op;
            let state = self.state.as_ref().expect("a search has a state");
            if !model.observes(op) || model.step(state, op).as_ref() != Some(state) {
                event = after;
                continue;
            }
            // If the first return was this one's, the calls after it are open now; they follow.
            let before = state.clone();
            self.place(Who::Completed(operation), before, true);
            event = self.time.next[event as usize];
            if self.time.is_gone(event) {
                event = self.time.first();
            }
        }
    }

    /// Makes the next attempt.
    fn advance<M: Model<State = S>>(&mut self, model: &mut M, history: &[Entry<M::Op>]) {
        match self.next.expect("something is tried next") {
            Next::Completed(after) => {
                let Some(operation) = self.time.open_after(after) else {
                    self.next = Some(Next::Unknown(0));
                    return;
                };
                self.next = Some(Next::Completed(self.time.rets[operation as usize]));
                let op = &history[self.time.completed[operation as usize] as usize].op;
                if self.hungry && model.overwrites(op) {
                    return;
                }
                let state = self.state.as_ref().expect("a search has a state");
                if let Some(after) = model.step(state, op) {
                    self.choose(Who::Completed(operation), after);
                }
            }
            Next::Unknown(from) => match self.unknown(model, history, from) {
                Some((place, after)) => {
                    self.next = Some(Next::Unknown(place + 1));
                    self.choose(Who::Unknown(place), after);
                }
                None => self.back(),
            },
        }
    }

    /// The next operation of unknown outcome, from this one on, that is worth a try, and the state
    /// after it.
    fn unknown<M: Model<State = S>>(
        &self,
        model: &mut M,
        history: &[Entry<M::Op>],
        from: u32,
    ) -> Option<(u32, S)> {
        let deadline = self.time.first_return();
        let state = self.state.as_ref().expect("a search has a state");
        let open = self.time.unknown.iter().zip(0..).skip(from as usize);
        let mut open = open.take_while(|(unknown, _)| unknown.call <= deadline);
        open.find_map(|(unknown, place)| {
            let op = &history[unknown.entry as usize].op;
            let twin_first = unknown.twin != NONE && !bit(&self.used, unknown.twin);
            if bit(&self.used, place) || twin_first || (self.hungry && model.overwrites(op)) {
                return None;
            }
            let after = model.step(state, op).filter(|after| after != state)?;
            Some((place, after))
        })
    }

    fn choose(&mut self, who: Who, after: S) {
        let before = self.state.replace(after).expect("a search has a state");
        self.place(who, before, false);
        self.next = None;
    }

    fn place(&mut self, who: Who, before: S, forced: bool) {
        let hungry = self.hungry;
        self.trail.push(Placing {
            who,
            forced,
            before,
            hungry,
        });
        match who {
            Who::Completed(operation) => {
                self.time.lift(operation);
                flip(&mut self.placed, operation);
                self.placed_hash ^= mix(u64::from(operation) + 1);
                self.left -= 1;
                // An observer in between sees the written value.
                self.hungry = false;
            }
            Who::Unknown(place) => {
                flip(&mut self.used, place);
                self.hungry = true;
            }
        }
    }

    /// Undoes the last choice, and all placements without alternatives that followed from it.
    fn back(&mut self) {
        loop {
            let Some(placing) = self.trail.pop() else {
                self.answer = Some(false);
                return;
            };
            self.state = Some(placing.before);
            self.hungry = placing.hungry;
            match placing.who {
                Who::Completed(operation) => {
                    self.time.put_back(operation);
                    flip(&mut self.placed, operation);
                    self.placed_hash ^= mix(u64::from(operation) + 1);
                    self.left += 1;
                    self.next = Some(Next::Completed(self.time.rets[operation as usize]));
                }
                Who::Unknown(place) => {
                    flip(&mut self.used, place);
                    self.next = Some(Next::Unknown(place + 1));
                }
            }
            if !placing.forced {
                return;
            }
        }
    }

    /// Whether an operation that is open now, or soon, can never be correct from here.
    fn doomed<M: Model<State = S>>(
        &mut self,
        model: &M,
        history: &[Entry<M::Op>],
        state: &S,
    ) -> bool {
        let mut event = self.time.first();
        for _ in 0..HORIZON {
            if event == self.time.head() {
                break;
            }
            if let Some(later) = self.time.call_at(event) {
                let op = &history[self.time.completed[later as usize] as usize].op;
                let leads = model.leads(state, op)
                    || self.fed(history, later, Way::Begins, |it, op| model.feeds(it, op));
                let fits = model.fits(state, op)
                    || self.fed(history, later, Way::Ends, |it, op| model.finishes(it, op));
                if !leads || !fits || model.lost(state, op) {
                    return true;
                }
            }
            event = self.time.next[event as usize];
        }
        false
    }

    /// Whether an unplaced operation, called before this one returns, may lead to it.
    fn fed<Op>(
        &mut self,
        history: &[Entry<Op>],
        later: u32,
        way: Way,
        feeds: impl Fn(&Op, &Op) -> bool,
    ) -> bool {
        let left = match self.feeders[way as usize][later as usize] {
            Some(Who::Completed(writer)) => !self.time.is_gone(self.time.calls[writer as usize]),
            Some(Who::Unknown(place)) => !bit(&self.used, place),
            None => false,
        };
        if left {
            return true;
        }
        let found = self.feeder(history, later, feeds);
        if found.is_some() {
            self.feeders[way as usize][later as usize] = found;
        }
        found.is_some()
    }

    fn feeder<Op>(
        &self,
        history: &[Entry<Op>],
        later: u32,
        feeds: impl Fn(&Op, &Op) -> bool,
    ) -> Option<Who> {
        let wants = &history[self.time.completed[later as usize] as usize].op;
        let ret = self.time.rets[later as usize];
        let mut event = self.time.first();
        while event != ret {
            if let Some(writer) = self.time.call_at(event) {
                let op = &history[self.time.completed[writer as usize] as usize].op;
                if writer != later && feeds(op, wants) {
                    return Some(Who::Completed(writer));
                }
            }
            event = self.time.next[event as usize];
        }
        let unknown = self.time.unknown.iter().zip(0..);
        let mut early = unknown.take_while(|(unknown, _)| unknown.call <= ret);
        let feeds = |unknown: &Unknown| feeds(&history[unknown.entry as usize].op, wants);
        let found = early.find(|(unknown, place)| !bit(&self.used, *place) && feeds(unknown));
        found.map(|(_, place)| Who::Unknown(place))
    }

    /// Adds the situation to the memo. Returns false if an equal or better one was visited before.
    fn note(&mut self, state: &S) -> bool {
        let operations = self.time.open_range();
        let words = operations.start / 64..operations.end.div_ceil(64);
        let mut hasher = Mixer::default();
        state.hash(&mut hasher);
        let hash = mix(hasher.finish() ^ self.placed_hash);
        self.memo
            .note(hash, words.start, &self.placed[words], state, &self.used)
    }

    fn order(&self) -> Vec<u32> {
        let entry = |who| match who {
            Who::Completed(operation) => self.time.completed[operation as usize],
            Who::Unknown(place) => self.time.unknown[place as usize].entry,
        };
        self.trail
            .iter()
            .map(|placing| entry(placing.who))
            .collect()
    }
}

fn bit(words: &[u64], place: u32) -> bool {
    words[place as usize / 64] & (1 << (place % 64)) != 0
}

fn flip(words: &mut [u64], place: u32) {
    words[place as usize / 64] ^= 1 << (place % 64);
}
