//! Histories in which every value is written once. Their check takes the time of a sort.
//!
//! If the write behind each observation is known, then some operations must follow directly on
//! known states: an append on the value that it extended, a compare-and-swap on the value that it
//! replaced. Chains of such writes, each with its observers, are *blocks*. The order inside a block
//! is forced, and blocks may follow each other in any order that agrees with the clock. Gibbons and
//! Korach (Testing Shared Memories, 1997) give such an order: block A must come before block B if
//! an operation of A returned (the first at `f`) before an operation of B was called (the last at
//! `s`). If any order is possible, then the order by min(f, s) is.
//!
//! Unclear cases (values written twice, ambiguous appends, absence after deletes without versions)
//! are left to the search.

use crate::history::{Action, Operation, Swap};
use crate::replay::{self, Plain};
use crate::versions;

/// The result of checking the blocks of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zones {
    /// This order explains it.
    Order(Vec<u32>),
    /// No order does.
    Impossible,
    /// The blocks do not decide: a search is needed.
    Unclear,
}

/// Why the check of blocks ends early.
enum Stop {
    Impossible,
    Unclear,
}

/// The state before the first write. Every other state has the number of the operation that makes
/// it.
const INITIAL: u32 = u32::MAX;
const NONE: u32 = u32::MAX - 1;

/// Checks the operations of one key.
pub(crate) fn check(operations: &[&Operation]) -> Zones {
    if let Some(order) = versions::order(operations) {
        return Zones::Order(order);
    }
    match order(operations) {
        Ok(order) => Zones::Order(order),
        Err(Stop::Impossible) => Zones::Impossible,
        Err(Stop::Unclear) => Zones::Unclear,
    }
}

fn order(operations: &[&Operation]) -> Result<Vec<u32>, Stop> {
    let writes = Writes::read(operations)?;
    let mut chains = Chains::new(operations, &writes);
    chains.read()?;
    let order = chains.blocks()?;
    let mut latest = i128::MIN;
    for place in &order {
        let operation = operations[*place as usize];
        if operation.ret.is_some_and(|ret| ret < latest) {
            return Err(Stop::Impossible);
        }
        latest = latest.max(operation.call);
    }
    let order = with_misses(operations, &order).ok_or(Stop::Unclear)?;
    if replay::explains(operations, &order) {
        Ok(order)
    } else {
        Err(Stop::Unclear)
    }
}

/// The writers of values.
struct Writes<'h> {
    /// The written and appended texts, in order. Each has one operation.
    texts: Vec<(&'h str, u32)>,
    appends: bool,
    deletes: bool,
}

impl<'h> Writes<'h> {
    fn read(operations: &[&'h Operation]) -> Result<Self, Stop> {
        let mut writes = Writes {
            texts: Vec::new(),
            appends: false,
            deletes: false,
        };
        for (operation, place) in operations.iter().zip(0..) {
            match &operation.action {
                _ if operation.only_looks() => {}
                Action::Put { value } | Action::Cas { value, .. } => {
                    writes.texts.push((value, place));
                }
                Action::Append { value } => {
                    writes.texts.push((value, place));
                    writes.appends = true;
                }
                Action::Delete { .. } => writes.deletes = true,
                Action::Get { .. } => unreachable!("a get only looks"),
            }
        }
        writes.texts.sort_unstable();
        let mut pairs = writes.texts.windows(2);
        // In sorted order, a text that begins others is directly before one of them.
        let clash = pairs.any(|pair| {
            pair[0].0 == pair[1].0 || (writes.appends && pair[1].0.starts_with(pair[0].0))
        });
        let empty = writes.appends && writes.texts.first().is_some_and(|text| text.0.is_empty());
        if clash || empty {
            return Err(Stop::Unclear);
        }
        Ok(writes)
    }

    /// The writer of the first part of `text`, and the length of that part.
    fn first_of(&self, text: &str) -> Option<(u32, usize)> {
        let behind = self.texts.partition_point(|(known, _)| *known <= text);
        let (known, place) = self.texts[..behind].last()?;
        text.starts_with(known).then_some((*place, known.len()))
    }

    /// The writer of exactly this text.
    fn of(&self, text: &str) -> Option<u32> {
        let place = self.texts.binary_search_by_key(&text, |(known, _)| known);
        Some(self.texts[place.ok()?].1)
    }
}

/// The chains of operations that follow directly on each other.
struct Chains<'a, 'h> {
    operations: &'a [&'h Operation],
    writes: &'a Writes<'h>,
    /// For each operation, the state that it followed on directly.
    before: Vec<u32>,
    /// For each state, the operation that follows on it directly; the last one is the initial
    /// state's.
    after: Vec<u32>,
    /// For each operation, whether it certainly took effect.
    sure: Vec<bool>,
    /// For each state, its observers.
    readers: Vec<Vec<u32>>,
    /// Compare-and-swaps of unknown outcome that were observed: their expected value was there.
    news: Vec<u32>,
    /// Whether an observer saw that the key was absent.
    absence: bool,
    /// Deletes that found a value, by the version they made.
    deletes: Vec<(u64, u32)>,
}

impl<'a, 'h> Chains<'a, 'h> {
    fn new(operations: &'a [&'h Operation], writes: &'a Writes<'h>) -> Self {
        let count = operations.len();
        let absence = operations.iter().any(|operation| {
            let expects = matches!(&operation.action, Action::Cas { expect: None, .. });
            expects || operation.saw() == Some(None)
        });
        let found = operations.iter().zip(0..).filter_map(|(operation, place)| {
            let existed = Some(true);
            let deleted = operation.action == Action::Delete { existed };
            operation.version.filter(|_| deleted).map(|it| (it, place))
        });
        let mut deletes: Vec<(u64, u32)> = found.collect();
        deletes.sort_unstable();
        Self {
            operations,
            writes,
            before: vec![NONE; count],
            after: vec![NONE; count + 1],
            sure: vec![false; count],
            readers: vec![Vec::new(); count + 1],
            news: Vec::new(),
            absence,
            deletes,
        }
    }

    fn slot(&self, state: u32) -> usize {
        match state {
            INITIAL => self.operations.len(),
            state => state as usize,
        }
    }

    /// Reads the observation of every operation.
    fn read(&mut self) -> Result<(), Stop> {
        for (operation, place) in self.operations.iter().copied().zip(0..) {
            let Some(_) = operation.ret else { continue };
            self.sure[place as usize] |= !operation.only_looks();
            match &operation.action {
                Action::Cas {
                    expect,
                    told:
                        Some(Swap::Failed {
                            actual: Some(actual),
                        }),
                    ..
                } if actual == expect => return Err(Stop::Impossible),
                Action::Cas {
                    expect,
                    told: Some(Swap::Done),
                    ..
                } => self.swapped(place, expect.as_deref())?,
                Action::Delete { existed } if *existed != Some(true) && self.absence => {
                    return Err(Stop::Unclear);
                }
                _ => {
                    if let Some(saw) = operation.saw() {
                        let state = self.state(saw, operation.version)?;
                        let slot = self.slot(state);
                        self.readers[slot].push(place);
                    }
                }
            }
        }
        while let Some(place) = self.news.pop() {
            let Action::Cas { expect, .. } = &self.operations[place as usize].action else {
                unreachable!("only compare-and-swaps expect something");
            };
            self.swapped(place, expect.as_deref())?;
        }
        Ok(())
    }

    /// Notes that a compare-and-swap followed directly on its expected value.
    fn swapped(&mut self, place: u32, expect: Option<&str>) -> Result<(), Stop> {
        let state = self.state(expect, None)?;
        self.link(state, place)
    }

    /// Notes that `next` followed directly on `state`.
    fn link(&mut self, state: u32, next: u32) -> Result<(), Stop> {
        let slot = self.slot(state);
        let known = (self.after[slot], self.before[next as usize]);
        if known == (next, state) {
            return Ok(());
        }
        if known != (NONE, NONE) {
            return Err(Stop::Impossible);
        }
        self.after[slot] = next;
        self.before[next as usize] = state;
        Ok(())
    }

    /// The state of an observation.
    fn state(&mut self, saw: Option<&str>, version: Option<u64>) -> Result<u32, Stop> {
        let Some(text) = saw else {
            return self.absent(version);
        };
        if !self.writes.appends {
            let place = self.writes.of(text).ok_or(Stop::Impossible)?;
            self.certain(place);
            return Ok(place);
        }
        let mut rest = text;
        let mut state = None;
        while !rest.is_empty() || state.is_none() {
            let (place, length) = self.writes.first_of(rest).ok_or(Stop::Impossible)?;
            rest = &rest[length..];
            let appended = matches!(
                self.operations[place as usize].action,
                Action::Append { .. }
            );
            match (state, appended) {
                (Some(before), true) => self.link(before, place)?,
                (Some(_), false) => return Err(Stop::Impossible),
                (None, true) if self.writes.deletes => return Err(Stop::Unclear),
                (None, true) => self.link(INITIAL, place)?,
                (None, false) => {}
            }
            self.certain(place);
            state = Some(place);
        }
        state.ok_or(Stop::Impossible)
    }

    /// The state of an observation that the key was absent.
    fn absent(&self, version: Option<u64>) -> Result<u32, Stop> {
        if !self.writes.deletes || version == Some(0) {
            return Ok(INITIAL);
        }
        let version = version.ok_or(Stop::Unclear)?;
        let first = self.deletes.partition_point(|(of, _)| *of < version);
        let same = self.deletes[first..].iter();
        let mut same = same.take_while(|(of, _)| *of == version);
        match (same.next(), same.next()) {
            (Some((_, place)), None) => Ok(*place),
            _ => Err(Stop::Unclear),
        }
    }

    fn certain(&mut self, place: u32) {
        let known = std::mem::replace(&mut self.sure[place as usize], true);
        let operation = self.operations[place as usize];
        let unknown_cas = matches!(operation.action, Action::Cas { told: None, .. });
        if !known && unknown_cas {
            self.news.push(place);
        }
    }

    /// All blocks, one after the other.
    fn blocks(&self) -> Result<Vec<u32>, Stop> {
        let count = u32::try_from(self.operations.len()).expect("a history is shorter");
        let sure = |place: &u32| self.sure[*place as usize];
        let begins = |place: &u32| sure(place) && self.before[*place as usize] == NONE;
        let mut blocks = vec![self.block(INITIAL)];
        blocks.extend((0..count).filter(begins).map(|first| self.block(first)));
        blocks.sort_unstable_by_key(|block| block.0);
        let order: Vec<u32> = blocks.into_iter().flat_map(|(_, block)| block).collect();
        let misses = |operation: &&&Operation| is_miss(operation);
        let written = (0..count).filter(sure).count();
        let read: usize = self.readers.iter().map(Vec::len).sum();
        let completed = |operation: &&&Operation| operation.ret.is_some();
        let looked = self.operations.iter().filter(completed);
        let looked = looked.filter(|operation| operation.only_looks()).count();
        let missed = self.operations.iter().filter(misses).count();
        assert!(read + missed == looked, "whoever looked saw something");
        // A state that is in no block follows on itself.
        if order.len() < written + read {
            return Err(Stop::Impossible);
        }
        Ok(order)
    }

    /// The block that begins with a state, and the key that orders it.
    fn block(&self, first: u32) -> (i128, Vec<u32>) {
        let mut block = Vec::new();
        let mut state = first;
        while state != NONE {
            if state != INITIAL {
                block.push(state);
            }
            let slot = self.slot(state);
            block.extend_from_slice(&self.readers[slot]);
            state = self.after[slot];
        }
        let operation = |place: &u32| self.operations[*place as usize];
        let returns = block.iter().filter_map(|place| operation(place).ret);
        let first_return = returns.min().unwrap_or(i128::MAX);
        let last_call = block.iter().map(|place| operation(place).call).max();
        let key = match first {
            INITIAL => i128::MIN,
            _ => first_return.min(last_call.expect("a block is not empty")),
        };
        (key, block)
    }
}

/// Whether this is a failed compare-and-swap that did not report the actual value.
fn is_miss(operation: &Operation) -> bool {
    matches!(
        &operation.action,
        Action::Cas {
            told: Some(Swap::Failed { actual: None }),
            ..
        }
    )
}

/// An order with the failed compare-and-swaps added, each at the first place where its expected
/// value is not there. `None` if they do not fit into this order.
fn with_misses(operations: &[&Operation], order: &[u32]) -> Option<Vec<u32>> {
    let mut misses: Vec<(i128, u32)> = operations
        .iter()
        .zip(0..)
        .filter(|(operation, _)| is_miss(operation))
        .map(|(operation, place)| (operation.call, place))
        .collect();
    if misses.is_empty() {
        return Some(order.to_vec());
    }
    misses.sort_unstable();
    let ret = |place: u32| operations[place as usize].ret.unwrap_or(i128::MAX);
    // For each place, the first return of the operations from there on.
    let mut first_return = vec![i128::MAX; order.len() + 1];
    for (place, operation) in order.iter().enumerate().rev() {
        first_return[place] = first_return[place + 1].min(ret(*operation));
    }
    let mut whole = Vec::with_capacity(operations.len());
    let mut plain = Plain::default();
    for (place, first_return) in first_return.into_iter().enumerate() {
        // In the order of their calls, so that one that returned before another's call is first.
        let mut open = i128::MAX;
        misses.retain(|(call, miss)| {
            let may = *call < first_return.min(open);
            let fits = may && plain.execute(operations[*miss as usize]);
            if fits {
                whole.push(*miss);
            } else {
                open = open.min(ret(*miss));
            }
            !fits
        });
        let Some(next) = order.get(place) else { break };
        let late = |(_, miss): &(i128, u32)| ret(*miss) < operations[*next as usize].call;
        if misses.iter().any(late) || !plain.execute(operations[*next as usize]) {
            return None;
        }
        whole.push(*next);
    }
    misses.is_empty().then_some(whole)
}
