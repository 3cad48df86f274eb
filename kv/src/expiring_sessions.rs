//! Sessions that clients opened, and that expire if unused (Ongaro's dissertation, section 6.3).
//!
//! The log alone decides when a session expires. Entries carry their leader's time, and the age of
//! a session is the time between two stamps, so all servers remove the same sessions at the same
//! entry. A client with an expired session gets an error. It does not get a new session without
//! asking, because its retry may have been executed in the old one.

use alloc::collections::{BTreeMap, BTreeSet};

use raft_core::Span;

use crate::command::{ClientId, Serial};
use crate::digest::mix;
use crate::duties::{Duties, Standing};
use crate::entry::{ClusterTime, SessionId};
use crate::reply::Reply;
use crate::session::Outcome;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) client: ClientId,
    /// The time of its last use.
    pub(crate) used: ClusterTime,
    /// The unused time after which it expires; `None`: never.
    pub(crate) lasts: Option<Span>,
    /// The newest request executed in it, and the reply.
    pub(crate) newest: Option<(Serial, Reply)>,
}

impl Session {
    fn digest(&self, id: SessionId) -> u64 {
        let lasts = self.lasts.map_or(0, |lasts| mix(1, lasts.0));
        let newest = self.newest.as_ref();
        let newest = newest.map_or(0, |(serial, reply)| mix(serial.0, reply.digest()));
        mix(
            mix(mix(mix(id.0, self.client.0), self.used.0), lasts),
            newest,
        )
    }

    /// The time at which it expires.
    fn due<D: Duties>(&self, duties: &D) -> Option<ClusterTime> {
        let lasts = duties.session_lasts(self.lasts?);
        Some(self.used.after(lasts))
    }
}

/// All sessions that were opened and have not expired, and the present time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExpiringSessions {
    /// The latest stamp applied.
    time: ClusterTime,
    by_id: BTreeMap<SessionId, Session>,
    /// The time at which each expires, unless it is used before.
    due: BTreeSet<(ClusterTime, SessionId)>,
    /// The sum of the sessions' digests.
    digest: u64,
}

impl ExpiringSessions {
    /// Advances the time to the stamp `time`, and removes the sessions that expire by then.
    pub(crate) fn pass(&mut self, time: ClusterTime) {
        // A leader counts on from the log, so only a faulty clock gives an earlier time.
        self.time = self.time.max(time);
        while let Some((due, id)) = self.due.first().copied() {
            if due > self.time {
                break;
            }
            self.due.remove(&(due, id));
            let session = self.by_id.remove(&id);
            let session = session.expect("what is due is there");
            self.digest = self.digest.wrapping_sub(session.digest(id));
        }
    }

    /// Opens a session. A retry opens another one; the unused one expires if sessions expire at
    /// all.
    pub(crate) fn open<D: Duties>(
        &mut self,
        duties: &D,
        id: SessionId,
        client: ClientId,
        lasts: Option<Span>,
    ) -> Outcome<'_> {
        let session = Session {
            client,
            used: self.time,
            lasts,
            newest: None,
        };
        self.resume(duties, id, session);
        Outcome::Opened { session: id, lasts }
    }

    /// Adds a session of a snapshot.
    pub(crate) fn resume<D: Duties>(&mut self, duties: &D, id: SessionId, session: Session) {
        self.due.extend(session.due(duties).map(|due| (due, id)));
        self.digest = self.digest.wrapping_add(session.digest(id));
        let none = self.by_id.insert(id, session);
        assert!(none.is_none(), "{id:?} is opened once");
    }

    /// Renews a session without a command.
    pub(crate) fn keep<D: Duties>(
        &mut self,
        duties: &D,
        id: SessionId,
        client: ClientId,
    ) -> Outcome<'_> {
        match self.change(duties, id, client, |_| ()) {
            Some(()) => Outcome::Kept,
            None => Outcome::Expired,
        }
    }

    /// Executes the request if it is new in its session, and stores the reply.
    pub(crate) fn answer<D: Duties>(
        &mut self,
        duties: &D,
        id: SessionId,
        (client, serial): (ClientId, Serial),
        execute: impl FnOnce() -> Reply,
    ) -> Outcome<'_> {
        if duties.missed_session_is_opened() && !self.by_id.contains_key(&id) {
            self.open(duties, id, client, None);
        }
        let standing = self.change(duties, id, client, |session| {
            let newest = session.newest.as_ref();
            let standing = newest.map_or(Standing::New, |(last, _)| duties.standing(*last, serial));
            if standing == Standing::New {
                session.newest = Some((serial, execute()));
            }
            standing
        });
        let newest = || self.by_id[&id].newest.as_ref().map(|(_, reply)| reply);
        match (standing, newest) {
            (None, _) => Outcome::Expired,
            (Some(Standing::Superseded), _) => Outcome::Superseded,
            (Some(Standing::New), newest) => {
                Outcome::Executed(newest().expect("it was executed just now"))
            }
            (Some(Standing::Retry), newest) => {
                Outcome::Repeated(newest().expect("it was executed before"))
            }
        }
    }

    /// Changes a session, if this client has it, and renews it.
    fn change<D: Duties, T>(
        &mut self,
        duties: &D,
        id: SessionId,
        client: ClientId,
        change: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        let session = self.by_id.get_mut(&id)?;
        if session.client != client {
            return None;
        }
        self.digest = self.digest.wrapping_sub(session.digest(id));
        if let Some(due) = session.due(duties) {
            self.due.remove(&(due, id));
        }
        session.used = self.time;
        let result = change(session);
        self.due.extend(session.due(duties).map(|due| (due, id)));
        self.digest = self.digest.wrapping_add(session.digest(id));
        Some(result)
    }

    pub(crate) fn set_time(&mut self, time: ClusterTime) {
        self.time = time;
    }

    /// The present time.
    pub(crate) fn time(&self) -> ClusterTime {
        self.time
    }

    /// All sessions, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> + Clone {
        self.by_id.iter().map(|(id, session)| (*id, session))
    }

    /// Whether no entry has been stamped and no session opened.
    pub(crate) fn is_unused(&self) -> bool {
        self.time == ClusterTime::default() && self.by_id.is_empty()
    }

    /// A digest of the whole state; 0 before the first use.
    pub(crate) fn digest(&self) -> u64 {
        match self.time.0 {
            0 => self.digest,
            time => self.digest.wrapping_add(mix(u64::MAX, time)),
        }
    }

    /// The digest, recomputed from the sessions alone.
    #[cfg(test)]
    pub(crate) fn recomputed_digest(&self) -> u64 {
        let sum = self.iter().fold(0, |sum: u64, (id, session)| {
            sum.wrapping_add(session.digest(id))
        });
        Self {
            digest: sum,
            ..self.clone()
        }
        .digest()
    }
}
