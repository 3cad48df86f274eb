//! Wrong decisions of the key-value layer.

use super::{NodeStep, WrongDecision};
use crate::why::observed::Operation;

pub(super) fn check(step: &mut NodeStep<'_>) {
    let observed = step.observed;
    for applied in observed.applied.iter().filter(|applied| applied.again) {
        let Some((client, serial)) = applied.request else {
            continue;
        };
        let text = format!(
            "{} carries out request {serial} of client {client} again, as entry {}",
            step.own(),
            applied.entry
        );
        duty(step, applied.entry.index.0, (client, serial), text);
    }
    for answer in &observed.answers {
        let (client, serial) = (answer.client.0, answer.serial.0);
        if answer.holds == Some((client, serial)) {
            continue;
        }
        let holds = match answer.holds {
            Some((client, serial)) => format!("request {serial} of client {client}"),
            None => "no request".to_owned(),
        };
        let text = format!(
            "{} answers request {serial} of client {client} with entry {}, which holds {holds}",
            step.own(),
            answer.entry
        );
        duty(step, answer.entry.index.0, (client, serial), text);
    }
}

fn duty(step: &mut NodeStep<'_>, index: u64, operation: Operation, text: String) {
    step.wrong.push(WrongDecision {
        when: step.when,
        node: step.node,
        rule: None,
        term: step.after.term,
        index: Some(index),
        operation: Some(operation),
        text,
    });
}
