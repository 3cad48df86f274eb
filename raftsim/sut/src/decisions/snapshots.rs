//! Snapshots: taken, sent, installed.

use raft_core::Event;
use serde_json::json;

use super::{Kind, Phrase, Words, at};

impl Words<'_> {
    pub(super) fn snapshot(&self, event: &Event) -> Option<Phrase> {
        let kind = Some(Kind::Append);
        Some(match event {
            Event::SnapshotTaken { last } => {
                let values = json!({"last": at(*last)});
                Phrase::new(
                    "snapshot_taken",
                    kind,
                    format!("snapshot at {last}"),
                    values,
                )
                .notable()
            }
            Event::LogCut { base } => {
                let text = format!("log begins after {base}");
                Phrase::new("log_cut", kind, text, json!({"base": at(*base)})).notable()
            }
            Event::SnapshotSent { peer, last } => {
                let name = self.name(*peer);
                let text = format!("sends {name} its snapshot at {last}");
                let values = json!({"peer": name, "last": at(*last)});
                Phrase::new("snapshot_sent", kind, text, values).notable()
            }
            Event::SnapshotInstalled { last, was, whole } => {
                let text = match whole {
                    true => format!("snapshot at {last} replaces the log"),
                    false => format!("snapshot at {last} replaces the log up to there"),
                };
                let values = json!({"last": at(*last), "was": was.0, "whole": whole});
                Phrase::new("snapshot_installed", kind, text, values).notable()
            }
            Event::SnapshotPassedOver { last, held } => {
                let text = match held {
                    true => format!("needs no snapshot at {last}, holds that entry"),
                    false => format!("needs no snapshot at {last}, knows more"),
                };
                let values = json!({"last": at(*last), "held": held});
                Phrase::new("snapshot_passed_over", kind, text, values)
            }
            _ => return None,
        })
    }
}
