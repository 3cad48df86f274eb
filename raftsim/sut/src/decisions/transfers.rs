//! Transfers of leadership, and a leader that leaves a stalled disk.

use raft_core::Event;
use serde_json::json;

use super::{Kind, Phrase, Words};
use crate::time_text;

impl Words<'_> {
    pub(super) fn transfer(&self, event: &Event) -> Option<Phrase> {
        let kind = Some(Kind::Role);
        Some(match event {
            Event::DiskStalled { since, allowed } => {
                let allowed_text = time_text::brief(allowed.0);
                let text = format!("its disk has finished nothing for {allowed_text}");
                let values = json!({"since_ns": since.0, "allowed_ns": allowed.0});
                Phrase::new("disk_stalled", kind, text, values).notable()
            }
            Event::TransferBegan { to } => {
                let text = format!("hands leadership to {}", self.name(*to));
                let values = json!({"to": self.name(*to)});
                Phrase::new("transfer_began", kind, text, values).notable()
            }
            Event::TargetTold { to } => {
                let text = format!("{} has the whole log", self.name(*to));
                let values = json!({"to": self.name(*to)});
                Phrase::new("target_told", kind, text, values).notable()
            }
            Event::TransferFailed { to, why } => {
                let text = format!("does not hand leadership over: {why}");
                let to = self.known(*to);
                let values = json!({"to": to, "why": why.to_string()});
                Phrase::new("transfer_failed", kind, text, values).notable()
            }
            _ => return None,
        })
    }
}
