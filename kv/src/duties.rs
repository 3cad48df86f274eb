//! The decisions that a key-value layer could get wrong, each in one small method.

use core::fmt::Debug;
use core::hash::Hash;

use raft_core::Span;

use crate::command::Serial;
use crate::reply::Version;

/// The decisions of the key-value layer. The defaults are right.
///
/// A planted bug overrides one method; all else stays as it is in production. The table shows the
/// override for each known bug (A: applying and clients, P: persistence, Q: reads, S: snapshots, W:
/// witnesses):
///
/// | Bug | Planted by |
/// |---|---|
/// | A-02 an entry is applied before it is committed | not here: Raft decides about commitment |
/// | A-03 a value of one node (its clock, its name) gets into the state | [`Duties::next_version`], from that value |
/// | A-04 a client's retry is executed again | [`Duties::standing`], always [`Standing::New`] |
/// | A-04b a session expires on one server only | [`Duties::session_lasts`], from a value that only one server has |
/// | A-04c a client with an expired session gets a new one | [`Duties::missed_session_is_opened`], true |
/// | A-05 a client gets the answer to any entry applied at its index | [`Duties::reply_matches`], always true |
/// | P-10 state and applied index are not written together | [`Duties::snapshot_index`], the commit index |
/// | P-18 the log is cut before the snapshot is durable | [`Duties::log_is_cut_at_once`], true |
/// | S-04 pieces of two snapshots are put together | [`Duties::snapshot_is_sound`], true, beside a rule |
/// | S-06 sessions are missing from the snapshot | [`Duties::snapshot_holds_sessions`], false |
/// | S-06b the last uses of sessions are missing from the snapshot | [`Duties::snapshot_holds_last_uses`], false |
/// | Q-09 a follower answers a read before it has applied enough | [`Duties::read_is_covered`], always true |
/// | W-02 a witness becomes a member with data, and its log lacks them | [`Duties::role_waits_for_data`], false |
/// | A-07 a forwarded proposal deposes a leader, or goes in circles | not here: rules of Raft decide about forwarding |
///
/// Some bugs have no number there: a compare-and-swap that does not compare
/// ([`Duties::cas_succeeds`]), versions that start again after a delete ([`Duties::next_version`]),
/// and a stale read that shows a client an older state ([`Duties::stale_read_is_late_enough`]).
///
/// A method may depend on its arguments and on `self`, which never changes while a node runs.
pub trait Duties: Clone + Debug + Eq + Hash {
    /// The standing of a request numbered `serial` for a client whose newest executed request is
    /// `last`.
    fn standing(&self, last: Serial, serial: Serial) -> Standing {
        match serial.cmp(&last) {
            core::cmp::Ordering::Greater => Standing::New,
            core::cmp::Ordering::Equal => Standing::Retry,
            core::cmp::Ordering::Less => Standing::Superseded,
        }
    }

    /// Whether a compare-and-swap writes; `None` means that the key is absent.
    fn cas_succeeds(&self, expect: Option<&[u8]>, actual: Option<&[u8]>) -> bool {
        expect == actual
    }

    /// The version of a key after a write that found `current` and, if `present`, a value.
    fn next_version(&self, current: Version, present: bool) -> Version {
        let _ = present;
        current.next()
    }

    /// Whether a read that must see everything up to `needs` may be answered from a state with
    /// everything up to `applied`.
    fn read_is_covered(&self, applied: u64, needs: u64) -> bool {
        applied >= needs
    }

    /// Whether a stale read of a client that has seen the state at `after` may be answered from the
    /// state at `applied`.
    fn stale_read_is_late_enough(&self, applied: u64, after: u64) -> bool {
        applied >= after
    }

    /// The last entry of a snapshot taken of a state with everything up to `applied`, while the log
    /// is committed up to `committed`.
    fn snapshot_index(&self, applied: u64, committed: u64) -> u64 {
        let _ = committed;
        applied
    }

    /// Whether a snapshot holds the clients' sessions.
    fn snapshot_holds_sessions(&self) -> bool {
        true
    }

    /// Whether a snapshot holds the last use of each session. If not, all sessions seem used just
    /// now.
    fn snapshot_holds_last_uses(&self) -> bool {
        true
    }

    /// The unused time after which a session expires, if it was opened with the duration `lasts`.
    fn session_lasts(&self, lasts: Span) -> Span {
        lasts
    }

    /// Whether a request in a missing session opens it without the client asking for that.
    fn missed_session_is_opened(&self) -> bool {
        false
    }

    /// Whether a received snapshot is accepted; `right` says if its checksum is correct.
    fn snapshot_is_sound(&self, right: bool) -> bool {
        right
    }

    /// Whether a server that lacks data of its log, because it was a witness, refuses to become a
    /// member with data.
    fn role_waits_for_data(&self) -> bool {
        true
    }

    /// Whether the log may be cut at a snapshot that is not durable yet.
    fn log_is_cut_at_once(&self) -> bool {
        false
    }

    /// Whether the entry applied at an index, of the term `applied_term`, is the one that a client
    /// waits for there, which was proposed in `proposed_term`. If not, another leader's entry
    /// replaced the request, and the result belongs to another client.
    fn reply_matches(&self, proposed_term: u64, applied_term: u64) -> bool {
        proposed_term == applied_term
    }
}

/// The standing of a request in its client's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Not seen before: it is executed.
    New,
    /// A repetition of the newest request: the client gets the stored reply.
    Retry,
    /// Older than the newest request: its reply is gone, and it is not executed again.
    Superseded,
}

/// The duties of production, which keep every default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standard;

impl Duties for Standard {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_duties_take_no_space() {
        assert_eq!(size_of::<Standard>(), 0);
    }

    #[test]
    fn only_a_larger_serial_is_new() {
        let standing = |last, serial| Standard.standing(Serial(last), Serial(serial));
        assert_eq!(standing(5, 6), Standing::New);
        assert_eq!(standing(5, u64::MAX), Standing::New);
        assert_eq!(standing(5, 5), Standing::Retry);
        assert_eq!(standing(5, 4), Standing::Superseded);
    }

    #[test]
    fn absent_and_empty_are_not_the_same_to_a_cas() {
        assert!(Standard.cas_succeeds(None, None));
        assert!(Standard.cas_succeeds(Some(b""), Some(b"")));
        assert!(!Standard.cas_succeeds(None, Some(b"")));
        assert!(!Standard.cas_succeeds(Some(b""), None));
    }

    #[test]
    fn an_entry_of_another_term_answers_nobody() {
        assert!(Standard.reply_matches(3, 3));
        assert!(!Standard.reply_matches(3, 2));
        assert!(!Standard.reply_matches(3, 4));
    }
}
