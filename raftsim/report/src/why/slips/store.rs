//! What no correct key-value layer carries out or answers.

use super::{Scene, Slip};
use crate::why::moment::Operation;

pub(super) fn check(scene: &mut Scene<'_>) {
    let moment = scene.moment;
    for applied in moment.applied.iter().filter(|applied| applied.again) {
        let Some((client, serial)) = applied.request else {
            continue;
        };
        let text = format!(
            "{} carries out request {serial} of client {client} again, as entry {}",
            scene.own(),
            applied.entry
        );
        duty(scene, applied.entry.index.0, (client, serial), text);
    }
    for answer in &moment.answers {
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
            scene.own(),
            answer.entry
        );
        duty(scene, answer.entry.index.0, (client, serial), text);
    }
}

fn duty(scene: &mut Scene<'_>, index: u64, operation: Operation, text: String) {
    scene.found.push(Slip {
        when: scene.when,
        node: scene.node,
        rule: None,
        term: scene.after.term,
        index: Some(index),
        operation: Some(operation),
        text,
    });
}
