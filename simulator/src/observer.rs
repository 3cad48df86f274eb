//! Observers look at a run after every action: checks, traces, statistics.

use std::convert::Infallible;

use crate::action::{Action, EventId, Stamped};
use crate::client::Received;
use crate::cluster::Cluster;
use crate::node::{Node, NodeId, Output};
use crate::time::{Local, Time};

/// One performed action and its output.
pub struct Step<'a, N: Node> {
    /// Its number.
    pub id: EventId,
    /// The action that sent the message, handed over the write, set the timer, ….
    pub cause: EventId,
    /// The time of the action.
    pub time: Time,
    /// The affected node, if any.
    pub node: Option<NodeId>,
    /// The local time of that node.
    pub local: Option<Local>,
    /// The action.
    pub action: &'a Action<N>,
    /// The output of the node, before it is on its way. The k-th message to an endpoint will have
    /// the ordinal `cluster.sent(node, endpoint) + k`; the k-th write the number
    /// `cluster.handed_over(node) + k`.
    pub output: &'a Output<N>,
    /// The decisions that the node explained; empty unless the observer [wants
    /// them](Observer::wants_events).
    pub events: &'a [N::Event],
    /// The reply that reached a client, if the action delivered one.
    pub received: Option<&'a Received<N>>,
}

impl<N: Node> Step<'_, N> {
    /// The action with its circumstances, to keep.
    #[must_use]
    pub fn stamped(&self) -> Stamped<N> {
        Stamped {
            id: self.id,
            cause: self.cause,
            time: self.time,
            local: self.local,
            action: self.action.clone(),
        }
    }
}

/// Looks at the cluster after every action and may object.
pub trait Observer<N: Node> {
    /// The observer's objection.
    type Violation;

    /// Whether nodes have to explain their decisions.
    #[inline]
    fn wants_events(&self) -> bool {
        false
    }

    /// Looks at the cluster before an action that is about to be tried at `time`.
    ///
    /// # Errors
    ///
    /// An objection. The action then does not take place, and the run stops.
    #[inline]
    fn before(
        &mut self,
        cluster: &Cluster<N>,
        time: Time,
        action: &Action<N>,
    ) -> Result<(), Self::Violation> {
        let _ = (cluster, time, action);
        Ok(())
    }

    /// Looks at one action, performed on `cluster`.
    ///
    /// # Errors
    ///
    /// An objection, which stops the run.
    fn after(&mut self, cluster: &Cluster<N>, step: &Step<'_, N>) -> Result<(), Self::Violation>;
}

/// Observes nothing and costs nothing.
impl<N: Node> Observer<N> for () {
    type Violation = Infallible;

    #[inline]
    fn after(&mut self, _: &Cluster<N>, _: &Step<'_, N>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Calls both observers in order. After an objection of the first, the second is not called.
impl<N: Node, A: Observer<N>, B: Observer<N, Violation = A::Violation>> Observer<N> for (A, B) {
    type Violation = A::Violation;

    #[inline]
    fn wants_events(&self) -> bool {
        self.0.wants_events() || self.1.wants_events()
    }

    #[inline]
    fn before(
        &mut self,
        cluster: &Cluster<N>,
        time: Time,
        action: &Action<N>,
    ) -> Result<(), A::Violation> {
        self.0.before(cluster, time, action)?;
        self.1.before(cluster, time, action)
    }

    #[inline]
    fn after(&mut self, cluster: &Cluster<N>, step: &Step<'_, N>) -> Result<(), A::Violation> {
        self.0.after(cluster, step)?;
        self.1.after(cluster, step)
    }
}

impl<N: Node, O: Observer<N> + ?Sized> Observer<N> for &mut O {
    type Violation = O::Violation;

    #[inline]
    fn wants_events(&self) -> bool {
        (**self).wants_events()
    }

    #[inline]
    fn before(
        &mut self,
        cluster: &Cluster<N>,
        time: Time,
        action: &Action<N>,
    ) -> Result<(), O::Violation> {
        (**self).before(cluster, time, action)
    }

    #[inline]
    fn after(&mut self, cluster: &Cluster<N>, step: &Step<'_, N>) -> Result<(), O::Violation> {
        (**self).after(cluster, step)
    }
}

/// An optional observer.
impl<N: Node, O: Observer<N>> Observer<N> for Option<O> {
    type Violation = O::Violation;

    #[inline]
    fn wants_events(&self) -> bool {
        self.as_ref().is_some_and(O::wants_events)
    }

    #[inline]
    fn before(
        &mut self,
        cluster: &Cluster<N>,
        time: Time,
        action: &Action<N>,
    ) -> Result<(), O::Violation> {
        match self {
            Some(observer) => observer.before(cluster, time, action),
            None => Ok(()),
        }
    }

    #[inline]
    fn after(&mut self, cluster: &Cluster<N>, step: &Step<'_, N>) -> Result<(), O::Violation> {
        match self {
            Some(observer) => observer.after(cluster, step),
            None => Ok(()),
        }
    }
}

/// Keeps every action of a run.
#[derive(Clone)]
pub struct Recorder<N: Node> {
    /// The actions so far.
    pub actions: Vec<Stamped<N>>,
}

impl<N: Node> Default for Recorder<N> {
    fn default() -> Self {
        Recorder {
            actions: Vec::new(),
        }
    }
}

impl<N: Node> Observer<N> for Recorder<N> {
    type Violation = Infallible;

    fn after(&mut self, _: &Cluster<N>, step: &Step<'_, N>) -> Result<(), Infallible> {
        self.actions.push(step.stamped());
        Ok(())
    }
}
