//! Search for an order that explains a history: depth first, without recursion, exact.
//!
//! The ground is Wing and Gong's search with Lowe's memo: an operation may come next if it was
//! called before the first return among those that are not placed yet; a set of placed operations
//! that was met before in the same state leads nowhere new. On top of that, each by an exchange
//! argument:
//!
//! - *Unknown outcomes are optional.* They are tried last, left out where they change nothing, and
//!   the search is over as soon as every completed operation is placed.
//! - *Observers are greedy.* What only looks, and is right now, is placed at once, nothing else is
//!   tried. (Not so a write that happens to change nothing: what it writes may be needed later.)
//! - *What took effect was seen.* Directly after an operation of unknown outcome nothing that
//!   overwrites is tried: leaving the former out is as good.
//! - *Twins.* Of unknown operations that ask the same, the one called first goes first.
//! - *Fewer is better.* With the same completed operations placed and the same state, having used
//!   a subset of the unknown ones is at least as good.
//! - *Support.* An operation that is open now, or soon, needs the state, or a writer called before
//!   it returns, to lead to what it saw; and something to come right before it.
//!
//! What it costs is counted in nodes, the situations it looked at, and never in time, so that the
//! same budget gives the same answer everywhere.

mod memo;
mod timeline;

use std::hash::{Hash, Hasher};

use crate::model::{Answer, Entry, Model};
use crate::table::{Mixer, NONE, mix};
use memo::Memo;
use timeline::{Timeline, Unknown};

/// So many words of memory, 256 MB, are the most that a search remembers in. A budget is used up
/// before, unless there are thousands of operations of unknown outcome.
const FULL: usize = 1 << 25;

/// So many calls and returns ahead are looked at for operations that cannot be right any more.
const HORIZON: usize = 64;

/// Looks for an order of `history`, a history of one object, that explains it; looks at `budget`
/// situations at most.
///
/// # Panics
/// When two points in time are the same.
pub fn search<M: Model>(model: &mut M, history: &[Entry<M::Op>], budget: u64) -> Answer {
    let mut search = Search::default();
    search.begin(model, history);
    search.go(model, history, budget)
}

/// A search that can be stopped and continued, and whose memory can be used again.
#[derive(Clone, Debug)]
pub(crate) struct Search<S> {
    time: Timeline,
    /// What is placed, as one bit an operation.
    placed: Vec<u64>,
    /// The same as a number that changes with each.
    placed_hash: u64,
    used: Vec<u64>,
    left: usize,
    state: Option<S>,
    /// The last operation placed is one of unknown outcome.
    hungry: bool,
    trail: Vec<Placing<S>>,
    /// What is tried next. `None`: this situation is yet to be looked at.
    next: Option<Next>,
    memo: Memo<S>,
    /// Per completed operation, what was last seen to lead to it, and what to make it right: it may
    /// still be there.
    feeders: [Vec<Option<Who>>; 2],
    nodes: u64,
    answer: Option<bool>,
}

/// One operation placed, and how to undo it.
#[derive(Clone, Debug)]
struct Placing<S> {
    who: Who,
    /// Nothing else was to be tried.
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

/// How an operation that is not right now comes to be: what begins it, and what comes right before.
#[derive(Clone, Copy, Debug)]
enum Way {
    Begins,
    Ends,
}

/// What to try next: of the completed operations that are open the first that returns after this
/// event, or this one of the unknown operations.
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
    /// Takes up another history.
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

    /// How many situations it has looked at.
    pub(crate) fn nodes(&self) -> u64 {
        self.nodes
    }

    /// Whether what it remembers takes as much memory as it may have.
    pub(crate) fn is_full(&self) -> bool {
        self.memo.words() > FULL
    }

    /// Goes on, for at most `budget` situations more. With an answer it has nothing more to do.
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

    /// Looks at a new situation: places what needs no choice, and turns back where it can.
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

    /// Places observers that are right now. Nothing else need be tried in their place.
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
            // If the first return was this one's, calls behind it are open now; they follow.
            let before = state.clone();
            self.place(Who::Completed(operation), before, true);
            event = self.time.next[event as usize];
            if self.time.is_gone(event) {
                event = self.time.first();
            }
        }
    }

    /// Tries what is next.
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

    /// The next operation of unknown outcome, from this one on, that is worth trying, and what it
    /// leads to.
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
                // An observer in between makes what was written seen.
                self.hungry = false;
            }
            Who::Unknown(place) => {
                flip(&mut self.used, place);
                self.hungry = true;
            }
        }
    }

    /// Undoes the last choice, and whatever followed from it without one.
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

    /// Whether an operation that is open now, or soon, can never be right from here.
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

    /// Whether something that is not placed yet, called before this one returns, may lead to it.
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

    /// Notes the situation. False where it leads nowhere that was not seen.
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
