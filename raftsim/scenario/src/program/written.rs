//! A step of a script as it is written: every verb is an optional field of one flat struct, so that
//! mistakes keep their exact place.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Asked, Budget, If, One, Parallel, Repeat, Start};
use crate::action::{
    Action, ApplyChange, ClockChange, DiskFault, LinkChange, MembersChange, Replacement, Route,
    with_actions,
};
use crate::select::{Partition, Selector};
use crate::settings::NetworkChange;
use crate::units::DurationRange;

/// The verbs that only scripts have.
pub(super) const OWN: [&str; 11] = [
    "wait", "connect", "start", "one", "await", "check", "let", "repeat", "if", "parallel",
    "budget",
];

/// An own verb with what it takes, as it is written.
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
        /// Let so much time pass, drawn from a range.
        pub(crate) wait: Option<DurationRange>,
        /// Heal the links between each of these nodes and every node that is not isolated.
        pub(crate) connect: Option<Selector>,
        /// Offer operations to nodes, and do not wait for them.
        pub(crate) start: Option<Start>,
        /// Offer an operation until it is applied.
        pub(crate) one: Option<One>,
        /// Wait until something is true.
        #[serde(rename = "await")]
        pub(crate) waited: Option<Asked>,
        /// Something is true now.
        pub(crate) check: Option<Asked>,
        /// Names for nodes, by name. The rest of the script can use them, and "L+1" for the next node
        /// after the one named "L", and so on.
        #[serde(rename = "let")]
        pub(crate) names: Option<BTreeMap<String, Selector>>,
        /// Do steps again and again.
        pub(crate) repeat: Option<Repeat<WrittenStatement>>,
        /// Do steps if something is so.
        #[serde(rename = "if")]
        pub(crate) choice: Option<If<WrittenStatement>>,
        /// Do several scripts at once.
        pub(crate) parallel: Option<Parallel<WrittenStatement>>,
        /// Do steps for at most so many messages.
        pub(crate) budget: Option<Budget<WrittenStatement>>,
        /// A remark for readers of the file.
        pub(crate) note: Option<String>,
        /// A sentence shown to whoever watches the run.
        pub(crate) say: Option<String>,
    }
}

impl WrittenStatement {
    /// Every own verb written here, with the name of its field.
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
