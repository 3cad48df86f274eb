//! The search's model of one key of the store.

use crate::history::{Action, Operation, Swap};
use crate::model::{Entry, Model};
use crate::values::{ABSENT, UNSEEN, Values};

/// The state of a key: its value, and the known bounds of its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    value: u32,
    version: Version,
}

/// The known bounds of a version. Versions rise with every write, by an unknown amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    Exactly(u64),
    AtLeast(u64),
    Above(u64),
}

impl Version {
    /// The version before any observation.
    pub(crate) const FIRST: Version = Version::AtLeast(0);

    fn allows(self, told: u64) -> bool {
        match self {
            Version::Exactly(version) => told == version,
            Version::AtLeast(least) => told >= least,
            Version::Above(least) => told > least,
        }
    }

    fn floor(self) -> u64 {
        let (Version::Exactly(floor) | Version::AtLeast(floor) | Version::Above(floor)) = self;
        floor
    }

    /// The version after a client observed it.
    pub(crate) fn seen(self, told: Option<u64>) -> Option<Version> {
        match told {
            Some(told) => self.allows(told).then_some(Version::Exactly(told)),
            None => Some(self),
        }
    }

    /// After a write.
    pub(crate) fn written(self, told: Option<u64>) -> Option<Version> {
        match told {
            Some(told) => (told > self.floor()).then_some(Version::Exactly(told)),
            None => Some(Version::Above(self.floor())),
        }
    }

    /// The version after a write that found nothing to change: not every store counts that.
    pub(crate) fn perhaps_written(self, told: Option<u64>) -> Option<Version> {
        match (told, self) {
            (Some(told), Version::Exactly(floor)) => {
                (told >= floor).then_some(Version::Exactly(told))
            }
            (Some(_), _) => self.seen(told),
            (None, Version::Exactly(floor)) => Some(Version::AtLeast(floor)),
            (None, _) => Some(self),
        }
    }

    /// Whether no client can observe this version any more.
    fn is_past(self, told: u64) -> bool {
        match self {
            Version::Above(floor) => told <= floor,
            _ => told < self.floor(),
        }
    }
}

/// An operation with its values as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    what: What,
    version: Option<u64>,
    /// Whether its outcome is known.
    known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Saw this value.
    Saw(u32),
    /// Saw that it is not this one.
    SawOther(u32),
    Put(u32),
    /// The place of the text, and a number that equal texts share.
    Append(u32),
    Swap(u32, u32),
    /// A compare-and-swap of unknown outcome.
    MaySwap(u32, u32),
    Delete(Option<bool>),
    /// It has an answer that no store can give: a failed compare-and-swap that found the expected
    /// value.
    Absurd,
}

/// One key: the meaning of each operation, with values as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Register<'h> {
    values: Values<'h>,
    /// The appended texts, by number.
    texts: Vec<&'h str>,
    /// Whether an observer saw that there was a value, or a different one, without seeing which.
    any_value_is_seen: bool,
}

impl<'h> Register<'h> {
    /// Creates the model of a key with these operations on it.
    pub(crate) fn new(operations: &[&'h Operation]) -> (Self, Vec<Entry<Deed>>) {
        let mut observed = Vec::new();
        let mut texts = Vec::new();
        for operation in operations {
            let ret = operation.ret.unwrap_or(i128::MAX);
            if let Some(Some(value)) = operation.saw() {
                observed.push((value, ret));
            }
            match &operation.action {
                Action::Cas {
                    expect: Some(expect),
                    ..
                } => observed.push((expect, ret)),
                Action::Append { value } => texts.push(value.as_str()),
                _ => {}
            }
        }
        texts.sort_unstable();
        texts.dedup();
        let values = Values::new(observed, &texts);
        let any_value_is_seen = operations.iter().any(|operation| match &operation.action {
            Action::Cas { told, .. } => *told == Some(Swap::Failed { actual: None }),
            Action::Delete { existed } => *existed == Some(true),
            _ => false,
        });
        let mut register = Self {
            values,
            texts,
            any_value_is_seen,
        };
        let entries = operations
            .iter()
            .map(|operation| Entry::new(operation.call, operation.ret, register.deed(operation)))
            .collect();
        (register, entries)
    }

    fn deed(&mut self, operation: &Operation) -> Deed {
        let mut number = |value: &Option<String>| match value {
            Some(value) => self.values.of(value),
            None => ABSENT,
        };
        let what = match &operation.action {
            Action::Get { result } => What::Saw(number(result)),
            Action::Put { value } => What::Put(self.values.of(value)),
            Action::Append { value } => {
                let place = self.texts.binary_search(&value.as_str());
                let place = place.expect("every text that is appended was noted");
                What::Append(u32::try_from(place).expect("fewer than operations"))
            }
            Action::Cas {
                expect,
                value,
                told,
            } => {
                let from = number(expect);
                match told {
                    None => What::MaySwap(from, self.values.of(value)),
                    Some(Swap::Done) => What::Swap(from, self.values.of(value)),
                    Some(Swap::Failed { actual: None }) => What::SawOther(from),
                    Some(Swap::Failed { actual: Some(same) }) if same == expect => What::Absurd,
                    Some(Swap::Failed {
                        actual: Some(actual),
                    }) => What::Saw(number(actual)),
                }
            }
            Action::Delete { existed } => What::Delete(*existed),
        };
        Deed {
            what,
            version: operation.version,
            known: operation.ret.is_some(),
        }
    }

    /// Whether a key with this value may reach the whole one by appends alone.
    fn grows_to(&self, value: u32, whole: u32) -> bool {
        match (value, whole) {
            (_, ABSENT) => value == ABSENT,
            (ABSENT, _) => self.values.starts_by_append(whole),
            _ if self.texts.is_empty() => value == whole,
            _ => self.values.begins(value, whole),
        }
    }
}

/// The value that an operation needs to be correct.
fn wanted(deed: &Deed) -> Option<u32> {
    match deed.what {
        What::Saw(value) | What::Swap(value, _) => Some(value),
        _ => None,
    }
}

impl Model for Register<'_> {
    type Op = Deed;
    type State = Held;

    fn initial(&self) -> Held {
        Held {
            value: ABSENT,
            version: Version::FIRST,
        }
    }

    fn step(&mut self, held: &Held, deed: &Deed) -> Option<Held> {
        let (is, known) = (held.value, held.version);
        let seen = || known.seen(deed.version);
        let written = || known.written(deed.version);
        let (value, version) = match deed.what {
            What::Saw(value) if value == is => (is, seen()?),
            What::SawOther(value) if value != is => (is, seen()?),
            What::Put(value) => (value, written()?),
            What::Append(text) => {
                let token = self.texts[text as usize];
                (self.values.append(is, text, token), written()?)
            }
            What::Swap(from, to) | What::MaySwap(from, to) if from == is => (to, written()?),
            What::MaySwap(..) => (is, known),
            What::Delete(Some(existed)) if existed != (is != ABSENT) => return None,
            What::Delete(_) if is == ABSENT => (ABSENT, known.perhaps_written(deed.version)?),
            What::Delete(_) => (ABSENT, written()?),
            What::Saw(_) | What::SawOther(_) | What::Swap(..) | What::Absurd => return None,
        };
        // Its outcome is unknown, and no observer can have seen it: it need not have happened.
        if !deed.known && value == UNSEEN && !self.any_value_is_seen {
            return Some(*held);
        }
        Some(Held { value, version })
    }

    fn observes(&self, deed: &Deed) -> bool {
        matches!(deed.what, What::Saw(_) | What::SawOther(_))
    }

    fn overwrites(&self, deed: &Deed) -> bool {
        matches!(deed.what, What::Put(_) | What::Delete(None))
    }

    fn signature(&self, deed: &Deed) -> Option<u128> {
        let (kind, one, other) = match deed.what {
            What::Put(value) => (1, value, 0),
            What::Append(text) => (2, text, 0),
            What::MaySwap(from, to) => (3, from, to),
            What::Delete(_) => (4, 0, 0),
            // Operations with answers never reach this arm.
            What::Saw(_) | What::SawOther(_) | What::Swap(..) | What::Absurd => return None,
        };
        Some(kind << 64 | u128::from(one) << 32 | u128::from(other))
    }

    fn settle(&mut self, held: Held, now: i128) -> Held {
        let value = self.values.settle(held.value, now);
        Held { value, ..held }
    }

    fn leads(&self, held: &Held, deed: &Deed) -> bool {
        wanted(deed).is_none_or(|value| self.grows_to(held.value, value))
    }

    fn feeds(&self, writer: &Deed, deed: &Deed) -> bool {
        let Some(value) = wanted(deed) else {
            return true;
        };
        match writer.what {
            What::Put(to) | What::Swap(_, to) | What::MaySwap(_, to) => self.grows_to(to, value),
            What::Delete(_) => self.grows_to(ABSENT, value),
            _ => false,
        }
    }

    fn fits(&self, held: &Held, deed: &Deed) -> bool {
        wanted(deed).is_none_or(|value| held.value == value)
    }

    fn finishes(&self, writer: &Deed, deed: &Deed) -> bool {
        let Some(value) = wanted(deed) else {
            return true;
        };
        match writer.what {
            What::Put(to) | What::Swap(_, to) | What::MaySwap(_, to) => to == value,
            What::Append(text) => self.values.ends_with(value, self.texts[text as usize]),
            What::Delete(_) => value == ABSENT,
            What::Saw(_) | What::SawOther(_) | What::Absurd => false,
        }
    }

    fn lost(&self, held: &Held, deed: &Deed) -> bool {
        deed.what == What::Absurd || deed.version.is_some_and(|told| held.version.is_past(told))
    }
}
