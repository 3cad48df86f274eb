//! Operations of a key-value store's clients, and the answers that they got.

use std::fmt;

/// One operation of one client on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The client: a label for readers without other meaning.
    pub process: String,
    /// The key.
    pub key: String,
    /// The point of its call on the history's one clock.
    pub call: i128,
    /// The point of its return. `None`: the outcome is unknown. It may have taken effect at any
    /// time after the call, even after the end of the history, or never.
    pub ret: Option<i128>,
    /// The request and its answer.
    pub action: Action,
    /// The version of the key in the reply: the version of the write itself, or for reads that of
    /// the last write. Versions of a key rise with every write; they are compared, not counted. A
    /// key that was never written has version 0.
    pub version: Option<u64>,
}

/// A request on a key, and its answer. With an unknown outcome there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The value, or `None` for an absent key.
    Get {
        /// The answer.
        result: Option<String>,
    },
    /// Sets the value.
    Put {
        /// The new value.
        value: String,
    },
    /// Adds to the end of the value; sets it if the key is absent.
    Append {
        /// The text to add.
        value: String,
    },
    /// Sets the value if it is the expected one.
    Cas {
        /// The expected value; `None`: the key must be absent.
        expect: Option<String>,
        /// The new value.
        value: String,
        /// The answer; `None` if the outcome is unknown.
        told: Option<Swap>,
    },
    /// Makes the key absent.
    Delete {
        /// Whether there was a value, if the answer tells.
        existed: Option<bool>,
    },
}

/// The answer to a compare-and-swap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The key had the expected value.
    Done,
    /// The key did not have it.
    Failed {
        /// The actual value, if the answer tells; `Some(None)`: the key was absent.
        actual: Option<Option<String>>,
    },
}

impl Action {
    /// Its name in files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Action::Get { .. } => "get",
            Action::Put { .. } => "put",
            Action::Append { .. } => "append",
            Action::Cas { .. } => "cas",
            Action::Delete { .. } => "delete",
        }
    }
}

impl Operation {
    /// The value that its reply shows, `Some(None)` for an absent key.
    #[must_use]
    pub fn saw(&self) -> Option<Option<&str>> {
        self.ret?;
        match &self.action {
            Action::Get { result } => Some(result.as_deref()),
            Action::Cas {
                expect,
                told: Some(Swap::Done),
                ..
            } => Some(expect.as_deref()),
            Action::Cas {
                told: Some(Swap::Failed { actual }),
                ..
            } => actual.as_ref().map(Option::as_deref),
            _ => None,
        }
    }

    /// Whether it is known to change nothing.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        let failed = |told: &Option<Swap>| matches!(told, Some(Swap::Failed { .. }));
        match &self.action {
            Action::Get { .. } => true,
            Action::Cas { told, .. } => failed(told),
            _ => false,
        }
    }

    /// Its client, in words.
    #[must_use]
    pub fn by(&self) -> String {
        format!("process {}", plain(&self.process))
    }

    /// The same operation with an unknown outcome.
    #[must_use]
    pub fn unanswered(&self) -> Operation {
        let mut unknown = self.clone();
        unknown.ret = None;
        unknown.version = None;
        match &mut unknown.action {
            Action::Get { result } => *result = None,
            Action::Cas { told, .. } => *told = None,
            Action::Delete { existed } => *existed = None,
            Action::Put { .. } | Action::Append { .. } => {}
        }
        unknown
    }
}

/// Shown as a call and its answer: `get x → "a"`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action.name(), plain(&self.key))?;
        match &self.action {
            Action::Get { .. } | Action::Delete { .. } => {}
            Action::Put { value: to } | Action::Append { value: to } => {
                write!(f, " {}", shown(to))?
            }
            Action::Cas {
                expect, value: to, ..
            } => write!(f, " {} → {}", value(expect), shown(to))?,
        }
        if self.ret.is_none() {
            return f.write_str(", outcome unknown");
        }
        match &self.action {
            Action::Get { result } => write!(f, ": {}", value(result))?,
            Action::Cas { told, .. } => match told {
                Some(Swap::Failed {
                    actual: Some(actual),
                }) => write!(f, ": failed, found {}", value(actual))?,
                Some(Swap::Failed { actual: None }) => f.write_str(": failed")?,
                _ => f.write_str(": done")?,
            },
            Action::Delete {
                existed: Some(false),
            } => f.write_str(": found nothing")?,
            Action::Delete {
                existed: Some(true),
            } => f.write_str(": done")?,
            _ => {}
        }
        match self.version {
            Some(version) => write!(f, " (version {version})"),
            None => Ok(()),
        }
    }
}

/// The name as it is, or in quotes if it could be misread or is long.
#[must_use]
pub fn plain(name: &str) -> String {
    let odd = name.contains(|letter: char| letter.is_whitespace() || letter == '"');
    let escaped = name.escape_debug().to_string() != name;
    match name.is_empty() || odd || escaped || name.len() > 40 {
        true => shown(name),
        false => name.to_owned(),
    }
}

/// The value of a key in quotes, shortened if it is long, or `absent`.
#[must_use]
pub fn value(value: &Option<String>) -> String {
    match value {
        Some(text) => shown(text),
        None => "absent".to_owned(),
    }
}

/// A value in quotes; a long one is shortened to its beginning and end.
fn shown(text: &str) -> String {
    const ENDS: usize = 20;
    let count = text.chars().count();
    if count <= 2 * ENDS + 5 {
        return format!("{text:?}");
    }
    let begin: String = text.chars().take(ENDS).collect();
    let end: String = text.chars().skip(count - ENDS).collect();
    format!("{:?} … {:?} ({count} characters)", begin, end)
}

/// Operations of any number of keys, which form a valid history.
#[derive(Clone, Debug, Default)]
pub struct History {
    operations: Vec<Operation>,
}

/// Why operations are no valid history. Places are those in the list, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// An operation returned before it was called, or at the same point.
    ReturnsFirst {
        /// The operation.
        place: usize,
        /// The point of its call.
        call: i128,
    },
    /// A point of this operation is further from 0 than 2^96, which no clock reaches.
    TooFar(usize),
    /// Two operations share a point of the clock, so their order is unknown. The point is the call
    /// or the return of the second one.
    SamePoint {
        /// The operations.
        places: [usize; 2],
        /// The point.
        at: i128,
        /// Whether it is the second one's call.
        call: bool,
    },
    /// There is an answer although the outcome is unknown, or a compare-and-swap returned without
    /// an answer.
    Outcome(usize),
}

/// Points lie between this and its negative, so that there is room before and after them all.
const FURTHEST: u128 = 1 << 96;

impl History {
    /// Creates a history from these operations, in any order.
    ///
    /// # Errors
    /// The first reason why they are not valid.
    pub fn new(operations: Vec<Operation>) -> Result<Self, Invalid> {
        let mut points = Vec::with_capacity(2 * operations.len());
        for (place, operation) in operations.iter().enumerate() {
            points.push((operation.call, place, true));
            let too_far = |point: i128| point.unsigned_abs() > FURTHEST;
            if too_far(operation.call) || operation.ret.is_some_and(too_far) {
                return Err(Invalid::TooFar(place));
            }
            if let Some(ret) = operation.ret {
                if ret <= operation.call {
                    let call = operation.call;
                    return Err(Invalid::ReturnsFirst { place, call });
                }
                points.push((ret, place, false));
            }
            if !in_order(operation) {
                return Err(Invalid::Outcome(place));
            }
        }
        points.sort_unstable();
        let same = points.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        match same.min_by_key(|pair| pair[1].1) {
            Some(pair) => Err(Invalid::SamePoint {
                places: [pair[0].1, pair[1].1],
                at: pair[1].0,
                call: pair[1].2,
            }),
            None => Ok(Self { operations }),
        }
    }

    /// The operations, in their original order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operations of each key, as places in the history in the order of their calls. The keys
    /// are in the order of their names. Gets that never returned prove nothing and are left out.
    #[must_use]
    pub fn keys(&self) -> Vec<(&str, Vec<usize>)> {
        let said = |place: &usize| {
            let operation: &Operation = &self.operations[*place];
            operation.ret.is_some() || !matches!(operation.action, Action::Get { .. })
        };
        let mut places: Vec<usize> = (0..self.operations.len()).filter(said).collect();
        let order = |place: &usize| {
            let operation: &Operation = &self.operations[*place];
            (operation.key.as_str(), operation.call)
        };
        places.sort_unstable_by(|one, other| order(one).cmp(&order(other)));
        let mut keys: Vec<(&str, Vec<usize>)> = Vec::new();
        for place in places {
            let key = self.operations[place].key.as_str();
            match keys.last_mut() {
                Some((last, of_key)) if *last == key => of_key.push(place),
                _ => keys.push((key, vec![place])),
            }
        }
        keys
    }
}

/// Whether an operation has an answer exactly if its outcome is known.
fn in_order(operation: &Operation) -> bool {
    let told = match &operation.action {
        Action::Get { .. } => return true,
        Action::Cas { told, .. } => told.is_some() == operation.ret.is_some(),
        Action::Delete { existed } => existed.is_none() || operation.ret.is_some(),
        Action::Put { .. } | Action::Append { .. } => true,
    };
    told && (operation.version.is_none() || operation.ret.is_some())
}
