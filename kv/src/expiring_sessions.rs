//! Sessions that clients opened, and that expire unused (Ongaro's dissertation, section 6.3).
//!
//! When one expires is decided by the log alone: entries carry their leader's time, a session's age
//! is what passed between two stamps, and at the same entry all servers forget the same sessions.
//! A client whose session is gone gets an error. It is never given a new one unasked: what it tries
//! again may have been executed in the old one.

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
    /// When it was last used.
    pub(crate) used: ClusterTime,
    /// How long it lasts unused; `None`: for ever.
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

    /// From when on it is over.
    fn due<D: Duties>(&self, duties: &D) -> Option<ClusterTime> {
        let lasts = duties.session_lasts(self.lasts?);
        Some(self.used.after(lasts))
    }
}

/// All sessions that were opened and have not expired, and what time it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExpiringSessions {
    /// The latest stamp applied.
    time: ClusterTime,
    by_id: BTreeMap<SessionId, Session>,
    /// When each is over, unless it is used before.
    due: BTreeSet<(ClusterTime, SessionId)>,
    /// The sum of the sessions' digests.
    digest: u64,
}

impl ExpiringSessions {
    /// An entry stamped with `time` is applied: what is over by then is forgotten.
    pub(crate) fn pass(&mut self, time: ClusterTime) {
        // Leaders count on from the log, so that only a clock that goes wrong gives less.
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

    /// Opens a session. A retry opens another one; whichever is not used expires, if it ever does.
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

    /// Takes up a session that was not there.
    pub(crate) fn resume<D: Duties>(&mut self, duties: &D, id: SessionId, session: Session) {
        self.due.extend(session.due(duties).map(|due| (due, id)));
        self.digest = self.digest.wrapping_add(session.digest(id));
        let none = self.by_id.insert(id, session);
        assert!(none.is_none(), "{id:?} is opened once");
    }

    /// Uses a session for nothing.
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

    /// Executes the request if it is new in its session, and remembers the reply.
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

    /// Uses a session, if this client has it.
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

    /// What time it is.
    pub(crate) fn time(&self) -> ClusterTime {
        self.time
    }

    /// All of them, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> + Clone {
        self.by_id.iter().map(|(id, session)| (*id, session))
    }

    /// Whether nothing has ever been stamped or opened.
    pub(crate) fn is_unused(&self) -> bool {
        self.time == ClusterTime::default() && self.by_id.is_empty()
    }

    /// One word that stands for all of it; 0 before the first use.
    pub(crate) fn digest(&self) -> u64 {
        match self.time.0 {
            0 => self.digest,
            time => self.digest.wrapping_add(mix(u64::MAX, time)),
        }
    }

    /// The digest, from what is stored alone.
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
