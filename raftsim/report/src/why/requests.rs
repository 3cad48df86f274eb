//! What became of a client's operation, and states that differ after the same entries.

use simulator::NodeId;

use super::facts::Asking;
use super::moment::Operation;
use super::telling::Telling;

/// The life of an operation: asked, carried out, answered.
pub(super) fn operation(telling: &mut Telling<'_>, operation: Operation) {
    let account = telling.account;
    let (client, serial) = operation;
    let what = format!("request {serial} of client {client}");
    let mut entries = Vec::new();
    for done in account
        .done
        .iter()
        .filter(|done| done.applied.request == Some(operation))
    {
        let entry = done.applied.entry;
        if entries.contains(&entry) {
            continue;
        }
        entries.push(entry);
        let slipped =
            telling.slips(|slip| slip.when == done.when && slip.operation == Some(operation));
        if !slipped {
            let name = telling.name(done.node);
            telling.say(
                done.when,
                None,
                format!("{name} applies {what}, entry {entry}"),
            );
        }
    }
    let mut asked = 0;
    for asking in account
        .asked
        .iter()
        .filter(|asking| asking.operation == operation)
    {
        let text = match asking.step {
            Asking::Sent => {
                asked += 1;
                match asked {
                    1 => format!("client {client} sends its request {serial}"),
                    2 => format!("client {client} sends its request {serial} again"),
                    _ => continue,
                }
            }
            Asking::Answered(node, answer) => {
                format!(
                    "{} answers {what} with entry {}",
                    telling.name(node),
                    answer.entry
                )
            }
            Asking::Read(node, read) => {
                format!(
                    "{} answers {what} from its state, with everything up to {} applied",
                    telling.name(node),
                    read.applied
                )
            }
            Asking::Told(node) => {
                format!("client {client} takes the answer of {}", telling.name(node))
            }
        };
        let slipped =
            telling.slips(|slip| slip.when == asking.when && slip.operation == Some(operation));
        if !slipped {
            telling.say(asking.when, None, text);
        }
    }
}

/// Two nodes whose states differ after the same entry, though they agreed before it.
pub(super) fn state(telling: &mut Telling<'_>, node: NodeId, index: u64) {
    let account = telling.account;
    let at = |node: NodeId, index: u64| {
        let mut done = account.done.iter().rev();
        done.find(move |done| done.node == node && done.applied.entry.index.0 == index)
    };
    let Some(own) = at(node, index) else { return };
    let first = account
        .done
        .iter()
        .find(|done| done.node != node && done.applied.entry.index.0 == index);
    let Some(first) = first else { return };
    let entry = own.applied.entry;
    let what = match own.applied.request {
        Some((client, serial)) => format!("{entry}, request {serial} of client {client}"),
        None => entry.to_string(),
    };
    let names = [first.node, node].map(|node| telling.name(node));
    telling.say(first.when, None, format!("{} applies {what}", names[0]));
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
    let slipped = telling.slips(|slip| slip.when == own.when && slip.node == node);
    if !slipped {
        telling.say(own.when, None, text);
    }
}
