//! Explanations of rules, error codes, properties and bugs.

use checks::Broken;
use raft_core::{Card, RuleId, catalogue};
use scenario::{self, Code};
use sut::bugs::Bug;
use sut::{Property, nearest};

/// The names of all rules, properties, bugs and codes.
#[must_use]
pub fn topics() -> Vec<&'static str> {
    let rules = catalogue().iter().map(|(_, card)| card.name);
    let properties = Property::SINGLE.iter().map(|property| property.name());
    let more = [Property::RaftSafety.name(), Broken::CoreAssertion.name()];
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let bugs = Bug::ALL.iter().map(|bug| bug.id());
    let named = rules.chain(properties).chain(more);
    named.chain(bugs).chain(codes).collect()
}

/// The explanation of a topic; `None` if there is no such topic. A rule may be named without its
/// group: `vote-once` for `election.vote-once`.
#[must_use]
pub fn explain(topic: &str) -> Option<String> {
    if let Some(text) = scenario::explain(topic) {
        return Some(format!("{}\n\n{text}\n", topic.to_uppercase()));
    }
    if let Ok(bug) = topic.parse::<Bug>() {
        return Some(bug.card().to_string());
    }
    let is = |name: &str| name.eq_ignore_ascii_case(topic);
    let named = |(_, card): &&(RuleId, Card)| {
        is(card.name)
            || card
                .name
                .split_once('.')
                .is_some_and(|(_, short)| is(short))
    };
    if let Some((_, card)) = catalogue().iter().find(named) {
        return Some(format!(
            "{} ({})\n\n{}\n",
            card.name, card.section, card.says
        ));
    }
    let all = [Property::RaftSafety].into_iter().chain(Property::SINGLE);
    if let Some(property) = all.into_iter().find(|property| is(property.name())) {
        let members: Vec<_> = match property.members() {
            [_] => Vec::new(),
            many => many.iter().map(|member| member.name()).collect(),
        };
        let members = match members.is_empty() {
            true => String::new(),
            false => format!("It stands for {}.\n", members.join(", ")),
        };
        return Some(format!(
            "{} (a property)\n\n{}\n{members}",
            property.name(),
            property.says()
        ));
    }
    let assertion = Broken::CoreAssertion;
    is(assertion.name()).then(|| {
        format!(
            "{} (a property)\n\n{}\n",
            assertion.name(),
            assertion.says()
        )
    })
}

/// The known topic, or one of `more`, that is nearest to a misspelt one.
#[must_use]
pub fn probably<'a>(topic: &str, more: &[&'a str]) -> Option<&'a str> {
    let short = |name: &'static str| name.split_once('.').map(|(_, short)| (short, name));
    let known = topics();
    let shorts: Vec<_> = known.iter().filter_map(|name| short(name)).collect();
    nearest(topic, known.iter().copied().chain(more.iter().copied())).or_else(|| {
        let near = nearest(topic, shorts.iter().map(|(short, _)| *short))?;
        shorts
            .iter()
            .find(|(short, _)| *short == near)
            .map(|(_, name)| *name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_explained_under_its_name() {
        for topic in topics() {
            let text = explain(topic).unwrap_or_else(|| panic!("{topic}"));
            assert!(
                text.starts_with(topic) && text.len() > topic.len() + 20,
                "{text}"
            );
        }
    }

    #[test]
    fn a_rule_may_be_named_without_its_group() {
        assert_eq!(explain("vote-once"), explain("election.vote-once"));
        assert_eq!(explain("sc014"), explain("SC014"));
        assert_eq!(explain("no-such-thing"), None);
    }

    #[test]
    fn a_slip_finds_the_topic() {
        assert_eq!(
            probably("election.vote-onse", &[]),
            Some("election.vote-once")
        );
        assert_eq!(probably("vote-onse", &[]), Some("election.vote-once"));
        assert_eq!(probably("exit-code", &["exit-codes"]), Some("exit-codes"));
        assert_eq!(probably("xyzzy", &[]), None);
    }
}
