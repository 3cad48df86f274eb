//! Decisions of the key-value layer.

use kv::ApplyOutcome;
use serde_json::json;

use super::{Kind, Phrase, Words, at};

impl Words<'_> {
    pub(super) fn phrase(&self, event: &kv::Event) -> Phrase {
        match event {
            kv::Event::Applied { entry, outcome } => {
                let but = match outcome {
                    ApplyOutcome::Nothing
                    | ApplyOutcome::Executed
                    | ApplyOutcome::Opened
                    | ApplyOutcome::Kept => "",
                    ApplyOutcome::Repeated => ", which was done before",
                    ApplyOutcome::Superseded => ", after a newer request of its client",
                    ApplyOutcome::Expired => ", whose session had expired",
                };
                let text = format!("applied {entry}{but}");
                Phrase::new("applied", None, text, json!({"entry": at(*entry)}))
            }
            kv::Event::Answered {
                client,
                serial,
                entry,
                lost,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = match lost {
                    false => format!("c{client}.{serial} answered by {entry}"),
                    true => format!("c{client}.{serial} was replaced by {entry}"),
                };
                let values = json!({
                    "client": client, "serial": serial, "entry": at(*entry), "lost": lost
                });
                Phrase::new("answered", Some(Kind::Client), text, values)
            }
            kv::Event::ReadAnswered {
                client,
                serial,
                needs,
                applied,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = match needs {
                    Some(needs) => format!("c{client}.{serial} read at {applied}, needs {needs}"),
                    None => format!("c{client}.{serial} read at {applied}, whatever that is"),
                };
                let values = json!({
                    "client": client, "serial": serial, "applied": applied.0,
                    "needs": needs.map(|needs| needs.0)
                });
                Phrase::new("read_answered", Some(Kind::Client), text, values)
            }
            kv::Event::AcceptedTooLate {
                client,
                serial,
                entry,
            } => {
                let (client, serial) = (client.0, serial.0);
                let text = format!("c{client}.{serial} became {entry}, which is past: lost");
                let values = json!({"client": client, "serial": serial, "entry": at(*entry)});
                Phrase::new("accepted_too_late", Some(Kind::Client), text, values).notable()
            }
            kv::Event::ReadBehind {
                client,
                after,
                applied,
            } => {
                let client = client.0;
                let text = format!("c{client} has seen {after}, only {applied} is applied");
                let values = json!({
                    "client": client, "after": after.0, "applied": applied.0
                });
                Phrase::new("read_behind", Some(Kind::Client), text, values).notable()
            }
            kv::Event::SnapshotBegun { snapshot } => {
                let (last, bytes) = (snapshot.last, snapshot.bytes);
                let text = format!("takes a snapshot at {last}, {bytes} B");
                let values = json!({"last": at(last), "bytes": bytes});
                Phrase::new("snapshot_begun", None, text, values)
            }
            kv::Event::SnapshotUnsound { snapshot } => {
                let text = format!("the snapshot at {} came damaged", snapshot.last);
                let values = json!({"last": at(snapshot.last)});
                Phrase::new("snapshot_unsound", None, text, values).notable()
            }
            kv::Event::PayloadsMissing { from } => {
                let text = format!("dropped: contents missing for {}", self.name(*from));
                let values = json!({"from": self.name(*from)});
                Phrase::new("payloads_missing", None, text, values).notable()
            }
            kv::Event::DataMissing { from } => {
                let text = "dropped: lacks the data that it is to hold".to_owned();
                let values = json!({"from": self.name(*from)});
                Phrase::new("data_missing", None, text, values).notable()
            }
            kv::Event::Core(core) => self.core(core),
        }
    }
}
