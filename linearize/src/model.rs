//! The sequential behaviour of a data type.

use std::hash::Hash;

/// A data type by its sequential behaviour: executing one operation after the other gives known
/// answers.
///
/// A checker only needs [`step`](Model::step). The other methods only make it faster, and each
/// documents the condition for its answer. With their defaults every verdict is the same, but takes
/// longer.
///
/// ```
/// use linearize::{Answer, Entry, Model, search};
///
/// /// A first-in, first-out queue of numbers.
/// struct Queue;
///
/// #[derive(Clone)]
/// enum Op {
///     Push(u32),
///     /// `Pop(None)`: the queue was empty.
///     Pop(Option<u32>),
/// }
///
/// impl Model for Queue {
///     type Op = Op;
///     type State = Vec<u32>;
///
///     fn initial(&self) -> Vec<u32> {
///         Vec::new()
///     }
///
///     fn step(&mut self, state: &Vec<u32>, op: &Op) -> Option<Vec<u32>> {
///         let mut next = state.clone();
///         match op {
///             Op::Push(number) => next.push(*number),
///             Op::Pop(None) if state.is_empty() => {}
///             Op::Pop(Some(number)) if state.first() == Some(number) => {
///                 next.remove(0);
///             }
///             Op::Pop(_) => return None,
///         }
///         Some(next)
///     }
/// }
///
/// // Two pushes at the same time may take effect in either order ...
/// let mut history = vec![
///     Entry::new(0, Some(3), Op::Push(1)),
///     Entry::new(1, Some(2), Op::Push(2)),
///     Entry::new(4, Some(5), Op::Pop(Some(2))),
/// ];
/// assert_eq!(search(&mut Queue, &history, 1_000), Answer::Order(vec![1, 0, 2]));
/// // ... but what was taken out once is gone.
/// history.push(Entry::new(6, Some(7), Op::Pop(Some(2))));
/// assert_eq!(search(&mut Queue, &history, 1_000), Answer::Impossible);
/// ```
pub trait Model {
    /// An operation and its answer. A missing answer is part of it: the [`step`](Model::step) of an
    /// operation of unknown outcome must never return `None`.
    type Op;

    /// The state of the data type.
    type State: Clone + Eq + Hash;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `op`, or `None` if the answer of `op` would be different in `state`. The
    /// result is a function of the arguments; `&mut` is for models that cache intermediate results.
    fn step(&mut self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Whether `op` is an observer: a correct order stays correct without it.
    fn observes(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Whether `op` overwrites. If it is correct after an operation of unknown outcome, it must
    /// also be correct without that operation, and all later operations must then be possible, too.
    fn overwrites(&self, _op: &Self::Op) -> bool {
        false
    }

    /// A number for operations of unknown outcome. Two of them have the same number exactly if they
    /// make the same request.
    fn signature(&self, _op: &Self::Op) -> Option<u128> {
        None
    }

    /// A representative of all states that operations returning at `now` or later cannot tell from
    /// `state`. All operations that returned earlier have been executed.
    fn settle(&mut self, state: Self::State, _now: i128) -> Self::State {
        state
    }

    /// Whether `op` can be correct in `state`, or after operations that do not [feed](Model::feeds)
    /// it.
    fn leads(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op`, which is not correct after `state` and operations that do not feed it, might
    /// be correct after `writer`.
    fn feeds(&self, _writer: &Self::Op, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op` can be correct in `state` itself.
    fn fits(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op`, if it does not [fit](Model::fits), might be correct directly after `writer`
    /// changed the state.
    fn finishes(&self, _writer: &Self::Op, _op: &Self::Op) -> bool {
        true
    }

    /// Whether no operations after `state` can make `op` correct.
    fn lost(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        false
    }
}

/// One operation on one object, with its call and its return as points of one clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<Op> {
    /// The point of its call.
    pub call: i128,
    /// The point of its return. `None`: its outcome is unknown, and it takes effect at any later
    /// time, or never.
    pub ret: Option<i128>,
    /// The request and its answer.
    pub op: Op,
}

impl<Op> Entry<Op> {
    /// Creates an operation. All points of a history must be distinct, and a return comes after its
    /// call.
    #[must_use]
    pub fn new(call: i128, ret: Option<i128>, op: Op) -> Self {
        assert!(
            ret.is_none_or(|ret| call < ret),
            "an operation returns after its call"
        );
        Self { call, ret, op }
    }
}

/// The result of checking one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The object is linearizable. Executed in this order (of places in the given list), every
    /// operation gives its answer. Missing operations of unknown outcome never took effect.
    Order(Vec<u32>),
    /// No order explains it.
    Impossible,
    /// The search used up its budget before it found an answer.
    Unknown,
}
