//! The state machine: committed entries in, outcomes out.

use core::hash::{Hash, Hasher};

use crate::codec::DecodeError;
use crate::command::{ClientId, Serial};
use crate::digest::mix;
use crate::duties::{Duties, Standard};
use crate::entry::{ClusterTime, Entry, SessionId};
use crate::expiring_sessions::ExpiringSessions;
use crate::members::is_members;
use crate::reply::Reply;
use crate::session::{Outcome, Sessions};
use crate::store::Store;

/// The replicated state: keys, versions, sessions, and the index up to which entries are applied.
///
/// Equal histories give equal machines. A deleted key keeps its version, and a client keeps its
/// session unless it expires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine<D: Duties = Standard> {
    applied: u64,
    store: Store,
    sessions: Sessions,
    opened: ExpiringSessions,
    duties: D,
}

/// The result of applying one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied<'m> {
    /// The entry carries no command: only the applied index changed.
    Empty,
    /// Its payload is not a command: only the applied index changed, on all nodes alike.
    Undecodable(DecodeError),
    /// It was a client's request: a command, or a request about its session.
    Command {
        /// The client.
        client: ClientId,
        /// The client's number of the request.
        serial: Serial,
        /// The outcome of the request.
        outcome: Outcome<'m>,
    },
}

impl<D: Duties> Machine<D> {
    /// An empty machine with these decisions.
    pub fn new(duties: D) -> Self {
        Machine {
            applied: 0,
            store: Store::default(),
            sessions: Sessions::default(),
            opened: ExpiringSessions::default(),
            duties,
        }
    }

    pub(crate) fn with_state(
        duties: D,
        applied: u64,
        store: Store,
        (sessions, opened): (Sessions, ExpiringSessions),
    ) -> Self {
        Machine {
            applied,
            store,
            sessions,
            opened,
            duties,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) fn opened(&self) -> &ExpiringSessions {
        &self.opened
    }

    /// The latest time stamped on an applied entry.
    pub fn time(&self) -> ClusterTime {
        self.opened.time()
    }

    /// The open sessions that have not expired, with their last uses.
    pub fn open_sessions(&self) -> impl Iterator<Item = (SessionId, ClientId, ClusterTime)> {
        let all = self.opened.iter();
        all.map(|(id, session)| (id, session.client, session.used))
    }

    /// Applies the committed entry at `index`.
    ///
    /// # Panics
    ///
    /// If `index` is not the one after [`Machine::applied`]: a gap or a repetition is an error of
    /// the driver, whatever the payload. No payload causes a panic.
    pub fn apply(&mut self, index: u64, payload: &[u8]) -> Applied<'_> {
        assert!(
            index.checked_sub(1) == Some(self.applied),
            "entry {index} cannot be applied after entry {}: entries are applied one by one",
            self.applied
        );
        self.applied = index;
        if payload.is_empty() || is_members(payload) {
            return Applied::Empty;
        }
        let entry = match Entry::decode(payload) {
            Ok(entry) => entry,
            Err(error) => return Applied::Undecodable(error),
        };
        let (store, duties) = (&mut self.store, &self.duties);
        let (sessions, opened) = (&mut self.sessions, &mut self.opened);
        let (client, serial, outcome) = match entry {
            Entry::Command(command) => {
                let (client, serial, op) = (command.client, command.serial, command.op);
                let execute = || store.execute(duties, &op);
                let outcome = sessions.answer(duties, client, serial, execute);
                (client, serial, outcome)
            }
            Entry::InSession {
                time,
                session,
                command,
            } => {
                opened.pass(time);
                let (client, serial, op) = (command.client, command.serial, command.op);
                let execute = || store.execute(duties, &op);
                let outcome = opened.answer(duties, session, (client, serial), execute);
                (client, serial, outcome)
            }
            Entry::Open {
                time,
                client,
                serial,
                lasts,
            } => {
                opened.pass(time);
                let outcome = opened.open(duties, SessionId(index), client, lasts);
                (client, serial, outcome)
            }
            Entry::Keep {
                time,
                client,
                serial,
                session,
            } => {
                opened.pass(time);
                (client, serial, opened.keep(duties, session, client))
            }
        };
        Applied::Command {
            client,
            serial,
            outcome,
        }
    }

    /// The answer to a get from the present state. The caller ensures that the state is late enough
    /// for a linearizable read.
    pub fn read(&self, key: &[u8]) -> Reply {
        self.store.read(key)
    }

    /// The index of the last entry applied, 0 before the first.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// The duties of this machine.
    pub fn duties(&self) -> &D {
        &self.duties
    }

    /// A digest of the whole state. Its cost per entry depends on the size of the change, not on
    /// the amount of stored data. It is the same on every machine and in every build, and does not
    /// depend on the duties.
    pub fn hash(&self) -> u64 {
        mix(
            mix(self.applied, self.store.digest()),
            self.sessions.digest().wrapping_add(self.opened.digest()),
        )
    }
}

/// Uses [`Machine::hash`], so that a set of visited clusters does not read whole states.
impl<D: Duties> Hash for Machine<D> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(Machine::hash(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Op};
    use crate::duties::Standing;
    use crate::reply::{Answer, Version};
    use alloc::sync::Arc;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn put(client: u64, serial: u64, key: &str, value: &str) -> Arc<[u8]> {
        payload(
            client,
            serial,
            Op::Put {
                key: key.as_bytes(),
                value: value.as_bytes(),
            },
        )
    }

    fn append(client: u64, serial: u64, key: &str, value: &str) -> Arc<[u8]> {
        payload(
            client,
            serial,
            Op::Append {
                key: key.as_bytes(),
                value: value.as_bytes(),
            },
        )
    }

    fn payload(client: u64, serial: u64, op: Op<&[u8]>) -> Arc<[u8]> {
        Command {
            client: ClientId(client),
            serial: Serial(serial),
            op,
        }
        .encode()
    }

    fn run<D: Duties + Default>(payloads: &[Arc<[u8]>]) -> Machine<D> {
        let mut machine = Machine::default();
        for (index, payload) in (1..).zip(payloads) {
            machine.apply(index, payload);
        }
        machine
    }

    fn value<D: Duties>(machine: &Machine<D>, key: &str) -> Answer {
        machine.read(key.as_bytes()).answer
    }

    fn holds(value: &str) -> Answer {
        Answer::Value(Some(value.into()))
    }

    #[test]
    fn an_empty_payload_moves_the_applied_index_alone() {
        let mut machine: Machine = Machine::default();
        assert_eq!(machine.apply(1, &[]), Applied::Empty);
        assert_eq!(
            machine,
            Machine {
                applied: 1,
                ..Machine::default()
            }
        );
        assert_ne!(machine.hash(), Machine::<Standard>::default().hash());
    }

    #[test]
    fn an_undecodable_payload_moves_the_applied_index_alone() {
        let mut machine: Machine = Machine::default();
        assert_eq!(
            machine.apply(1, &[99]),
            Applied::Undecodable(DecodeError::UnknownTag(99))
        );
        assert_eq!(
            machine,
            Machine {
                applied: 1,
                ..Machine::default()
            }
        );
    }

    #[test]
    #[should_panic(expected = "entry 3 cannot be applied after entry 1")]
    fn a_gap_is_refused() {
        let mut machine: Machine = Machine::default();
        machine.apply(1, &[]);
        machine.apply(3, &[]);
    }

    #[test]
    #[should_panic(expected = "entry 0 cannot be applied after entry 0")]
    fn the_first_entry_is_number_1() {
        Machine::<Standard>::default().apply(0, &[]);
    }

    #[test]
    fn a_retry_is_answered_from_the_session_even_if_the_key_has_moved_on() {
        let mut machine: Machine = run(&[append(1, 1, "k", "a"), append(2, 1, "k", "b")]);
        let stored = Reply {
            version: Version(1),
            answer: Answer::Written,
        };
        assert_eq!(
            machine.apply(3, &append(1, 1, "k", "a")),
            Applied::Command {
                client: ClientId(1),
                serial: Serial(1),
                outcome: Outcome::Repeated(&stored)
            }
        );
        assert_eq!(value(&machine, "k"), holds("ab"));
    }

    #[test]
    fn the_state_hash_includes_the_sessions() {
        let by_one: Machine = run(&[put(1, 1, "k", "a")]);
        let by_other: Machine = run(&[put(2, 1, "k", "a")]);
        assert_eq!(by_one.read(b"k"), by_other.read(b"k"));
        assert_ne!(by_one.hash(), by_other.hash());
    }

    #[test]
    fn the_state_hash_is_pinned() {
        // A second program, in another language, computed these values.
        let machine: Machine = run(&[put(1, 1, "k", "a"), append(2, 1, "list", "x")]);
        assert_eq!(machine.hash(), 0x1618_54a3_c39b_c6c7);
    }

    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    struct Forgetful;
    impl Duties for Forgetful {
        fn standing(&self, _: Serial, _: Serial) -> Standing {
            Standing::New
        }
    }

    #[test]
    fn without_the_standing_duty_a_retry_is_executed_twice() {
        let retried = [append(1, 1, "k", "a"), append(1, 1, "k", "a")];
        assert_eq!(value(&run::<Standard>(&retried), "k"), holds("a"));
        assert_eq!(value(&run::<Forgetful>(&retried), "k"), holds("aa"));
    }

    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    struct Blind;
    impl Duties for Blind {
        fn cas_succeeds(&self, _: Option<&[u8]>, _: Option<&[u8]>) -> bool {
            true
        }
    }

    #[test]
    fn without_the_cas_duty_an_update_is_lost() {
        let cas = Op::Cas {
            key: b"k".as_slice(),
            expect: Some(b"old"),
            value: b"c",
        };
        let raced = [put(1, 1, "k", "new"), payload(2, 1, cas)];
        assert_eq!(value(&run::<Standard>(&raced), "k"), holds("new"));
        assert_eq!(value(&run::<Blind>(&raced), "k"), holds("c"));
    }

    #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
    struct Named(u64);
    impl Duties for Named {
        fn next_version(&self, current: Version, _: bool) -> Version {
            Version(current.0 + self.0)
        }
    }

    #[test]
    fn without_the_version_duty_a_node_name_makes_states_diverge() {
        let hash_on = |node| {
            let mut machine = Machine::new(Named(node));
            machine.apply(1, &put(1, 1, "k", "a"));
            machine.hash()
        };
        assert_ne!(hash_on(1), hash_on(2));
    }

    fn small_payload() -> impl Strategy<Value = Arc<[u8]>> {
        let text = |pattern| proptest::string::bytes_regex(pattern).unwrap();
        let op = (
            0..6u8,
            text("[ab]{0,2}"),
            text("[xy]{0,12}"),
            text("[xy]{0,30}"),
        );
        let command = (0..3u64, 0..4u64, op).prop_map(|(client, serial, (kind, key, a, b))| {
            let op = match kind {
                0 => Op::Get { key: &*key },
                1 => Op::Put {
                    key: &*key,
                    value: &*a,
                },
                2 => Op::Append {
                    key: &*key,
                    value: &*b,
                },
                3 => Op::Cas {
                    key: &*key,
                    expect: None,
                    value: &*b,
                },
                4 => Op::Cas {
                    key: &*key,
                    expect: Some(&*a),
                    value: &*b,
                },
                _ => Op::Delete { key: &*key },
            };
            payload(client, serial, op)
        });
        prop_oneof![
            9 => command,
            1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(|bytes| bytes.into()),
        ]
    }

    proptest! {
        #[test]
        fn the_incremental_hash_is_that_of_the_whole_state(
            payloads in prop::collection::vec(small_payload(), 0..60),
        ) {
            let mut machine: Machine = Machine::default();
            for (index, payload) in (1..).zip(&payloads) {
                machine.apply(index, payload);
                let store = machine.store.recomputed_digest();
                let sessions = machine.sessions.recomputed_digest();
                let opened = machine.opened.recomputed_digest();
                let sessions = sessions.wrapping_add(opened);
                prop_assert_eq!(machine.hash(), mix(mix(index, store), sessions));
            }
        }

        #[test]
        fn machines_are_equal_exactly_when_their_hashes_are(
            left in prop::collection::vec(small_payload(), 0..4),
            right in prop::collection::vec(small_payload(), 0..4),
        ) {
            let (a, b): (Machine, Machine) = (run(&left), run(&right));
            prop_assert_eq!(a == b, a.hash() == b.hash());
        }

        #[test]
        fn arbitrary_payloads_never_panic(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        ) {
            let payloads: Vec<Arc<[u8]>> = payloads.into_iter().map(Arc::from).collect();
            let machine: Machine = run(&payloads);
            prop_assert_eq!(machine.applied(), payloads.len() as u64);
        }
    }
}
