//! The operator's settings, and the checks for invalid combinations.

use core::fmt;

use crate::types::{LIMIT, Priority, Span};

/// The settings of one server. Times are on the server's own clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Shortest election timeout (§5.2). Voters also refuse votes for this long after hearing from
    /// a leader (stickiness).
    pub election_timeout_min: Span,
    /// Longest election timeout, inclusive. Check-quorum also lets a leader be without a quorum for
    /// this long.
    pub election_timeout_max: Span,
    /// The interval between messages of an idle leader (§5.2).
    pub heartbeat: Span,
    /// Ask for votes before raising the term (dissertation §9.6).
    pub pre_vote: bool,
    /// Refuse votes while a leader is fresh (paper §6, dissertation §4.2.3).
    pub stickiness: bool,
    /// This server's priority as the leader: it refuses candidates of a lower priority for a while
    /// (see the rule `election.priority`).
    pub priority: Priority,
    /// A follower passes proposals on to its leader, instead of refusing them.
    pub forward_proposals: bool,
    /// A leader that hears from no quorum steps down (dissertation §6.2).
    pub check_quorum: bool,
    /// Tell followers of a new commit index at once, instead of with the next message.
    pub eager_commit: bool,
    /// An idle cluster sends nothing, and wakes when it gets work (see `quiescence`). A cluster
    /// falls silent only if all its members have this setting. It needs `pre_vote`.
    pub quiescence: bool,
    /// Largest sum of entry sizes in one AppendEntries, in bytes. A single larger entry travels
    /// alone.
    pub max_message_bytes: u64,
    /// Largest piece of a snapshot in one InstallSnapshot, in bytes.
    pub snapshot_piece_bytes: u64,
    /// Maximum number of AppendEntries in flight to one follower.
    pub window_messages: u64,
    /// Maximum number of entry bytes sent to one follower and not acknowledged.
    pub window_bytes: u64,
    /// Maximum number of entry bytes that a leader has appended and not committed. The leader
    /// refuses proposals beyond that, but accepts a larger one when nothing else waits. The same
    /// limit applies to a follower and its forwarded proposals without an answer.
    pub uncommitted_bytes: u64,
    /// Maximum number of reads that wait at one server. The server refuses any further read.
    pub reads_waiting: u64,
    /// The largest error between clocks during the shortest election timeout. A lease is shorter by
    /// this span. `None`: the error is unknown, and lease reads are refused (dissertation §6.4.1).
    pub clock_error: Option<Span>,
    /// A leader that waits this long for its own disk steps down. `None`: it never does.
    pub disk_timeout: Option<Span>,
}

const MILLISECOND: u64 = 1_000_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            election_timeout_min: Span(150 * MILLISECOND),
            election_timeout_max: Span(300 * MILLISECOND),
            heartbeat: Span(50 * MILLISECOND),
            pre_vote: true,
            stickiness: true,
            priority: Priority(0),
            forward_proposals: false,
            check_quorum: true,
            eager_commit: false,
            quiescence: false,
            max_message_bytes: 64 << 10,
            snapshot_piece_bytes: 64 << 10,
            window_messages: 16,
            window_bytes: 256 << 10,
            uncommitted_bytes: 64 << 20,
            reads_waiting: 4_096,
            clock_error: None,
            disk_timeout: Some(Span(3_000 * MILLISECOND)),
        }
    }
}

/// An invalid setting, named as in [`Settings`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingsError {
    /// `heartbeat` is zero.
    HeartbeatZero,
    /// `heartbeat` is not shorter than `election_timeout_min`: followers would keep campaigning.
    HeartbeatTooLong,
    /// `election_timeout_min` is longer than `election_timeout_max`.
    TimeoutsReversed,
    /// A time or size is beyond [`LIMIT`].
    TooLarge,
    /// `max_message_bytes`, `snapshot_piece_bytes` or `window_messages` is zero.
    NothingMayTravel,
    /// `window_bytes` is smaller than `max_message_bytes`: a full message would never leave.
    WindowTooSmall,
    /// `uncommitted_bytes` or `reads_waiting` is zero.
    NothingMayWait,
    /// `clock_error` is not below `election_timeout_min`: no lease would ever begin.
    ClockErrorTooLarge,
    /// `disk_timeout` is not longer than `election_timeout_max`: a leader would step down because
    /// of a disk that is merely slow.
    DiskTimeoutTooShort,
    /// `quiescence` without `pre_vote`: a follower that wakes would depose a healthy leader.
    QuiescenceNeedsPreVote,
}

impl core::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeartbeatZero => "the heartbeat must be longer than zero",
            Self::HeartbeatTooLong => {
                "the heartbeat must be shorter than the shortest election timeout"
            }
            Self::TimeoutsReversed => {
                "the shortest election timeout is longer than the longest one"
            }
            Self::TooLarge => "a time or size is too large",
            Self::NothingMayTravel => "the message size and the window must be larger than zero",
            Self::WindowTooSmall => "the window in bytes must hold at least one full message",
            Self::NothingMayWait => {
                "the bytes not committed and the reads that wait must be more than zero"
            }
            Self::ClockErrorTooLarge => {
                "the clock error must be less than the shortest election timeout"
            }
            Self::DiskTimeoutTooShort => {
                "the disk timeout must be longer than the longest election timeout"
            }
            Self::QuiescenceNeedsPreVote => {
                "quiescence needs pre-vote: a server that wakes would depose a healthy leader"
            }
        })
    }
}

impl Settings {
    /// Checks whether these settings can work.
    ///
    /// # Errors
    /// The first setting that cannot work.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let largest = [
            self.election_timeout_max.0,
            self.max_message_bytes,
            self.snapshot_piece_bytes,
            self.window_bytes,
            self.uncommitted_bytes,
            self.reads_waiting,
            self.disk_timeout.unwrap_or_default().0,
        ];
        if largest.into_iter().any(|value| value >= LIMIT / 4) {
            return Err(SettingsError::TooLarge);
        }
        if self.heartbeat.0 == 0 {
            return Err(SettingsError::HeartbeatZero);
        }
        if self.heartbeat >= self.election_timeout_min {
            return Err(SettingsError::HeartbeatTooLong);
        }
        if self.election_timeout_min > self.election_timeout_max {
            return Err(SettingsError::TimeoutsReversed);
        }
        let travelling = [
            self.max_message_bytes,
            self.snapshot_piece_bytes,
            self.window_messages,
        ];
        if travelling.contains(&0) {
            return Err(SettingsError::NothingMayTravel);
        }
        if self.window_bytes < self.max_message_bytes {
            return Err(SettingsError::WindowTooSmall);
        }
        if self.uncommitted_bytes == 0 || self.reads_waiting == 0 {
            return Err(SettingsError::NothingMayWait);
        }
        if self
            .clock_error
            .is_some_and(|error| error >= self.election_timeout_min)
        {
            return Err(SettingsError::ClockErrorTooLarge);
        }
        if self
            .disk_timeout
            .is_some_and(|timeout| timeout <= self.election_timeout_max)
        {
            return Err(SettingsError::DiskTimeoutTooShort);
        }
        if self.quiescence && !self.pre_vote {
            return Err(SettingsError::QuiescenceNeedsPreVote);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_settings_are_valid() {
        assert_eq!(Settings::default().validate(), Ok(()));
    }

    #[test]
    fn each_senseless_setting_is_refused_by_name() {
        let good = Settings::default();
        let cases = [
            (
                Settings {
                    heartbeat: Span(0),
                    ..good
                },
                SettingsError::HeartbeatZero,
            ),
            (
                Settings {
                    heartbeat: good.election_timeout_min,
                    ..good
                },
                SettingsError::HeartbeatTooLong,
            ),
            (
                Settings {
                    election_timeout_max: Span(MILLISECOND),
                    ..good
                },
                SettingsError::TimeoutsReversed,
            ),
            (
                Settings {
                    max_message_bytes: 0,
                    ..good
                },
                SettingsError::NothingMayTravel,
            ),
            (
                Settings {
                    window_messages: 0,
                    ..good
                },
                SettingsError::NothingMayTravel,
            ),
            (
                Settings {
                    window_bytes: 1,
                    ..good
                },
                SettingsError::WindowTooSmall,
            ),
            (
                Settings {
                    window_bytes: LIMIT,
                    ..good
                },
                SettingsError::TooLarge,
            ),
            (
                Settings {
                    reads_waiting: 0,
                    ..good
                },
                SettingsError::NothingMayWait,
            ),
            (
                Settings {
                    clock_error: Some(good.election_timeout_min),
                    ..good
                },
                SettingsError::ClockErrorTooLarge,
            ),
            (
                Settings {
                    disk_timeout: Some(good.election_timeout_max),
                    ..good
                },
                SettingsError::DiskTimeoutTooShort,
            ),
            (
                Settings {
                    quiescence: true,
                    pre_vote: false,
                    ..good
                },
                SettingsError::QuiescenceNeedsPreVote,
            ),
        ];
        for (settings, error) in cases {
            assert_eq!(settings.validate(), Err(error));
        }
    }
}
