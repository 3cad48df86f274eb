//! Every lesson passes with the published rules, and each bug that it names breaks it at the named
//! place.

use crate::corpus::{corpus_of, scenario};
use checks::Broken;
use runner::run_with_bug;
use runner::{Unobserved, Verdict};
use scenario::{Besides, CaughtAt, Resolved};
use sut::Property;
use sut::bugs::Bug;

/// Lessons that no bug of their own breaks. In the first, the compacted part is committed and
/// therefore matches. In the second, an assertion was wrong about a late snapshot.
const NAMELESS: [&str; 2] = ["s3-prev-in-snapshot", "name-before-own-snapshot"];

/// Figures and lessons, and each of their branches.
fn lessons() -> Vec<Resolved> {
    let names = ["figure", "lesson", "regression", "control"]
        .into_iter()
        .flat_map(corpus_of);
    let whole = names.map(|name| scenario(&name, 1));
    whole.flat_map(|lesson| ways(&lesson)).collect()
}

/// The runs of a lesson: its branches, or else the lesson itself.
fn ways(lesson: &Resolved) -> Vec<Resolved> {
    let branches: Vec<_> = match lesson.script() {
        Some(script) => script.names().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    if branches.is_empty() {
        return vec![lesson.clone()];
    }
    let along = |name: &String| lesson.along(name).expect("it was listed");
    branches.iter().map(along).collect()
}

#[test]
fn every_lesson_holds_with_the_published_rules() {
    let lessons = lessons();
    assert!(lessons.len() > 50, "the lessons are gone");
    for lesson in lessons {
        let verdict = run_with_bug(&lesson, None, &mut Unobserved).verdict;
        assert_eq!(verdict, Verdict::Ok, "{}", lesson.name);
    }
}

#[test]
fn every_bug_that_a_lesson_names_breaks_it_where_it_says() {
    let mut caught = 0;
    for lesson in lessons() {
        for named in &lesson.expect.caught_by {
            let bug: Bug = named.bug.parse().expect("it was checked");
            let verdict = run_with_bug(&lesson, Some(bug), &mut Unobserved).verdict;
            let shows = match (&verdict, named.property) {
                (Verdict::Safety(violation), CaughtAt::Property(property)) => {
                    violation.broken == Broken::Property(property)
                }
                (Verdict::Liveness(_), CaughtAt::Expectation(Besides::Eventually))
                | (
                    Verdict::Expectation(_),
                    CaughtAt::Expectation(Besides::Limits | Besides::Steps),
                ) => true,
                _ => false,
            };
            assert!(shows, "{} with {bug}: {verdict:?}", lesson.name);
            caught += 1;
        }
    }
    assert!(caught > 30, "the lessons name no bugs");
}

#[test]
fn every_stepped_lesson_names_a_bug() {
    for name in ["figure", "lesson", "regression"]
        .into_iter()
        .flat_map(corpus_of)
    {
        let lesson = scenario(&name, 1);
        let nameless = NAMELESS.contains(&lesson.name.as_str());
        let named = nameless || !lesson.expect.caught_by.is_empty();
        // In lessons about stale reads a setting is the mistake, and the lesson shows its effect.
        let asked = lesson.expect.properties();
        let mistaken = !asked.contains(&Property::Linearizability);
        assert!(named || mistaken || lesson.script().is_none(), "{name}");
    }
}
