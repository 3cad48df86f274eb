//! Compares the machine with a model that is simple enough to check by reading. Clients with
//! sessions call, retry and reorder at will, and every outcome must be the model's.

use std::collections::BTreeMap;

use kv::{Answer, Applied, Bytes, ClientId, Command, Machine, Op, Outcome, Reply, Serial, Version};
use proptest::prelude::*;

/// A second version of the rules, written without regard for cost.
#[derive(Default)]
struct Model {
    versions: BTreeMap<Bytes, u64>,
    values: BTreeMap<Bytes, Vec<u8>>,
    answered: BTreeMap<ClientId, BTreeMap<Serial, Reply>>,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Executed(Reply),
    Repeated(Reply),
    Superseded,
}

impl Model {
    fn apply(&mut self, command: &Command) -> Expected {
        let answered = self.answered.entry(command.client).or_default();
        if answered
            .range(Serial(command.serial.0 + 1)..)
            .next()
            .is_some()
        {
            return Expected::Superseded;
        }
        if let Some(reply) = answered.get(&command.serial) {
            return Expected::Repeated(reply.clone());
        }
        let reply = self.execute(&command.op);
        self.answered
            .entry(command.client)
            .or_default()
            .insert(command.serial, reply.clone());
        Expected::Executed(reply)
    }

    fn execute(&mut self, op: &Op) -> Reply {
        let key = Bytes::from(op.key());
        let before = self.values.get(&key).cloned();
        let found = before.clone().map(Bytes::from);
        let (after, answer) = match op {
            Op::Get { .. } => (None, Answer::Value(found)),
            Op::Put { value, .. } => (Some(Some(value.to_vec())), Answer::Written),
            Op::Append { value, .. } => (
                Some(Some([before.unwrap_or_default(), value.to_vec()].concat())),
                Answer::Written,
            ),
            Op::Cas { expect, .. } if *expect != found => (None, Answer::Mismatch(found)),
            Op::Cas { value, .. } => (Some(Some(value.to_vec())), Answer::Written),
            Op::Delete { .. } => (
                Some(None),
                Answer::Deleted {
                    existed: found.is_some(),
                },
            ),
        };
        let version = self.versions.entry(key.clone()).or_default();
        if let Some(value) = after {
            *version += 1;
            match value {
                Some(value) => self.values.insert(key, value),
                None => self.values.remove(&key),
            };
        }
        Reply {
            version: Version(*version),
            answer,
        }
    }
}

fn expected(applied: Applied<'_>) -> Option<Expected> {
    match applied {
        Applied::Empty | Applied::Undecodable(_) => None,
        Applied::Command { outcome, .. } => Some(match outcome {
            Outcome::Executed(reply) => Expected::Executed(reply.clone()),
            Outcome::Repeated(reply) => Expected::Repeated(reply.clone()),
            Outcome::Superseded => Expected::Superseded,
            outcome => panic!("no session was opened: {outcome:?}"),
        }),
    }
}

/// Few keys and few values, so that operations interact.
fn command() -> impl Strategy<Value = Command> {
    let key = || prop::sample::select(vec!["", "a", "b", "a key on the heap, not in place"]);
    let value = || {
        prop::sample::select(vec![
            "",
            "1",
            "2",
            "12",
            "a value that is longer than 24 bytes",
        ])
        .prop_map(Bytes::from)
    };
    let op = (0..6, key(), value(), value()).prop_map(|(kind, key, expect, value)| {
        let key = key.into();
        match kind {
            0 => Op::Get { key },
            1 => Op::Put { key, value },
            2 => Op::Append { key, value },
            3 => Op::Cas {
                key,
                expect: None,
                value,
            },
            4 => Op::Cas {
                key,
                expect: Some(expect),
                value,
            },
            _ => Op::Delete { key },
        }
    });
    // Serials that mostly grow, but also repeat and go back.
    (0..3u64, 0..8u64, op).prop_map(|(client, serial, op)| Command {
        client: ClientId(client),
        serial: Serial(serial),
        op,
    })
}

/// Commands with some repetitions, as retries make them. Serials grow along the list.
fn commands() -> impl Strategy<Value = Vec<Command>> {
    let step = (
        command(),
        prop::option::weighted(0.3, any::<prop::sample::Index>()),
    );
    prop::collection::vec(step, 1..80).prop_map(|steps| {
        let mut commands: Vec<Command> = Vec::new();
        for (position, (mut command, retry)) in (0..).zip(steps) {
            command.serial.0 += position / 2;
            match retry {
                Some(of) if !commands.is_empty() => commands.push(of.get(&commands).clone()),
                _ => commands.push(command),
            }
        }
        commands
    })
}

proptest! {
    #[test]
    fn every_outcome_is_the_models(commands in commands()) {
        let (mut machine, mut model): (Machine, _) = (Machine::default(), Model::default());
        for (index, command) in (1..).zip(&commands) {
            let applied = expected(machine.apply(index, &command.encode()));
            prop_assert_eq!(applied, Some(model.apply(command)), "at index {}", index);
        }
        for (key, version) in &model.versions {
            let reply = machine.read(key);
            prop_assert_eq!(reply.version, Version(*version));
            let value = model.values.get(key).cloned().map(Bytes::from);
            prop_assert_eq!(reply.answer, Answer::Value(value));
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original(commands in commands(), at: prop::sample::Index) {
        let (mut machine, at): (Machine, _) = (Machine::default(), at.index(commands.len()));
        let mut copy = machine.clone();
        for (index, command) in (1..).zip(&commands) {
            if index == at as u64 + 1 {
                copy = machine.clone();
            }
            machine.apply(index, &command.encode());
            if index > at as u64 {
                copy.apply(index, &command.encode());
                prop_assert_eq!(&copy, &machine);
                prop_assert_eq!(copy.hash(), machine.hash());
            }
        }
    }

    #[test]
    fn retries_change_nothing_but_the_applied_index(commands in commands()) {
        let mut machine: Machine = Machine::default();
        let mut index = 0;
        for command in &commands {
            index += 1;
            machine.apply(index, &command.encode());
            let mut bare = machine.clone();
            index += 1;
            let outcome = expected(machine.apply(index, &command.encode()));
            prop_assert!(!matches!(outcome, Some(Expected::Executed(_))));
            bare.apply(index, &[]);
            prop_assert_eq!(&bare, &machine);
        }
    }
}
