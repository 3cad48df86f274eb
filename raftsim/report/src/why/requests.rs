//! Explains a client's operation, and states that differ after the same entries.

use simulator::NodeId;

use super::explainer::Explainer;
use super::facts::OperationStage;
use super::observed::Operation;

/// The stages of an operation: sent, executed, answered.
pub(super) fn operation(explainer: &mut Explainer<'_>, operation: Operation) {
    let account = explainer.account;
    let (client, serial) = operation;
    let what = format!("request {serial} of client {client}");
    let mut entries = Vec::new();
    for apply in account
        .applied
        .iter()
        .filter(|apply| apply.applied.request == Some(operation))
    {
        let entry = apply.applied.entry;
        if entries.contains(&entry) {
            continue;
        }
        entries.push(entry);
        let found = explainer.wrong_decisions(|wrong| {
            wrong.when == apply.when && wrong.operation == Some(operation)
        });
        if !found {
            let name = explainer.name(apply.node);
            explainer.say(
                apply.when,
                None,
                format!("{name} applies {what}, entry {entry}"),
            );
        }
    }
    let mut asked = 0;
    for event in account
        .operations
        .iter()
        .filter(|event| event.operation == operation)
    {
        let text = match event.stage {
            OperationStage::Sent => {
                asked += 1;
                match asked {
                    1 => format!("client {client} sends its request {serial}"),
                    2 => format!("client {client} sends its request {serial} again"),
                    _ => continue,
                }
            }
            OperationStage::Answered(node, answer) => {
                format!(
                    "{} answers {what} with entry {}",
                    explainer.name(node),
                    answer.entry
                )
            }
            OperationStage::Read(node, read) => {
                format!(
                    "{} answers {what} from its state, with everything up to {} applied",
                    explainer.name(node),
                    read.applied
                )
            }
            OperationStage::AnswerTaken(node) => {
                format!(
                    "client {client} takes the answer of {}",
                    explainer.name(node)
                )
            }
        };
        let found = explainer.wrong_decisions(|wrong| {
            wrong.when == event.when && wrong.operation == Some(operation)
        });
        if !found {
            explainer.say(event.when, None, text);
        }
    }
}

/// Two nodes whose states differ after the same entry.
pub(super) fn state(explainer: &mut Explainer<'_>, node: NodeId, index: u64) {
    let account = explainer.account;
    let at = |node: NodeId, index: u64| {
        let mut applied = account.applied.iter().rev();
        applied.find(move |apply| apply.node == node && apply.applied.entry.index.0 == index)
    };
    let Some(own) = at(node, index) else { return };
    let first = account
        .applied
        .iter()
        .find(|apply| apply.node != node && apply.applied.entry.index.0 == index);
    let Some(first) = first else { return };
    let entry = own.applied.entry;
    let what = match own.applied.request {
        Some((client, serial)) => format!("{entry}, request {serial} of client {client}"),
        None => entry.to_string(),
    };
    let names = [first.node, node].map(|node| explainer.name(node));
    explainer.say(first.when, None, format!("{} applies {what}", names[0]));
    let same = first.applied.entry == entry && first.applied.request == own.applied.request;
    let agreed = index.checked_sub(1).and_then(|before| {
        let [first, own] = [at(first.node, before)?, at(node, before)?];
        Some(first.applied.state == own.applied.state)
    });
    let text = match (same, agreed) {
        (true, Some(true)) => format!(
            "{} applies the same entry to the same state, and its state differs from {}'s then",
            names[1], names[0]
        ),
        _ => format!(
            "{} applies {what}, and its state differs from {}'s then",
            names[1], names[0]
        ),
    };
    let found = explainer.wrong_decisions(|wrong| wrong.when == own.when && wrong.node == node);
    if !found {
        explainer.say(own.when, None, text);
    }
}
