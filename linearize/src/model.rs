//! What a data type does when it is asked one thing at a time.

use std::hash::Hash;

/// A data type as its users know it: executing one operation after the other gives known answers.
///
/// [`step`](Model::step) is all that a checker needs. The other methods only make it faster; each
/// says what must be true for its answer. With their defaults every verdict is the same, later.
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
    /// An operation and what its caller was told. That nothing was told is part of it: an
    /// operation of unknown outcome must be one whose [`step`](Model::step) never objects.
    type Op;

    /// What the data type remembers.
    type State: Clone + Eq + Hash;

    /// What it remembers before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `op`, or `None` if in `state` its caller would have been told something
    /// else. A function of its arguments; `&mut` is for models that remember what they worked out.
    fn step(&mut self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Whether `op` only looks: taking it out of any order that is right leaves one that is right.
    fn observes(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Whether `op` overwrites: where it is right after some operation of unknown outcome, it is
    /// as right without that one, and whatever may follow may follow then, too.
    fn overwrites(&self, _op: &Self::Op) -> bool {
        false
    }

    /// The same for operations of unknown outcome that ask the same, and for no others.
    fn signature(&self, _op: &Self::Op) -> Option<u128> {
        None
    }

    /// A state that stands for all those from which operations that return at `now` or later
    /// cannot tell `state`. Operations that returned before have all been executed.
    fn settle(&mut self, state: Self::State, _now: i128) -> Self::State {
        state
    }

    /// Whether `op` can be right in `state`, or after operations that do not
    /// [feed](Model::feeds) it.
    fn leads(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op`, which is not right after `state` and operations that do not feed it, might be
    /// after `writer`.
    fn feeds(&self, _writer: &Self::Op, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op` can be right in `state` itself.
    fn fits(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        true
    }

    /// Whether `op`, where it does not [fit](Model::fits), might be right directly after `writer`
    /// changed the state.
    fn finishes(&self, _writer: &Self::Op, _op: &Self::Op) -> bool {
        true
    }

    /// Whether nothing at all that may be executed after `state` makes `op` right.
    fn lost(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        false
    }
}

/// One operation on one object: from its call to its return, as points of one clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<Op> {
    /// When it was called.
    pub call: i128,
    /// When it returned. `None`: its outcome is unknown, and it takes effect at any later time, or
    /// never.
    pub ret: Option<i128>,
    /// What was asked, and what was told.
    pub op: Op,
}

impl<Op> Entry<Op> {
    /// An operation. Points in time are distinct, and a return comes after its call.
    #[must_use]
    pub fn new(call: i128, ret: Option<i128>, op: Op) -> Self {
        assert!(
            ret.is_none_or(|ret| call < ret),
            "an operation returns after its call"
        );
        Self { call, ret, op }
    }
}

/// What a check of one object finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is linearizable: executed in this order (places in what was given), every operation does
    /// what its caller was told, and those of unknown outcome that are missing never took effect.
    Order(Vec<u32>),
    /// No order explains it.
    Impossible,
    /// The budget was used up before.
    Unknown,
}
