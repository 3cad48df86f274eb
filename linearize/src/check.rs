//! The verdict on a history. Each key is checked for itself, by the cheapest method that decides.

use std::num::NonZeroU64;

use crate::history::{History, Operation};
use crate::model::{Answer, Entry};
use crate::register::{Deed, Held, Register};
use crate::search::Search;
use crate::zones::{self, Zones};

/// The number of situations that the search looks at for one key before the other keys have their
/// turn. It doubles with every round.
const FIRST_ROUND: u64 = 1_000;

/// The number of situations that a search may look at, for all keys together. It is never a time,
/// so that the same history gets the same answer everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub NonZeroU64);

impl Budget {
    /// A budget of `nodes` situations; `None` for 0.
    ///
    /// ```
    /// assert_eq!(linearize::Budget::nodes(0), None);
    /// assert!(linearize::Budget::nodes(5_000).is_some());
    /// ```
    #[must_use]
    pub fn nodes(nodes: u64) -> Option<Self> {
        NonZeroU64::new(nodes).map(Self)
    }
}

impl Default for Budget {
    /// Two million situations: this takes some seconds, and some hundred megabytes at most. With
    /// thousands of operations of unknown outcome on one key each situation costs more.
    fn default() -> Self {
        Self(NonZeroU64::new(2_000_000).expect("it is not zero"))
    }
}

/// The method that found an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// No search was needed: the order was given, for example by an applied log, or there are no
    /// operations to order.
    Witness,
    /// Every value was written once, or every reply reports a version. The observed values and
    /// versions then determine the order.
    Zones,
    /// A search through orders.
    Search,
}

impl Tier {
    /// 0, 1 or 2.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Tier::Witness => 0,
            Tier::Zones => 1,
            Tier::Search => 2,
        }
    }
}

/// The result of a check, and its cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether the history is linearizable.
    pub verdict: Verdict,
    /// The highest tier that was needed.
    pub tier: Tier,
    /// The situations that searches looked at.
    pub nodes: u64,
}

/// Whether a history is linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The history is linearizable: for each key, in the order of the keys' names, this order of
    /// operations explains all answers and agrees with the clock. Places are those in the history.
    /// Operations of unknown outcome that never took effect are missing.
    Linearizable(Vec<Vec<usize>>),
    /// No order explains the answers about this key.
    NotLinearizable {
        /// The key.
        key: String,
    },
    /// The check used up its budget before it found an answer.
    Inconclusive,
}

/// Checks histories, one after the other, and reuses its memory.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    idle: Vec<Search<Held>>,
}

/// A key whose search is not finished.
struct Open<'h> {
    /// Its place among the keys.
    key: usize,
    register: Register<'h>,
    entries: Vec<Entry<Deed>>,
    search: Search<Held>,
}

/// The result for one key.
pub(crate) enum OfKey {
    Order(Vec<u32>),
    Impossible,
    Unknown,
}

impl Checker {
    /// A checker.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks whether a history is linearizable.
    ///
    /// ```
    /// use linearize::{Budget, Checker, History, Verdict};
    ///
    /// let history = History::parse(
    ///     r#"{"process": 0, "call": 1, "return": 4, "op": "put", "key": "x", "value": "a"}
    ///        {"process": 1, "call": 2, "return": 3, "op": "get", "key": "x", "result": "a"}
    ///        {"process": 1, "call": 5, "return": 6, "op": "get", "key": "x", "result": null}"#,
    /// )?;
    /// let checked = Checker::new().check(&history, Budget::default());
    /// let key = "x".to_owned();
    /// assert_eq!(checked.verdict, Verdict::NotLinearizable { key });
    /// # Ok::<(), linearize::Malformed>(())
    /// ```
    pub fn check(&mut self, history: &History, budget: Budget) -> Checked {
        let keys = history.keys();
        let mut orders: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
        let mut open = Vec::new();
        let mut tier = match keys.len() {
            0 => Tier::Witness,
            _ => Tier::Zones,
        };
        for (key, (name, places)) in keys.iter().enumerate() {
            let operations = pick(history, places);
            match zones::check(&operations) {
                Zones::Order(order) => orders[key] = back(places, &order),
                Zones::Impossible => {
                    let key = (*name).to_owned();
                    self.idle
                        .extend(open.into_iter().map(|it: Open<'_>| it.search));
                    return Checked {
                        verdict: Verdict::NotLinearizable { key },
                        tier,
                        nodes: 0,
                    };
                }
                Zones::Unclear => open.push(self.open(key, &operations)),
            }
        }
        if !open.is_empty() {
            tier = Tier::Search;
        }
        let (found, nodes) = self.rounds(open, budget.0.get(), |key, order| {
            orders[key] = back(&keys[key].1, &order);
        });
        let verdict = match found {
            Rounds::All => Verdict::Linearizable(orders),
            Rounds::Impossible(key) => Verdict::NotLinearizable {
                key: keys[key].0.to_owned(),
            },
            Rounds::Unknown => Verdict::Inconclusive,
        };
        Checked {
            verdict,
            tier,
            nodes,
        }
    }

    /// Checks the operations of one key, and returns the number of situations that this took.
    pub(crate) fn check_key(&mut self, operations: &[&Operation], budget: u64) -> (OfKey, u64) {
        match zones::check(operations) {
            Zones::Order(order) => return (OfKey::Order(order), 0),
            Zones::Impossible => return (OfKey::Impossible, 0),
            Zones::Unclear => {}
        }
        let mut found = None;
        let open = vec![self.open(0, operations)];
        let (rounds, nodes) = self.rounds(open, budget, |_, order| found = Some(order));
        let of_key = match (rounds, found) {
            (Rounds::All, Some(order)) => OfKey::Order(order),
            (Rounds::Impossible(_), _) => OfKey::Impossible,
            _ => OfKey::Unknown,
        };
        (of_key, nodes)
    }

    fn open<'h>(&mut self, key: usize, operations: &[&'h Operation]) -> Open<'h> {
        let (register, entries) = Register::new(operations);
        let mut search = self.idle.pop().unwrap_or_default();
        search.begin(&register, &entries);
        Open {
            key,
            register,
            entries,
            search,
        }
    }

    /// Searches all keys in turns, so that one hard key does not hide an error of another.
    fn rounds(
        &mut self,
        mut open: Vec<Open<'_>>,
        budget: u64,
        mut found: impl FnMut(usize, Vec<u32>),
    ) -> (Rounds, u64) {
        let (mut nodes, mut round) = (0, FIRST_ROUND);
        let mut answer = None;
        while answer.is_none() && !open.is_empty() {
            for mut it in std::mem::take(&mut open) {
                let before = it.search.nodes();
                let slice = match answer {
                    None => round.min(budget - nodes),
                    // This search has ended: only its memory is reused.
                    Some(_) => 0,
                };
                let of_key = it.search.go(&mut it.register, &it.entries, slice);
                nodes += it.search.nodes() - before;
                match of_key {
                    Answer::Order(order) => found(it.key, order),
                    Answer::Impossible if answer.is_none() => {
                        answer = Some(Rounds::Impossible(it.key));
                    }
                    Answer::Unknown if answer.is_none() => {
                        open.push(it);
                        continue;
                    }
                    Answer::Impossible | Answer::Unknown => {}
                }
                self.idle.push(it.search);
            }
            let full = open.iter().any(|it| it.search.is_full());
            if answer.is_none() && !open.is_empty() && (full || nodes >= budget) {
                answer = Some(Rounds::Unknown);
            }
            round = round.saturating_mul(2);
        }
        self.idle.extend(open.into_iter().map(|it| it.search));
        (answer.unwrap_or(Rounds::All), nodes)
    }
}

/// The end of the search in turns.
enum Rounds {
    All,
    Impossible(usize),
    Unknown,
}

pub(crate) fn pick<'h>(history: &'h History, places: &[usize]) -> Vec<&'h Operation> {
    let operations = history.operations();
    places.iter().map(|place| &operations[*place]).collect()
}

fn back(places: &[usize], order: &[u32]) -> Vec<usize> {
    order.iter().map(|place| places[*place as usize]).collect()
}
