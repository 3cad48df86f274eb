//! Substitutes the values of parameters for the references to them.

use super::codes::Code;
use super::diagnostic::Finding;
use super::params::{Chosen, reference, size};
use super::suggest::did_you_mean;
use super::tree::{Tree, Value};

/// The maximum number of values that references may insert into one file, so that a small file cannot grow
/// huge.
const MOST_SUBSTITUTED: usize = 100_000;

/// Fields without references: texts for people, and fields that are read before parameters are known.
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
            value.move_to(tree.span, Some(name));
            *tree = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{first, read};
    use crate::tree;

    fn root(text: &str) -> Tree {
        tree::read(text, false).expect("well-formed")
    }

    #[test]
    fn a_reference_takes_its_value_in_lists_too_and_notes_stay_text() {
        let file = root(r#"{"note": "$n", "a": ["$n", {"b": "$n"}], "params": {"n": 4}}"#);
        let params = read(&file).expect("sound");
        let done = substitute(&file, &first(&params, None)).expect("known names");
        assert_eq!(done, root(r#"{"note": "$n", "a": [4, {"b": 4}]}"#));
    }
}
