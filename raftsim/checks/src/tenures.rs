//! A textbook implementation of sessions, for the checks only. It keeps all sessions ever opened,
//! with their last use, and searches for expired ones.

use std::collections::BTreeMap;

use super::model::{Entry, Request};

/// Every session of the log so far, and the time of its newest stamp.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenures {
    now: u64,
    by_id: BTreeMap<u64, Tenure>,
    /// The newest serial of each client that opened no session.
    plain: BTreeMap<u64, Option<u64>>,
}

/// The effect of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stands<'a> {
    /// The request in it takes effect here.
    Effective(Request<'a>),
    /// This request of a client is in a session that has expired or never existed.
    Gone(u64, u64),
    /// It changes nothing in the store.
    Idle,
}

#[derive(Clone, Debug)]
struct Tenure {
    client: u64,
    lasts: Option<u64>,
    used: u64,
    newest: Option<u64>,
}

impl Tenures {
    /// Processes the entry at `index`.
    pub(crate) fn admit<'a>(&mut self, index: u64, entry: Entry<'a>) -> Stands<'a> {
        match entry {
            Entry::Open {
                time,
                client,
                lasts,
                ..
            } => {
                self.now = self.now.max(time);
                let (used, newest) = (self.now, None);
                let tenure = Tenure {
                    client,
                    lasts,
                    used,
                    newest,
                };
                self.by_id.insert(index, tenure);
                Stands::Idle
            }
            Entry::Keep {
                time, client, id, ..
            } => {
                self.used(time, client, id);
                Stands::Idle
            }
            Entry::Request(request) => {
                let newest = match request.session {
                    Some((id, time)) => match self.used(time, request.client, id) {
                        Some(tenure) => &mut tenure.newest,
                        None => return Stands::Gone(request.client, request.serial),
                    },
                    None => self.plain.entry(request.client).or_default(),
                };
                if *newest >= Some(request.serial) {
                    return Stands::Idle;
                }
                *newest = Some(request.serial);
                Stands::Effective(request)
            }
        }
    }

    /// The session of this client, if it has not expired.
    fn used(&mut self, time: u64, client: u64, id: u64) -> Option<&mut Tenure> {
        self.now = self.now.max(time);
        let tenure = self.by_id.get_mut(&id)?;
        let unused = self.now - tenure.used;
        if tenure.client != client || tenure.lasts.is_some_and(|lasts| unused >= lasts) {
            return None;
        }
        tenure.used = self.now;
        Some(tenure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    fn entry(payload: &[u8]) -> Entry<'_> {
        model::read(payload).unwrap()
    }

    fn open(time: u64, lasts: Option<u64>) -> Entry<'static> {
        Entry::Open {
            time,
            client: 1,
            serial: 2,
            lasts,
        }
    }

    #[test]
    fn a_request_takes_effect_once_and_only_while_its_session_lasts() {
        let put = |time, session, serial| {
            let entry = kv::Entry::InSession {
                time: kv::ClusterTime(time),
                session: kv::SessionId(session),
                command: kv::CommandRef {
                    client: kv::ClientId(1),
                    serial: kv::Serial(serial),
                    op: kv::OpRef::Put {
                        key: b"k",
                        value: b"v",
                    },
                },
            };
            entry.encode()
        };
        let mut tenures = Tenures::default();
        assert_eq!(tenures.admit(1, open(100, Some(50))), Stands::Idle);
        let mut stands = |index, time, session, serial| {
            let payload = put(time, session, serial);
            match tenures.admit(index, entry(&payload)) {
                Stands::Effective(_) => "effective",
                Stands::Gone(..) => "gone",
                Stands::Idle => "idle",
            }
        };
        assert_eq!(stands(2, 149, 1, 7), "effective");
        assert_eq!(stands(3, 150, 1, 7), "idle", "again");
        assert_eq!(stands(4, 150, 2, 8), "gone", "there is no such session");
        assert_eq!(stands(5, 199, 1, 8), "effective");
        assert_eq!(stands(6, 249, 1, 9), "gone", "it is over");
        assert_eq!(stands(7, 0, 1, 9), "gone", "and stays so");
    }

    #[test]
    fn what_the_store_writes_is_what_the_checks_read() {
        let (time, client, serial) = (kv::ClusterTime(9), kv::ClientId(1), kv::Serial(2));
        let lasts = Some(raft_core::Span(50));
        let opened = kv::Entry::Open {
            time,
            client,
            serial,
            lasts,
        };
        assert_eq!(entry(&opened.encode()), open(9, Some(50)));
        let for_ever = kv::Entry::Open {
            time,
            client,
            serial,
            lasts: None,
        };
        assert_eq!(entry(&for_ever.encode()), open(9, None));
        let kept = kv::Entry::Keep {
            time,
            client,
            serial,
            session: kv::SessionId(4),
        };
        let expected = Entry::Keep {
            time: 9,
            client: 1,
            serial: 2,
            id: 4,
        };
        assert_eq!(entry(&kept.encode()), expected);
    }
}
