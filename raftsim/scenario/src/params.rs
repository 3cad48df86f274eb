//! Parameters: values that may differ between runs of one file, drawn from the seed by path.

use super::codes::Code;
use super::diagnostic::{Finding, Span};
use super::overrides::Overrides;
use super::stream::{draw_inclusive, stream};
use super::suggest::did_you_mean;
use super::tree::{self, Member, Tree, Value};

/// The maximum number of parameters, and of alternatives of one.
const MOST: usize = 32;

/// The maximum size of a parameter's value: bytes of a text, or items.
const LARGEST: usize = 256;

/// The maximum number of bytes that are read to try every alternative: some seconds of work.
const MOST_CHECKED: usize = 64 << 20;

/// A parameter and its alternatives.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: String,
    span: Span,
    choice: Choice,
}

#[derive(Debug)]
enum Choice {
    OneOf(Vec<Tree>),
    Range(u64, u64),
}

impl Param {
    /// The values that `check` tries: all of a list, both ends of a range.
    pub(crate) fn alternatives(&self) -> Vec<Tree> {
        match &self.choice {
            Choice::OneOf(values) => values.clone(),
            Choice::Range(low, high) if low == high => vec![self.number(*low)],
            Choice::Range(low, high) => vec![self.number(*low), self.number(*high)],
        }
    }

    fn first(&self) -> Tree {
        self.alternatives().swap_remove(0)
    }

    fn draw(&self, seed: u64) -> Tree {
        let mut rng = stream(seed, &format!("params/{}", self.name));
        match &self.choice {
            Choice::OneOf(values) => {
                let last = values.len() as u64 - 1;
                let index = draw_inclusive(&mut rng, 0, last);
                values[usize::try_from(index).expect("an index of a list in memory")].clone()
            }
            Choice::Range(low, high) => self.number(draw_inclusive(&mut rng, *low, *high)),
        }
    }

    fn number(&self, number: u64) -> Tree {
        Tree {
            span: self.span,
            value: Value::Number(number.into()),
            param: None,
        }
    }
}

/// Parameters with the value that each has in one run, in file order.
pub(crate) type Chosen = Vec<(String, Tree)>;

/// Reads the `params` of a file.
pub(crate) fn read(root: &Tree) -> Result<Vec<Param>, Vec<Finding>> {
    let Some(params) = root.get("params") else {
        return Ok(Vec::new());
    };
    if !matches!(params.value, Value::Object(_)) {
        let message = format!(
            "expected an object of parameters, found {}",
            params.describe()
        );
        return Err(vec![Finding::new(Code::SC009, params.mark(), message)]);
    }
    let mut findings = Vec::new();
    let mut read = Vec::new();
    if params.members().len() > MOST {
        let message = format!("the file has more than {MOST} parameters");
        findings.push(Finding::new(Code::SC017, params.mark(), message));
    }
    for member in params.members() {
        match choice(member) {
            Ok(choice) => {
                read.push(Param {
                    name: member.key.clone(),
                    span: member.value.span,
                    choice,
                });
            }
            Err(finding) => findings.push(finding),
        }
    }
    let alternatives: usize = read.iter().map(|param| param.alternatives().len()).sum();
    let bytes = root.span.end - root.span.start;
    if alternatives.saturating_mul(bytes) > MOST_CHECKED {
        let message =
            format!("{alternatives} alternatives are too many for a file of {bytes} bytes");
        findings.push(Finding::new(Code::SC026, params.mark(), message));
    }
    if findings.is_empty() {
        Ok(read)
    } else {
        Err(findings)
    }
}

fn choice(member: &Member) -> Result<Choice, Finding> {
    let value = &member.value;
    let wrong = |at: &Tree, message: &str| Finding::new(Code::SC017, at.mark(), message);
    if !is_identifier(&member.key) {
        let message = format!("\"{}\" cannot be the name of a parameter", member.key);
        return Err(Finding::new(Code::SC017, member.key_span, message)
            .help("use letters, digits and _, starting with a letter"));
    }
    let choice = match (&value.value, value.members()) {
        (Value::Object(_), [only]) if only.key == "one_of" => match &only.value.value {
            Value::List(values) if (1..=MOST).contains(&values.len()) => {
                Choice::OneOf(values.clone())
            }
            _ => {
                return Err(wrong(
                    &only.value,
                    "\"one_of\" takes a list of 1 to 32 values",
                ));
            }
        },
        (Value::Object(_), [only]) if only.key == "range" => {
            whole_range(&only.value).ok_or_else(|| {
                wrong(
                    &only.value,
                    "\"range\" takes whole numbers, the lower first: \"1..5\"",
                )
            })?
        }
        (Value::Object(_), _) => {
            return Err(wrong(
                value,
                "a parameter is a value, {\"one_of\": [...]} or {\"range\": \"1..5\"}",
            ));
        }
        _ => Choice::OneOf(vec![value.clone()]),
    };
    if let Choice::OneOf(values) = &choice
        && let Some(at) = values.iter().find_map(dynamic)
    {
        return Err(wrong(
            at,
            "a parameter's value cannot be or contain an object or a reference",
        ));
    }
    if let Choice::OneOf(values) = &choice
        && let Some(at) = values.iter().find(|value| size(value) > LARGEST)
    {
        return Err(wrong(
            at,
            "a parameter's value is too large: at most 256 bytes or items",
        ));
    }
    Ok(choice)
}

/// Bytes of text plus number of values.
pub(crate) fn size(tree: &Tree) -> usize {
    match &tree.value {
        Value::Text(text) => text.len(),
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => 1,
    }
}

/// An object or a reference inside a parameter's value, if there is one.
fn dynamic(tree: &Tree) -> Option<&Tree> {
    match &tree.value {
        Value::Object(_) => Some(tree),
        Value::Text(text) => reference(text).map(|_| tree),
        Value::List(items) => items.iter().find_map(dynamic),
        Value::Bool(_) | Value::Number(_) => None,
    }
}

fn whole_range(tree: &Tree) -> Option<Choice> {
    let Value::Text(text) = &tree.value else {
        return None;
    };
    let (low, high) = text.split_once("..")?;
    let (low, high) = (low.parse().ok()?, high.parse().ok()?);
    (low <= high).then_some(Choice::Range(low, high))
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The parameter that a text such as `"$n"` refers to.
pub(crate) fn reference(text: &str) -> Option<&str> {
    text.strip_prefix('$').filter(|name| is_identifier(name))
}

/// Each parameter's value in the run of `seed`. `--set` overrides the seed.
pub(crate) fn draw(
    params: &[Param],
    seed: u64,
    overrides: &Overrides,
    at: Span,
) -> Result<Chosen, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut chosen: Chosen = params
        .iter()
        .map(|param| (param.name.clone(), param.draw(seed)))
        .collect();
    for (i, (name, text)) in overrides.sets.iter().enumerate() {
        let finding = |code, message: String| Finding::new(code, at, message);
        if overrides.sets[..i]
            .iter()
            .any(|(earlier, _)| earlier == name)
        {
            findings.push(finding(Code::SC032, format!("--set gives {name} twice")));
            continue;
        }
        let Some(slot) = chosen.iter_mut().find(|(known, _)| known == name) else {
            let names = params.iter().map(|param| param.name.as_str());
            let help = did_you_mean(name, names)
                .unwrap_or_else(|| "this file defines no parameters".to_owned());
            let message = format!("--set {name}={text}: there is no parameter \"{name}\"");
            findings.push(finding(Code::SC018, message).help(help));
            continue;
        };
        let value = set_value(text, slot.1.span);
        if dynamic(&value).is_some() || size(&value) > LARGEST {
            let message =
                format!("--set {name}: the value must be plain, with at most 256 bytes or items");
            findings.push(finding(Code::SC032, message));
        }
        slot.1 = value;
    }
    if findings.is_empty() {
        Ok(chosen)
    } else {
        Err(findings)
    }
}

/// The text of `--set` as JSON if it is JSON, else as a plain word: `n=5`, `delay=1ms..2ms`.
fn set_value(text: &str, span: Span) -> Tree {
    let mut value = tree::read(text, false).unwrap_or_else(|_| Tree {
        span,
        value: Value::Text(text.to_owned()),
        param: None,
    });
    value.move_to(span, None);
    value
}

/// Each parameter at its first value, except for one that has the given value.
pub(crate) fn first(params: &[Param], except: Option<(&str, &Tree)>) -> Chosen {
    let value = |param: &Param| match except {
        Some((name, value)) if name == param.name => value.clone(),
        _ => param.first(),
    };
    params
        .iter()
        .map(|param| (param.name.clone(), value(param)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Tree {
        tree::read(text, false).expect("well-formed")
    }

    fn drawn(text: &str, seed: u64) -> Chosen {
        let root = root(text);
        let params = read(&root).expect("sound parameters");
        draw(&params, seed, &Overrides::default(), Span::default()).expect("no overrides")
    }

    #[test]
    fn adding_a_parameter_shifts_no_other() {
        let alone = r#"{"params": {"n": {"one_of": [3, 5, 7]}, "k": {"range": "1..1000"}}}"#;
        let joined = r#"{"params": {"a": {"range": "1..9"}, "n": {"one_of": [3, 5, 7]},
                                    "b": 1, "k": {"range": "1..1000"}}}"#;
        for seed in 0..50 {
            let (alone, joined) = (drawn(alone, seed), drawn(joined, seed));
            assert!(
                alone.iter().all(|param| joined.contains(param)),
                "seed {seed}"
            );
        }
    }

    #[test]
    fn parameters_are_drawn_independently() {
        let file = r#"{"params": {"a": {"range": "1..9"}, "b": {"range": "1..9"}}}"#;
        let alike = |seed: &u64| {
            let drawn = drawn(file, *seed);
            drawn[0].1 == drawn[1].1
        };
        assert!((0..90).filter(alike).count() < 30);
    }

    #[test]
    fn every_value_is_drawn_by_some_seed() {
        let file = r#"{"params": {"n": {"one_of": [3, 5, 7]}, "k": {"range": "1..3"}}}"#;
        for (index, values) in [(0, [3, 5, 7]), (1, [1, 2, 3])] {
            for value in values {
                assert!(
                    (0..60).any(|seed| drawn(file, seed)[index].1.value == Value::Number(value))
                );
            }
        }
    }

    #[test]
    fn set_takes_json_or_a_plain_word() {
        assert_eq!(set_value("5", Span::default()).value, Value::Number(5));
        assert_eq!(set_value("true", Span::default()).value, Value::Bool(true));
        assert_eq!(
            set_value("1ms..2ms", Span::default()).value,
            Value::Text("1ms..2ms".into())
        );
    }
}
