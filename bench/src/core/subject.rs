//! The subjects of the measurements, with their names in the hidden command.

use clap::ValueEnum;

use super::payload::{Frames, Without};
use super::{ours, theirs};
use crate::load::{Cluster, Load};

/// One way to drive our core or the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// Ours with its payload log; one step for each proposal; the commit index rides along.
    Ours,
    /// The same, but the commit index is sent at once.
    OursEager,
    /// The same, but all entries in flight are proposed in one step.
    OursTogether,
    /// Our core without payloads.
    Alone,
    /// Our core without payloads; all entries in flight are proposed in one step.
    AloneTogether,
    /// The peer. It hands out its output after each message.
    Each,
    /// The same, but the commit index rides along.
    EachRiding,
    /// The peer. It hands out its output after a whole inbox.
    Inbox,
    /// The same with `batch_append`.
    Batch,
    /// The same with all entries in flight proposed in one message, and the commit index riding.
    BatchTogether,
}

impl Subject {
    /// A cluster with this subject.
    pub(crate) fn build(self, load: Load) -> Box<dyn Cluster> {
        let ours = |together, eager| ours::Manner { together, eager };
        let theirs = |inbox, batch_append| theirs::Manner {
            inbox,
            batch_append,
            skip_bcast_commit: false,
            together: false,
        };
        let manner = match self {
            Self::Ours => return Box::new(ours::Ours::<Frames>::new(load, ours(false, false))),
            Self::OursEager => return Box::new(ours::Ours::<Frames>::new(load, ours(false, true))),
            Self::OursTogether => {
                return Box::new(ours::Ours::<Frames>::new(load, ours(true, false)));
            }
            Self::Alone => return Box::new(ours::Ours::<Without>::new(load, ours(false, false))),
            Self::AloneTogether => {
                return Box::new(ours::Ours::<Without>::new(load, ours(true, false)));
            }
            Self::Each => theirs(false, false),
            Self::EachRiding => theirs::Manner {
                skip_bcast_commit: true,
                ..theirs(false, false)
            },
            Self::Inbox => theirs(true, false),
            Self::Batch => theirs(true, true),
            Self::BatchTogether => theirs::Manner {
                skip_bcast_commit: true,
                together: true,
                ..theirs(true, true)
            },
        };
        Box::new(theirs::Theirs::new(load, manner))
    }

    /// Its name on a command line.
    pub(crate) fn name(self) -> String {
        let value = self
            .to_possible_value()
            .expect("no subject is hidden from the command line");
        value.get_name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages_per_entry(subject: Subject, nodes: usize, in_flight: usize) -> u64 {
        let bytes = 16;
        let mut cluster = subject.build(Load {
            nodes,
            bytes,
            in_flight,
        });
        let before = cluster.delivered();
        cluster.commit(6400);
        (cluster.delivered() - before) / 6400
    }

    #[test]
    fn every_subject_commits_and_applies_everywhere_what_is_proposed() {
        for subject in Subject::value_variants() {
            for (nodes, in_flight) in [(3, 1), (5, 64)] {
                let bytes = 256;
                let mut cluster = subject.build(Load {
                    nodes,
                    bytes,
                    in_flight,
                });
                cluster.commit(128);
                cluster.commit(64);
                cluster.heartbeat();
            }
        }
    }

    #[test]
    fn one_at_a_time_a_riding_commit_index_halves_the_messages() {
        assert_eq!(messages_per_entry(Subject::Ours, 3, 1), 4);
        assert_eq!(messages_per_entry(Subject::OursEager, 3, 1), 8);
        assert_eq!(messages_per_entry(Subject::Each, 3, 1), 8);
        assert_eq!(messages_per_entry(Subject::EachRiding, 3, 1), 4);
        assert_eq!(messages_per_entry(Subject::Ours, 5, 1), 8);
        assert_eq!(messages_per_entry(Subject::Each, 5, 1), 16);
    }

    #[test]
    fn entries_proposed_together_travel_together() {
        for subject in [
            Subject::OursTogether,
            Subject::Batch,
            Subject::BatchTogether,
        ] {
            assert_eq!(messages_per_entry(subject, 3, 64), 0);
        }
        assert_eq!(messages_per_entry(Subject::Inbox, 3, 64), 8);
    }
}
