//! A snapshot of a large state: the time to write and to read it, and the memory.

use std::io;

use kv::{ClientId, Command, Machine, Op, Serial, Snapshot};
use raft_core::{EntryId, Index, Term};

use crate::figure::{Figure, Form, Unit, print};
use crate::measure::{Milli, cpu_ns};
use crate::memory::{most_resident, resident};

/// The number of keys in the state. Keys and values have 16 bytes each.
const KEYS: u64 = 1_000_000;

/// Measures one snapshot of a million keys, and the state that is restored from it.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    let before = resident();
    let machine = state();
    let held = resident();
    let last = EntryId {
        index: Index(KEYS),
        term: Term(1),
    };
    let begun = cpu_ns();
    let snapshot = Snapshot::of(&machine, last);
    let taken = cpu_ns() - begun;
    let most = most_resident();
    let hash = machine.hash();
    drop(machine);
    let begun = cpu_ns();
    let back = Machine::decode(kv::Standard, &snapshot.bytes);
    let read = cpu_ns() - begun;
    assert!(
        back.is_ok_and(|back| back.hash() == hash),
        "the state comes back as it was"
    );
    let figure = |name: &str, amount: u64, unit| Figure {
        name: name.to_owned(),
        ours: Milli::ratio(amount, KEYS),
        peer: None,
        unit,
    };
    let mut figures = vec![
        figure("taking it", taken, Unit::NsPerKey),
        figure("starting from it", read, Unit::NsPerKey),
        figure("its size", snapshot.id.bytes, Unit::BytesPerKey),
    ];
    if let (Some(before), Some(held), Some(most)) = (before, held, most) {
        let state = held.saturating_sub(before);
        let more = most.saturating_sub(held);
        figures.push(figure("memory of the state", state, Unit::BytesPerKey));
        figures.push(figure("memory more to take it", more, Unit::BytesPerKey));
    }
    print("snapshot of a million keys", "", &figures, form)
}

fn state() -> Machine {
    let mut machine = Machine::default();
    for index in 1..=KEYS {
        // The multiplication spreads the keys, so that they do not come in order.
        let key = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let command: Command = Command {
            client: ClientId(1),
            serial: Serial(index),
            op: Op::Put {
                key: format!("{key:016x}").into_bytes().into(),
                value: format!("{index:016}").into_bytes().into(),
            },
        };
        machine.apply(index, &command.encode());
    }
    machine
}
