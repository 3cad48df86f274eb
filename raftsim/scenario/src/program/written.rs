//! A step of a script as written: every verb is an optional field of one flat struct, so that mistakes keep
//! their exact place.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::statement::{Asked, Budget, If, One, Parallel, Repeat, Start};
use crate::action::{
    Action, ApplyChange, ClockChange, DiskFault, LinkChange, MembersChange, Replacement, Route,
    with_actions,
};
use crate::network::NetworkChange;
use crate::select::{Partition, Selector};
use crate::units::DurationRange;

/// The verbs that only scripts have.
pub(super) const OWN: [&str; 11] = [
    "wait", "connect", "start", "one", "await", "check", "let", "repeat", "if", "parallel",
    "budget",
];

/// A verb that only scripts have, with its argument, as written.
pub(super) enum WrittenOwn {
    Wait(DurationRange),
    Connect(Selector),
    Start(Start),
    One(One),
    Await(Asked),
    Check(Asked),
    Let(BTreeMap<String, Selector>),
    Repeat(Repeat<WrittenStatement>),
    If(If<WrittenStatement>),
    Parallel(Parallel<WrittenStatement>),
    Budget(Budget<WrittenStatement>),
}

with_actions! {
    /// A step of a script: exactly one action, or one of the verbs that only scripts have.
    #[cfg_attr(feature = "schema", schemars(rename = "Statement"))]
    pub(crate) struct WrittenStatement {
        /// Let time pass: a duration drawn from a range.
        pub(crate) wait: Option<DurationRange>,
        /// Heal the links between each of these nodes and every node that is not isolated.
        pub(crate) connect: Option<Selector>,
        /// Propose operations to nodes, and do not wait for them.
        pub(crate) start: Option<Start>,
        /// Propose an operation until it is applied.
        pub(crate) one: Option<One>,
        /// Wait until conditions are true.
        #[serde(rename = "await")]
        pub(crate) waited: Option<Asked>,
        /// Check that conditions are true now.
        pub(crate) check: Option<Asked>,
        /// Names for nodes. The rest of the script can use them. "L+1" stands for the next node after the
        /// one named "L", and so on.
        #[serde(rename = "let")]
        pub(crate) names: Option<BTreeMap<String, Selector>>,
        /// Repeat steps.
        pub(crate) repeat: Option<Repeat<WrittenStatement>>,
        /// Run steps if a condition is true.
        #[serde(rename = "if")]
        pub(crate) choice: Option<If<WrittenStatement>>,
        /// Run several scripts at the same time.
        pub(crate) parallel: Option<Parallel<WrittenStatement>>,
        /// Run steps with a limit on their messages.
        pub(crate) budget: Option<Budget<WrittenStatement>>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
        /// A sentence for people who watch the run.
        pub(crate) say: Option<String>,
    }
}

impl WrittenStatement {
    /// Every verb that only scripts have and that is written here, with the name of its field.
    pub(super) fn take_own(&mut self) -> Vec<(&'static str, WrittenOwn)> {
        let found = [
            self.wait.take().map(WrittenOwn::Wait),
            self.connect.take().map(WrittenOwn::Connect),
            self.start.take().map(WrittenOwn::Start),
            self.one.take().map(WrittenOwn::One),
            self.waited.take().map(WrittenOwn::Await),
            self.check.take().map(WrittenOwn::Check),
            self.names.take().map(WrittenOwn::Let),
            self.repeat.take().map(WrittenOwn::Repeat),
            self.choice.take().map(WrittenOwn::If),
            self.parallel.take().map(WrittenOwn::Parallel),
            self.budget.take().map(WrittenOwn::Budget),
        ];
        let named = OWN.into_iter().zip(found);
        named.filter_map(|(name, own)| Some((name, own?))).collect()
    }
}
