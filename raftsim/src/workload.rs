//! What clients ask for: operations drawn from a mix, on keys drawn from a set.

use kv::{Bytes, Op};
use simulator::{ClientId, Stream};

use crate::format::{Clients, Mix, Values};

/// Draws operations as a scenario's `clients` say.
#[derive(Clone, Debug)]
pub struct KvWorkload {
    keys: u32,
    mix: Mix,
    values: Values,
    value_size: usize,
}

impl KvWorkload {
    /// The workload of these clients.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        assert!(clients.keys > 0, "a checked scenario has a key");
        Self {
            keys: clients.keys,
            mix: clients.mix.clone(),
            values: clients.values,
            value_size: usize::try_from(clients.value_size.get())
                .expect("a checked scenario has small values"),
        }
    }

    /// The next operation of a client. Takes four words from `random` whatever comes out, so that
    /// a changed mix does not shift later keys and values.
    pub fn draw(&mut self, client: ClientId, serial: u64, random: &mut Stream) -> Op {
        let [kind, key, value, expect] =
            [random.word(), random.word(), random.word(), random.word()];
        let key: Bytes = format!("k{}", scale(key, u64::from(self.keys))).as_str().into();
        let written = |word| self.value(client, serial, word);
        let mut at = scale(kind, self.mix.total());
        let mut is = |weight: u32| {
            let hit = at < u64::from(weight);
            at = at.wrapping_sub(u64::from(weight));
            hit
        };
        if is(self.mix.put) {
            Op::Put { key, value: written(value) }
        } else if is(self.mix.append) {
            Op::Append { key, value: self.token(client, serial, value) }
        } else if is(self.mix.get) {
            Op::Get { key }
        } else if is(self.mix.cas) {
            // With few values one of them is often there; with unique ones, absence at times is.
            let expect = match self.values {
                Values::Few => Some(written(expect)),
                Values::Unique => None,
            };
            Op::Cas { key, expect, value: written(value) }
        } else {
            Op::Delete { key }
        }
    }

    fn value(&self, client: ClientId, serial: u64, word: u64) -> Bytes {
        let mut text = match self.values {
            Values::Unique => format!("c{}-{serial}", client.0),
            Values::Few => format!("v{}", scale(word, 4)),
        };
        while text.len() < self.value_size && matches!(self.values, Values::Unique) {
            text.push('.');
        }
        text.as_str().into()
    }

    /// What an append adds: short, so that values stay readable.
    fn token(&self, client: ClientId, serial: u64, word: u64) -> Bytes {
        match self.values {
            Values::Unique => format!("c{}-{serial},", client.0).as_str().into(),
            Values::Few => format!("v{},", scale(word, 4)).as_str().into(),
        }
    }
}

fn scale(word: u64, size: u64) -> u64 {
    let scaled = (u128::from(word) * u128::from(size)) >> 64;
    u64::try_from(scaled).expect("a word times a size, over 2^64, is below the size")
}

impl<R: raft_core::Rules + Clone, D: kv::Duties> simulator::Workload<crate::server::Server<R, D>>
    for KvWorkload
{
    fn request(&mut self, client: ClientId, serial: u64, random: &mut Stream) -> Op {
        self.draw(client, serial, random)
    }
}
