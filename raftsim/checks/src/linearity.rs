//! The black-box check: whether any correct store could have given these replies. It covers the
//! histories that the applied order does not explain.

use linearize::{Budget, Checker, Class, Explanation, Verdict};

use super::answers;
use super::history::{End, History, Operation};
use super::history_export;
use super::subject::Subject;

/// The number of situations that a run's check may look at. This takes a fraction of a second, and
/// the limit is the same on every machine.
const BUDGET: u64 = 200_000;

/// The orders that explain a history.
pub(crate) enum Orders {
    /// At least one.
    Some,
    /// None. With the operation that has no place, and the two facts that contradict each other.
    None(Subject, [String; 2]),
    /// Unknown: there are too many.
    Unknown,
}

/// Looks for an order that explains the replies, independently of the log.
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

/// The reason why no order explains the replies.
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
