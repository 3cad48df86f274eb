//! Whether clients could have seen what they saw from any store at all: the black-box check, for
//! what the applied order does not explain.

use linearize::{Budget, Checker, Class, Explanation, Verdict};

use super::answers;
use super::history::{End, History, Operation};
use super::history_export;
use super::subject::Subject;

/// How many situations a run's check may look at: a fraction of a second, and the same on every
/// machine.
const BUDGET: u64 = 200_000;

/// What orders there are that explain a history.
pub(crate) enum Orders {
    /// One at least.
    Some,
    /// None. What cannot be placed, and the two facts that contradict each other.
    None(Subject, [String; 2]),
    /// Too many to know.
    Unknown,
}

/// Looks for an order that explains what clients saw, whatever the log says.
pub(crate) fn look(history: &History) -> Orders {
    let operations = history_export::operations(history);
    let seen = linearize::History::new(operations).expect("events are points of one clock");
    let budget = Budget::nodes(BUDGET).expect("it is not zero");
    let mut checker = Checker::new();
    let key = match checker.check(&seen, budget).verdict {
        Verdict::Linearizable(_) => return Orders::Some,
        Verdict::Inconclusive => return Orders::Unknown,
        Verdict::NotLinearizable { key } => key,
    };
    match checker.explain(&seen, &key, budget) {
        Some(explanation) => {
            let operation = nth(history, explanation.stuck);
            let told = match &operation.end {
                End::Answered { reply, .. } => answers::text(&answers::seen(reply)),
                End::Expired | End::Unknown => unreachable!("what cannot be placed was answered"),
            };
            let facts = [
                format!("{} was answered {told}", answers::told(operation)),
                because(&explanation, history),
            ];
            Orders::None(answers::about(operation), facts)
        }
        None => {
            let facts = [
                format!("clients were answered about key {}", linearize::plain(&key)),
                "no order of their operations explains the answers".to_owned(),
            ];
            Orders::None(Subject::Whole, facts)
        }
    }
}

fn nth(history: &History, place: usize) -> &Operation {
    let mut fresh = history_export::fresh(history);
    fresh
        .nth(place)
        .expect("the checker names what it was given")
}

/// Why that could not be.
fn because(explanation: &Explanation, history: &History) -> String {
    let class = explanation.class;
    let named = |place: usize| answers::told(nth(history, place));
    let mut said = match explanation.overwritten_by {
        Some(by) => format!(
            "no order explains that ({}): in one that explains the rest it is replaced by {}",
            class.name(),
            named(by)
        ),
        None => format!("no order explains that: {} ({})", says(class), class.name()),
    };
    let possible = &explanation.possible;
    if !possible.is_empty() {
        let few: Vec<_> = possible.iter().take(3).map(linearize::value).collect();
        said.push_str(&format!("; possible was {}", few.join(", ")));
    }
    said
}

fn says(class: Class) -> String {
    let says = class.says().trim_end_matches('.');
    let mut letters = says.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
