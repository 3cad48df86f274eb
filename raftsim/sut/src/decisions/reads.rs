//! Reads without a log entry.

use raft_core::Event;
use serde_json::json;

use super::{Kind, Phrase, Words};
use crate::time_text;

impl Words<'_> {
    pub(super) fn read(&self, event: &Event) -> Option<Phrase> {
        let kind = Some(Kind::Client);
        Some(match event {
            Event::ReadsHeld { commit } => {
                let text = format!("reads wait: {commit} is not of this term");
                Phrase::new("reads_held", kind, text, json!({"commit": commit.0})).notable()
            }
            Event::ReadRoundBegan { index, reads } => {
                let text = format!("asks a quorum for {}", count(*reads));
                let values = json!({"index": index.0, "reads": reads});
                Phrase::new("read_round_began", kind, text, values)
            }
            Event::ReadRoundEnded { index, reads } => {
                let text = format!("still leads: {} at {index}", count(*reads));
                let values = json!({"index": index.0, "reads": reads});
                Phrase::new("read_round_ended", kind, text, values)
            }
            Event::ReadByLease { index, until } => {
                let text = format!("lease until {}: read at {index}", time_text::show(until.0));
                let values = json!({"index": index.0, "until_ns": until.0});
                Phrase::new("read_by_lease", kind, text, values)
            }
            Event::LeaseOver { until } => {
                let text = format!("no lease since {}", time_text::show(until.0));
                let values = json!({"until_ns": until.0});
                Phrase::new("lease_over", kind, text, values).notable()
            }
            Event::ReadsForwarded { leader, reads } => {
                let text = format!("asks {} for {}", self.name(*leader), count(*reads));
                let values = json!({"leader": self.name(*leader), "reads": reads});
                Phrase::new("reads_forwarded", kind, text, values)
            }
            Event::ReadFailed { why } => {
                let text = format!("read fails: {why}");
                let values = json!({"why": why.to_string()});
                Phrase::new("read_failed", kind, text, values).notable()
            }
            _ => return None,
        })
    }
}

fn count(reads: u64) -> String {
    match reads {
        1 => "a read".to_owned(),
        reads => format!("{reads} reads"),
    }
}
