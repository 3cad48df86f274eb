//! Lowers a script: checks the written steps, and gives each one verb.

use std::collections::BTreeMap;

use super::place::Spot;
use super::statement::{
    Asked, Budget, If, Offer, One, Own, Parallel, Repeat, Start, Statement, What,
};
use super::written::{OWN, WrittenOwn, WrittenStatement};
use crate::action::ACTIONS;
use crate::check_action::check_action;
use crate::checker::Checker;
use crate::codes::Code;
use crate::select::{NodeName, Selector, WORDS};
use crate::suggest::did_you_mean;
use crate::units::Size;

/// The maximum number of operations of one step.
const MAX_COUNT: u32 = 1_000;
/// The maximum length of a key.
const MAX_KEY: usize = 64;
/// The maximum length of a value.
const MAX_VALUE: u64 = 16 << 10;

/// The number of steps of a script, nested ones included.
pub(crate) fn count(steps: &[WrittenStatement]) -> usize {
    let nested = |step: &WrittenStatement| {
        let lists = [
            step.repeat.as_ref().map(|repeat| &repeat.steps),
            step.budget.as_ref().map(|budget| &budget.steps),
            step.choice.as_ref().and_then(|choice| choice.then.as_ref()),
            step.choice
                .as_ref()
                .and_then(|choice| choice.otherwise.as_ref()),
        ];
        let parallel = step.parallel.iter().flat_map(|parallel| &parallel.scripts);
        let lists = lists.into_iter().flatten().chain(parallel);
        1 + lists.map(|steps| count(steps)).sum::<usize>()
    };
    steps.iter().map(nested).sum()
}

/// The script of the phase at `at`. Mistakes are collected.
pub(crate) fn script(
    checker: &mut Checker<'_>,
    at: &str,
    written: Vec<WrittenStatement>,
) -> Vec<Statement> {
    checker.names.clear();
    let mut lowering = Lowering {
        checker,
        phase: at,
        operations: Vec::new(),
        number: 0,
    };
    let steps = lowering.steps("script", written);
    // The names are not known outside the script.
    checker.names.clear();
    steps
}

struct Lowering<'l, 'c> {
    checker: &'l mut Checker<'c>,
    /// The path of the phase.
    phase: &'l str,
    /// The names of operations so far.
    operations: Vec<String>,
    /// The number of steps so far.
    number: usize,
}

impl Lowering<'_, '_> {
    fn wrong(&mut self, code: Code, at: &str, message: impl Into<String>) {
        let at = format!("{}/{at}", self.phase);
        self.checker.wrong(code, &at, message);
    }

    fn help(&mut self, code: Code, at: &str, message: impl Into<String>, help: Option<String>) {
        let at = format!("{}/{at}", self.phase);
        self.checker.wrong_with_help(code, &at, message, help);
    }

    fn nodes(&mut self, at: &str, selector: &Selector) {
        let at = format!("{}/{at}", self.phase);
        self.checker.selector(&at, selector);
    }

    /// The steps in the list at `at`. The list must not be empty.
    fn steps(&mut self, at: &str, written: Vec<WrittenStatement>) -> Vec<Statement> {
        if written.is_empty() {
            self.wrong(Code::SC029, at, "there are no steps here");
        }
        let steps = written.into_iter().enumerate();
        steps
            .filter_map(|(i, step)| self.step(&format!("{at}/{i}"), step))
            .collect()
    }

    fn step(&mut self, at: &str, mut written: WrittenStatement) -> Option<Statement> {
        let number = self.number;
        self.number += 1;
        let (note, say) = (written.note.take(), written.say.take());
        let own = written.take_own();
        let acts = written.actions();
        let mut verbs: Vec<_> = own.iter().map(|(name, _)| *name).collect();
        verbs.extend(acts.iter().map(|(name, _)| *name));
        match &verbs[..] {
            [_] => {}
            [] => {
                let known = [&OWN[..], &ACTIONS[..]].concat().join(", ");
                let help = Some(format!("add one of {known}"));
                self.help(Code::SC019, at, "this step has no verb", help);
            }
            [first, second, ..] => {
                let message = format!("this step has two verbs: {first} and {second}");
                let help = Some("write one object for each".to_owned());
                self.help(Code::SC019, &format!("{at}/{second}"), message, help);
            }
        }
        let mut what = Vec::new();
        for (name, own) in own {
            what.extend(self.own(&format!("{at}/{name}"), own).map(What::Own));
        }
        for (name, action) in acts {
            let at = format!("{}/{at}/{name}", self.phase);
            check_action(self.checker, &at, &action);
            what.push(What::Act(action));
        }
        let start = self.checker.start_of(&format!("{}/{at}", self.phase));
        let place = Spot {
            path: at.to_owned(),
            start,
            ..Spot::default()
        };
        Some(Statement {
            what: what.pop()?,
            note,
            say,
            number,
            place,
        })
    }

    fn own(&mut self, at: &str, written: WrittenOwn) -> Option<Own> {
        Some(match written {
            WrittenOwn::Wait(range) => Own::Wait(range),
            WrittenOwn::Connect(who) => {
                self.nodes(at, &who);
                Own::Connect(who)
            }
            WrittenOwn::Start(start) => Own::Start(self.start(at, start)),
            WrittenOwn::One(one) => Own::One(self.one(at, one)),
            WrittenOwn::Await(asked) => Own::Await(self.asked(at, asked)),
            WrittenOwn::Check(asked) => {
                let fields = [
                    ("within", asked.within.is_some()),
                    ("optional", asked.optional),
                ];
                for (field, _) in fields.into_iter().filter(|(_, is)| *is) {
                    let help = Some("write \"await\", or remove it".to_owned());
                    let message = "a check does not wait";
                    self.help(Code::SC027, &format!("{at}/{field}"), message, help);
                }
                Own::Check(self.asked(at, asked))
            }
            WrittenOwn::Let(names) => Own::Let(self.names(at, names)),
            WrittenOwn::Repeat(repeat) => Own::Repeat(self.repeat(at, repeat)),
            WrittenOwn::If(choice) => Own::If(self.choice(at, choice)),
            WrittenOwn::Parallel(parallel) => Own::Parallel(self.parallel(at, parallel)),
            WrittenOwn::Budget(budget) => Own::Budget(self.budget(at, budget)),
        })
    }

    fn start(&mut self, at: &str, start: Start) -> Start {
        self.nodes(&format!("{at}/to"), &start.to);
        if !(1..=MAX_COUNT).contains(&start.count) {
            let message = format!(
                "{} is out of bounds: from 1 to {MAX_COUNT} operations",
                start.count
            );
            self.wrong(Code::SC026, &format!("{at}/count"), message);
        }
        self.operation(
            at,
            start.op,
            start.key.as_deref(),
            start.value.as_deref(),
            start.size,
        );
        self.new_operation(start.name.as_ref());
        if let Some(who) = &start.who {
            self.new_name(&format!("{at}/who"), who);
        }
        start
    }

    fn one(&mut self, at: &str, one: One) -> One {
        match (one.op, one.on) {
            (Offer::Get, Some(_)) => {
                let message = "a get has no \"on\": the script waits for its answer";
                self.wrong(Code::SC027, &format!("{at}/on"), message);
            }
            (_, None) if one.op != Offer::Get && one.again.is_none() => {
                self.wrong(Code::SC008, at, "the field \"on\" is missing");
            }
            (_, on) => self.how_many(at, on),
        }
        if let Some(among) = &one.among {
            self.nodes(&format!("{at}/among"), among);
        }
        self.operation(
            at,
            one.op,
            one.key.as_deref(),
            one.value.as_deref(),
            one.size,
        );
        if let Some(again) = &one.again {
            self.known_operation(&format!("{at}/again"), again);
            let other = [
                ("key", one.key.is_some()),
                ("value", one.value.is_some()),
                ("size", one.size.is_some()),
                ("as", one.name.is_some()),
                ("op", one.op != Offer::default()),
            ];
            for (field, _) in other.into_iter().filter(|(_, is)| *is) {
                let message = "an operation that is proposed again cannot change";
                self.wrong(Code::SC027, &format!("{at}/{field}"), message);
            }
        }
        self.new_operation(one.name.as_ref());
        one
    }

    /// Checks that the parts of an operation are within their bounds.
    fn operation(
        &mut self,
        at: &str,
        op: Offer,
        key: Option<&str>,
        value: Option<&str>,
        size: Option<Size>,
    ) {
        let get = op == Offer::Get;
        for (field, is) in [("value", value.is_some()), ("size", size.is_some())] {
            if get && is {
                let message = format!("a get has no \"{field}\"");
                self.wrong(Code::SC027, &format!("{at}/{field}"), message);
            }
        }
        if value.is_some() && size.is_some() {
            let message = "\"size\" is only for default values, but there is a \"value\"";
            self.wrong(Code::SC027, &format!("{at}/size"), message);
        }
        if key.is_some_and(|key| key.len() > MAX_KEY) {
            let message = format!("the key is longer than {MAX_KEY} bytes");
            self.wrong(Code::SC026, &format!("{at}/key"), message);
        }
        let most = MAX_VALUE.min(self.checker.room);
        let sizes = [
            ("value", value.map(|value| value.len() as u64)),
            ("size", size.map(Size::get)),
        ];
        for (field, size) in sizes {
            if size.is_some_and(|size| size > most) {
                let message = format!("a value has at most {most} bytes here");
                self.wrong(Code::SC026, &format!("{at}/{field}"), message);
            }
        }
    }

    fn how_many(&mut self, at: &str, on: Option<u32>) {
        let nodes = u32::try_from(self.checker.nodes.len()).unwrap_or(u32::MAX);
        if let Some(on) = on.filter(|on| !(1..=nodes).contains(on)) {
            let message = format!("{on} is out of bounds: from 1 to {nodes} nodes");
            self.wrong(Code::SC026, &format!("{at}/on"), message);
        }
    }

    fn asked(&mut self, at: &str, asked: Asked) -> Asked {
        if asked.is_empty() {
            let help = Some("add \"one_leader\": true, for example".to_owned());
            self.help(Code::SC029, at, "there is no condition here", help);
        }
        if let Some(among) = &asked.among {
            self.nodes(&format!("{at}/among"), among);
        }
        self.how_many(at, asked.on);
        let names = [
            ("done", &asked.done),
            ("answered", &asked.answered),
            ("unanswered", &asked.unanswered),
        ];
        for (field, name) in names {
            if let Some(name) = name {
                self.known_operation(&format!("{at}/{field}"), name);
            }
        }
        asked
    }

    fn names(&mut self, at: &str, names: BTreeMap<String, Selector>) -> BTreeMap<String, Selector> {
        if names.is_empty() {
            self.wrong(Code::SC029, at, "there are no names here");
        }
        for (name, selector) in &names {
            self.nodes(&format!("{at}/{name}"), selector);
        }
        for name in names.keys() {
            self.new_name(&format!("{at}/{name}"), name);
        }
        names
    }

    /// A name for nodes from here on.
    fn new_name(&mut self, at: &str, name: &str) {
        let shown: String = name.chars().take(40).collect();
        let is_node = self.checker.nodes.contains(&NodeName(name.to_owned()));
        if is_node || WORDS.contains(&name) {
            let message = format!("\"{shown}\" is already a node or a selector");
            self.wrong(Code::SC025, at, message);
        } else if !crate::check::is_name(name) {
            let message = format!("\"{shown}\" cannot be a name for nodes");
            let help = "use at most 16 letters, digits, - and _, starting with a letter";
            self.help(Code::SC025, at, message, Some(help.to_owned()));
        } else if !self.checker.names.iter().any(|known| known == name) {
            self.checker.names.push(name.to_owned());
        }
    }

    fn new_operation(&mut self, name: Option<&String>) {
        self.operations.extend(name.cloned());
    }

    fn known_operation(&mut self, at: &str, name: &String) {
        if !self.operations.contains(name) {
            let shown: String = name.chars().take(40).collect();
            let message = format!("no operation above has the name \"{shown}\"");
            let help = did_you_mean(name, self.operations.iter().map(String::as_str));
            self.help(Code::SC038, at, message, help);
        }
    }

    fn repeat(&mut self, at: &str, repeat: Repeat<WrittenStatement>) -> Repeat<Statement> {
        let ends = [
            ("times", repeat.times.is_some()),
            ("drawn", repeat.drawn.is_some()),
            ("for", repeat.lasts.is_some()),
        ];
        let ends: Vec<_> = ends.iter().filter(|(_, given)| *given).collect();
        if let [(one, _), (other, _), ..] = ends[..] {
            let message = format!("this has both \"{one}\" and \"{other}\"");
            self.wrong(Code::SC027, &format!("{at}/{other}"), message);
        }
        if repeat.drawn.is_some_and(|drawn| drawn.high() == 0) {
            let message = "these steps would never run";
            self.wrong(Code::SC029, &format!("{at}/drawn"), message);
        }
        if repeat.times == Some(0) {
            let message = "these steps would never run";
            self.wrong(Code::SC029, &format!("{at}/times"), message);
        }
        Repeat {
            times: repeat.times,
            drawn: repeat.drawn,
            lasts: repeat.lasts,
            steps: self.steps(&format!("{at}/steps"), repeat.steps),
        }
    }

    fn choice(&mut self, at: &str, choice: If<WrittenStatement>) -> If<Statement> {
        let asks = [
            choice.chance.is_some(),
            choice.holds.is_some(),
            choice.named.is_some(),
            choice.same.is_some(),
        ];
        if !asks.contains(&true) {
            let help = Some("add \"chance\", \"holds\", \"named\" or \"same\"".to_owned());
            self.help(Code::SC029, at, "there is no condition here", help);
        }
        if let Some(same) = &choice.same {
            self.nodes(&format!("{at}/same"), same);
        }
        if let Some(named) = &choice.named {
            let names = vec![NodeName(named.clone())];
            self.nodes(&format!("{at}/named"), &Selector::Nodes(names));
        }
        if choice.then.is_none() && choice.otherwise.is_none() {
            let help = Some("add \"then\" or \"else\"".to_owned());
            self.help(Code::SC029, at, "there are no steps here", help);
        }
        let mut some = |field: &str, steps: Option<Vec<WrittenStatement>>| {
            steps.map(|steps| self.steps(&format!("{at}/{field}"), steps))
        };
        If {
            chance: choice.chance,
            holds: choice.holds,
            named: choice.named,
            same: choice.same,
            then: some("then", choice.then),
            otherwise: some("else", choice.otherwise),
        }
    }

    fn parallel(&mut self, at: &str, parallel: Parallel<WrittenStatement>) -> Parallel<Statement> {
        if parallel.scripts.is_empty() {
            self.wrong(Code::SC029, at, "there are no scripts here");
        }
        let scripts = parallel.scripts.into_iter().enumerate();
        Parallel {
            scripts: scripts
                .map(|(i, steps)| self.steps(&format!("{at}/scripts/{i}"), steps))
                .collect(),
            until: parallel.until,
        }
    }

    fn budget(&mut self, at: &str, budget: Budget<WrittenStatement>) -> Budget<Statement> {
        if budget.requests.is_none() && budget.bytes.is_none() {
            let help = Some("add \"requests\" or \"bytes\"".to_owned());
            self.help(Code::SC029, at, "there is no limit here", help);
        }
        Budget {
            requests: budget.requests,
            bytes: budget.bytes,
            steps: self.steps(&format!("{at}/steps"), budget.steps),
        }
    }
}
