//! Puts the values of parameters where a file refers to them.

use super::codes::Code;
use super::diagnostic::{Finding, Span};
use super::params::{Chosen, reference, size};
use super::suggest::did_you_mean;
use super::tree::{Tree, Value};

/// The most values that references may put into one file: a small file must not grow huge.
const MOST_SUBSTITUTED: usize = 100_000;

/// Fields whose text is for people, or which are read before parameters are known.
const LITERAL: [&str; 9] = [
    "$schema", "format", "mode", "name", "title", "source", "note", "say", "seed",
];

/// The file with every `"$name"` replaced by the value of that parameter.
pub(crate) fn substitute(root: &Tree, chosen: &Chosen) -> Result<Tree, Vec<Finding>> {
    let mut root = root.clone();
    let mut findings = Vec::new();
    if let Value::Object(members) = &mut root.value {
        members.retain(|member| member.key != "params");
    }
    let mut budget = MOST_SUBSTITUTED;
    replace(&mut root, chosen, &mut budget, &mut findings);
    if findings.is_empty() {
        Ok(root)
    } else {
        Err(findings)
    }
}

fn replace(tree: &mut Tree, chosen: &Chosen, budget: &mut usize, findings: &mut Vec<Finding>) {
    match &mut tree.value {
        Value::Bool(_) | Value::Number(_) => {}
        Value::List(items) => {
            items
                .iter_mut()
                .for_each(|item| replace(item, chosen, budget, findings));
        }
        Value::Object(members) => members
            .iter_mut()
            .filter(|member| !LITERAL.contains(&member.key.as_str()))
            .for_each(|member| replace(&mut member.value, chosen, budget, findings)),
        Value::Text(text) => {
            let Some(name) = reference(text) else { return };
            let Some((name, value)) = chosen.iter().find(|(known, _)| known == name) else {
                let message = format!("there is no parameter \"{name}\"");
                let help = did_you_mean(name, chosen.iter().map(|(known, _)| known.as_str()))
                    .unwrap_or_else(|| format!("define it: \"params\": {{ \"{name}\": ... }}"));
                findings.push(Finding::new(Code::SC016, tree.span, message).help(help));
                return;
            };
            if *budget == 0 {
                return;
            }
            *budget = budget.saturating_sub(size(value).max(1));
            if *budget == 0 {
                let message = "parameters are used too often in this file";
                findings.push(Finding::new(Code::SC026, tree.span, message));
                return;
            }
            let mut value = value.clone();
            move_to(&mut value, tree.span, Some(name));
            *tree = value;
        }
    }
}

/// Places a whole value where it is used: mistakes are shown there.
pub(crate) fn move_to(tree: &mut Tree, span: Span, param: Option<&str>) {
    tree.span = span;
    tree.param = param.map(str::to_owned);
    match &mut tree.value {
        Value::List(items) => items.iter_mut().for_each(|item| move_to(item, span, param)),
        Value::Object(members) => {
            members
                .iter_mut()
                .for_each(|member| move_to(&mut member.value, span, param));
        }
        _ => {}
    }
}
