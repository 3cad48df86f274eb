//! The applied log as a witness of linearizability. If a replay of the log explains every reply and
//! respects real time, then the history is linearizable, and the log is the proof.

use kv::{Answer as Told, Payload, Reply};
use sut::Property;

use super::answers::{about, seen, text, told};
use super::history::{End, History, Operation};
use super::model::{self, Model, Request, Result as Came};
use super::reads::{self, Reads};
use super::safety::Found;
use super::subject::Subject;
use super::tenures::{Stands, Tenures};

/// The result of a replay of the committed log.
pub(crate) struct Witness<'a> {
    history: &'a History,
    log: &'a [Payload],
    model: Model,
    tenures: Tenures,
    /// The operations of the history that took effect.
    effective: Vec<bool>,
    /// The operations that were committed in an expired session.
    gone: Vec<bool>,
}

/// The number of operations checked, and the final state.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) entries: u64,
    pub(crate) replies: u64,
    /// Reads without a log entry.
    pub(crate) reads: u64,
    pub(crate) state: Model,
}

/// Replays `log` against the replies that clients received. `wanted` selects the properties to
/// check.
pub(crate) fn check(
    history: &History,
    log: &[Payload],
    wanted: impl Fn(Property) -> bool,
) -> Result<Looked, Found> {
    let mut witness = Witness {
        history,
        log,
        model: Model::default(),
        tenures: Tenures::default(),
        effective: vec![false; history.operations().len()],
        gone: vec![false; history.operations().len()],
    };
    let mut reads = Reads::of(history);
    let mut order = Order::default();
    // Some reads were answered before anything was applied.
    let states = std::iter::once(None).chain(log.iter().map(Some));
    for (index, payload) in (0..).zip(states) {
        let entry = payload.and_then(|payload| model::read(payload.bytes()));
        let stands = entry.map(|entry| witness.tenures.admit(index, entry));
        let effective = match stands {
            Some(Stands::Effective(request)) => witness.replay(index, &request, &wanted)?,
            Some(Stands::Gone(client, serial)) => {
                if let Some(place) = history.place(client, serial) {
                    witness.gone[place] = true;
                }
                None
            }
            Some(Stands::Idle) | None => None,
        };
        if let Some(operation) = effective {
            order.next(operation, &wanted)?;
        }
        while let Some(read) = reads.next_at(index) {
            if wanted(Property::ReadsMatchTheirIndex) {
                reads::matches(read, index, &witness.model)?;
            }
            if !read.may_be_stale() {
                order.next(read, &wanted)?;
            }
        }
    }
    let beyond = reads.beyond(log.len() as u64);
    if let Some(found) = beyond.filter(|found| wanted(found.property)) {
        return Err(found);
    }
    witness.acknowledged(&wanted)?;
    witness.expired(&wanted)?;
    Ok(Looked {
        entries: log.len() as u64,
        replies: history.answered(),
        reads: reads.len(),
        state: witness.model,
    })
}

impl<'a> Witness<'a> {
    /// Executes a request that takes effect at this entry, and returns its operation.
    fn replay(
        &mut self,
        index: u64,
        request: &Request<'_>,
        wanted: &impl Fn(Property) -> bool,
    ) -> Result<Option<&'a Operation>, Found> {
        let (client, serial) = (request.client, request.serial);
        let came = self.model.execute(request);
        let Some(place) = self.history.place(client, serial) else {
            let facts = [
                format!("entry #{index} is request {serial} of client {client}"),
                "no client ever made that request".to_owned(),
            ];
            return Err(Found {
                property: Property::AppliedOrderExplainsReplies,
                subject: Subject::Whole,
                facts,
            });
        };
        let operation = &self.history.operations()[place];
        self.effective[place] = true;
        let End::Answered { reply, .. } = &operation.end else {
            return Ok(Some(operation));
        };
        if same(reply, &came) {
            return Ok(Some(operation));
        }
        let property = if self.explained_by_repetition(client, serial, reply) {
            Property::ExactlyOnce
        } else {
            Property::AppliedOrderExplainsReplies
        };
        if !wanted(property) {
            return Ok(Some(operation));
        }
        let facts = [
            format!(
                "the log up to entry #{index} gives {} the answer {}",
                told(operation),
                text(&came)
            ),
            format!("the client was told {}", text(&seen(reply))),
        ];
        let subject = about(operation);
        Err(Found {
            property,
            subject,
            facts,
        })
    }

    /// Whether a store without sessions, which executes every retry again, would give this reply.
    fn explained_by_repetition(&self, client: u64, serial: u64, reply: &Reply) -> bool {
        let mut forgetful = Model::default();
        self.log
            .iter()
            .filter_map(|payload| model::read_request(payload.bytes()))
            .any(|request| {
                let came = forgetful.execute(&request);
                (request.client, request.serial) == (client, serial) && same(reply, &came)
            })
    }

    /// If a client was told that its session expired, the log must hold a late request of that
    /// client.
    fn expired(&self, wanted: &impl Fn(Property) -> bool) -> Result<(), Found> {
        let property = Property::AppliedOrderExplainsReplies;
        let mut operations = self.history.operations().iter().zip(&self.gone);
        let lied = operations.find(|(operation, gone)| operation.end == End::Expired && !**gone);
        match lied.filter(|_| wanted(property)) {
            None => Ok(()),
            Some((operation, _)) => Err(Found {
                property,
                subject: about(operation),
                facts: [
                    format!("{} was told that its session had expired", told(operation)),
                    "each committed entry that holds it does so in a session that lasts".to_owned(),
                ],
            }),
        }
    }

    /// Every operation that was answered is in the log.
    fn acknowledged(&self, wanted: &impl Fn(Property) -> bool) -> Result<(), Found> {
        let operations = self.history.operations().iter();
        for (operation, effective) in operations.zip(&self.effective) {
            let End::Answered { reply, .. } = &operation.end else {
                continue;
            };
            if *effective || operation.has_no_entry() {
                continue;
            }
            let wrote = matches!(reply.answer, Told::Written | Told::Deleted { .. });
            let property = if wrote {
                Property::NoAcknowledgedWriteLost
            } else {
                Property::AppliedOrderExplainsReplies
            };
            if !wanted(property) {
                continue;
            }
            let facts = [
                format!("{} was answered {}", told(operation), text(&seen(reply))),
                "no committed entry holds that request in a session that lasts".to_owned(),
            ];
            let subject = about(operation);
            return Err(Found {
                property,
                subject,
                facts,
            });
        }
        Ok(())
    }
}

/// The operations so far, in the order in which they took effect.
#[derive(Default)]
struct Order<'a> {
    /// The operation that was called last.
    latest: Option<&'a Operation>,
}

impl<'a> Order<'a> {
    fn next(
        &mut self,
        operation: &'a Operation,
        wanted: &impl Fn(Property) -> bool,
    ) -> Result<(), Found> {
        if wanted(Property::AppliedOrderExplainsReplies) {
            real_time(self.latest, operation)?;
        }
        if self
            .latest
            .is_none_or(|latest| operation.call > latest.call)
        {
            self.latest = Some(operation);
        }
        Ok(())
    }
}

/// If one operation was answered before another one was called, it must come before the other.
fn real_time(latest_call: Option<&Operation>, operation: &Operation) -> Result<(), Found> {
    let (Some(earlier), End::Answered { event, time, .. }) = (latest_call, &operation.end) else {
        return Ok(());
    };
    if *event > earlier.call {
        return Ok(());
    }
    if let End::Answered { index, .. } = &earlier.end
        && earlier.has_no_entry()
    {
        let facts = [
            format!(
                "{}, called at {}, was answered from the state at entry #{}",
                told(earlier),
                sut::time_text::show(earlier.called_at.0),
                index.0
            ),
            format!(
                "{} is not in that state, and was answered at {}, before that call",
                told(operation),
                sut::time_text::show(time.0)
            ),
        ];
        return Err(Found {
            property: Property::AppliedOrderExplainsReplies,
            subject: about(earlier),
            facts,
        });
    }
    let facts = [
        format!(
            "{} was answered at {}",
            told(operation),
            sut::time_text::show(time.0)
        ),
        format!(
            "the log has it after {}, which was called only at {}",
            told(earlier),
            sut::time_text::show(earlier.called_at.0)
        ),
    ];
    Err(Found {
        property: Property::AppliedOrderExplainsReplies,
        subject: about(operation),
        facts,
    })
}

/// Compares the final state of a replay with a node that has applied the whole log.
pub(crate) fn final_state(model: &Model, read: impl Fn(&[u8]) -> Reply) -> Result<(), Found> {
    for key in model.keys() {
        let (version, value) = model.get(key);
        let held = read(key);
        let same = held.version.0 == version
            && matches!(&held.answer, Told::Value(held) if held.as_deref() == value);
        if same {
            continue;
        }
        let property = if held.version.0 > version {
            Property::ExactlyOnce
        } else {
            Property::NoAcknowledgedWriteLost
        };
        let key = String::from_utf8_lossy(key);
        let held = text(&seen(&held));
        let facts = [
            format!("the committed log writes key {key} {version} times"),
            format!("a node that applied all of it answers a get of {key} with {held}"),
        ];
        return Err(Found {
            property,
            subject: Subject::Whole,
            facts,
        });
    }
    Ok(())
}

fn same(reply: &Reply, came: &Came) -> bool {
    seen(reply) == *came
}
