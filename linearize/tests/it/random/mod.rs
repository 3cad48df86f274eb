//! Random histories, most of them nearly correct.

use linearize::{Action, History, Operation, Swap};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The parameters of a history, drawn anew for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) operations: u64,
    pub(crate) unique: bool,
    /// The percentage of operations without a known outcome.
    pub(crate) unknown: u64,
    /// The percentage of replies that report the version.
    pub(crate) versions: u64,
    /// The percentage of failed compare-and-swaps that report the actual value.
    pub(crate) actual: u64,
    /// The percentage of deletes that report whether there was a value.
    pub(crate) existed: u64,
    /// The number of points among which an operation's call and return lie. It sets the overlap.
    pub(crate) spread: u64,
    /// The weights of the kinds: get, put, append, cas, delete.
    pub(crate) mix: [u64; 5],
    /// The percentage of histories with a disturbance.
    pub(crate) disturbed: u64,
}

pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        let place = self.below(of.len() as u64);
        of[usize::try_from(place).expect("a place in a list")].clone()
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    pub(crate) fn style(&mut self, most: u64) -> Style {
        let none_half_all = |random: &mut Random| random.one_of(&[0, 50, 100]);
        Style {
            operations: 1 + self.below(most),
            unique: self.percent(50),
            unknown: self.one_of(&[0, 15, 30, 60]),
            versions: self.one_of(&[0, 0, 50, 100]),
            actual: none_half_all(self),
            existed: none_half_all(self),
            spread: 1 + self.below(12),
            mix: std::array::from_fn(|kind| match kind {
                0 => 3 + self.below(6),
                _ => self.below(6),
            }),
            disturbed: self.one_of(&[0, 100, 100]),
        }
    }

    fn kind(&mut self, mix: &[u64; 5]) -> usize {
        let mut at = self.below(mix.iter().sum());
        mix.iter()
            .position(|weight| {
                let hit = at < *weight;
                at = at.wrapping_sub(*weight);
                hit
            })
            .expect("the weights add up")
    }

    fn text(&mut self, style: &Style, place: u64) -> String {
        match style.unique {
            true => format!("{place}."),
            false => self.one_of(&["a", "b", "ab"]).to_owned(),
        }
    }

    /// A history of one key.
    pub(crate) fn history(&mut self, style: &Style) -> Vec<Operation> {
        let mut plan: Vec<(u64, Operation, Option<u64>)> = Vec::new();
        let mut texts = vec![None];
        for place in 0..style.operations {
            let call = 2 * style.spread.min(4) * place + self.below(2 * style.spread);
            let end = call + 1 + self.below(4 * style.spread);
            let effect = call + self.below(end - call + 1);
            let unknown = self.percent(style.unknown);
            let effect = match unknown {
                false => Some(effect),
                true => self
                    .percent(60)
                    .then(|| call + self.below(8 * style.operations)),
            };
            let value = self.text(style, place);
            texts.push(Some(value.clone()));
            let action = match self.kind(&style.mix) {
                0 => Action::Get { result: None },
                1 => Action::Put { value },
                2 => Action::Append { value },
                3 => Action::Cas {
                    expect: self.one_of(&texts),
                    value,
                    told: None,
                },
                _ => Action::Delete { existed: None },
            };
            let operation = Operation {
                process: place.to_string(),
                key: "x".to_owned(),
                call: i128::from(call) * 1_000 + i128::from(place),
                ret: (!unknown).then(|| i128::from(end) * 1_000 + 500 + i128::from(place)),
                action,
                version: None,
            };
            plan.push((place, operation, effect));
        }
        let mut order: Vec<(u64, u64, usize)> = Vec::new();
        for (at, (place, _, effect)) in plan.iter().enumerate() {
            if let Some(effect) = effect {
                order.push((*effect, *place, at));
            }
        }
        order.sort_unstable();
        let (mut value, mut version) = (None, self.below(2));
        for (_, _, at) in order {
            self.execute(style, &mut plan[at].1, &mut value, &mut version);
        }
        let mut operations: Vec<_> = plan
            .into_iter()
            .map(|(_, operation, _)| operation)
            .collect();
        if self.percent(style.disturbed) {
            for _ in 0..=self.below(3) {
                self.disturb(&mut operations, &texts);
            }
        }
        History::new(operations.clone()).expect("what is drawn is a history");
        operations
    }

    /// Executes an operation as a store does.
    fn execute(
        &mut self,
        style: &Style,
        operation: &mut Operation,
        value: &mut Option<String>,
        version: &mut u64,
    ) {
        let known = operation.ret.is_some();
        let before = value.clone();
        let mut wrote = true;
        match &mut operation.action {
            Action::Get { result } => {
                wrote = false;
                *result = before.filter(|_| known);
            }
            Action::Put { value: to } => *value = Some(to.clone()),
            Action::Append { value: more } => *value = Some(before.unwrap_or_default() + more),
            Action::Cas {
                expect,
                value: to,
                told,
            } => {
                wrote = before == *expect;
                let tells = self.percent(style.actual);
                if wrote {
                    *value = Some(to.clone());
                    *told = Some(Swap::Done);
                } else {
                    let actual = tells.then_some(before);
                    *told = Some(Swap::Failed { actual });
                }
                if !known {
                    *told = None;
                }
            }
            Action::Delete { existed } => {
                *value = None;
                wrote = before.is_some() || self.percent(50);
                *existed = (known && self.percent(style.existed)).then_some(before.is_some());
            }
        }
        if wrote {
            *version += 1 + self.below(2);
        }
        if known && self.percent(style.versions) {
            operation.version = Some(*version);
        }
    }

    /// Changes one reply, or one point in time.
    fn disturb(&mut self, operations: &mut [Operation], texts: &[Option<String>]) {
        let place = usize::try_from(self.below(operations.len() as u64)).expect("a place");
        let other = self.one_of(texts);
        let more = self.one_of(texts);
        let joined = match (&other, more) {
            (Some(one), Some(two)) => Some(one.clone() + &two),
            _ => other.clone(),
        };
        let value = self.one_of(&[other, joined]).clone();
        let operation = &mut operations[place];
        if operation.ret.is_none() {
            return;
        }
        match (&mut operation.action, self.below(5)) {
            (_, 0) => {
                if let Some(version) = &mut operation.version {
                    *version = (*version + self.below(3)).saturating_sub(1);
                }
            }
            (_, 1) => {
                let length = i128::from(self.below(9)) * 1_000;
                operation.ret = operation.ret.map(|ret| ret.max(operation.call) + length);
            }
            (Action::Get { result }, _) => *result = value,
            (Action::Cas { told, .. }, 2) => {
                *told = Some(match told {
                    Some(Swap::Done) => Swap::Failed { actual: None },
                    _ => Swap::Done,
                });
            }
            (Action::Cas { told, .. }, _) => {
                *told = Some(Swap::Failed {
                    actual: Some(value),
                });
            }
            (Action::Delete { existed }, _) => {
                *existed = existed.map(|existed| !existed);
            }
            _ => {}
        }
    }
}
