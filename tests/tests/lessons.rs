//! Every lesson holds with the published rules, and each bug that it names breaks it where it says.

use kv::Duties;
use raft_core::{Index, OutsideLog, Rules, Term};
use raftsim::bugs::{self, Bug};
use raftsim::check::Broken;
use raftsim::format::{Besides, CaughtAt, Property, Resolved};
use raftsim::run::{Unobserved, Verdict};
use tests::{corpus_of, run_with, scenario};

/// Lessons whose bugs cannot be planted yet; what breaks most of them is tried below.
const NAMELESS: [&str; 4] = [
    "s2-install-snapshot",
    "s2-suffix-stays",
    "s3-prev-in-snapshot",
    "s4-crash-between",
];

/// Figures and lessons, and each way they may go on.
fn lessons() -> Vec<Resolved> {
    let names = ["figure", "lesson"].into_iter().flat_map(corpus_of);
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
        let verdict = bugs::run(&lesson, None, &mut Unobserved).verdict;
        assert_eq!(verdict, Verdict::Ok, "{}", lesson.name);
    }
}

#[test]
fn every_bug_that_a_lesson_names_breaks_it_where_it_says() {
    let mut caught = 0;
    for lesson in lessons() {
        for named in &lesson.expect.caught_by {
            let bug: Bug = named.bug.parse().expect("it was checked");
            let verdict = bugs::run(&lesson, Some(bug), &mut Unobserved).verdict;
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
    for name in ["figure", "lesson"].into_iter().flat_map(corpus_of) {
        let lesson = scenario(&name, 1);
        let nameless = NAMELESS.contains(&lesson.name.as_str());
        let named = nameless || !lesson.expect.caught_by.is_empty();
        // Where reads may be stale a setting is the mistake, and the lesson shows what it costs.
        let asked = lesson.expect.properties();
        let mistaken = !asked.contains(&Property::Linearizability);
        assert!(named || mistaken || lesson.script().is_none(), "{name}");
    }
}

/// What servers do wrong about snapshots: of one type, so that the world is compiled once for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slip {
    /// A snapshot of what is known already is taken up.
    OldNews,
    /// What follows a snapshot's last index stays, whatever stands there.
    SuffixStays,
    /// A snapshot takes the place of the whole log, even where they agree.
    SuffixGoes,
    /// The log is cut when a snapshot is on its way to the disk.
    CutAtOnce,
    /// A snapshot holds the state alone.
    NoSessions,
}

impl Rules for Slip {
    fn snapshot_has_news(&self, last: Index, commit: Index) -> bool {
        *self == Slip::OldNews || last > commit
    }

    fn suffix_stays(&self, own: Result<Term, OutsideLog>, term: Term) -> bool {
        match self {
            Slip::SuffixStays => own.is_ok(),
            Slip::SuffixGoes => false,
            _ => own == Ok(term),
        }
    }
}

impl Duties for Slip {
    fn log_is_cut_at_once(&self) -> bool {
        *self == Slip::CutAtOnce
    }

    fn snapshot_holds_sessions(&self) -> bool {
        *self != Slip::NoSessions
    }
}

#[test]
fn lessons_on_snapshots_show_what_they_are_about() {
    let cases = [
        ("s1-figure-12", None, Slip::NoSessions),
        ("s2-install-snapshot", Some("discards"), Slip::SuffixStays),
        ("s2-suffix-stays", None, Slip::SuffixGoes),
        ("s2-install-snapshot", Some("too-late"), Slip::OldNews),
        ("s4-crash-between", Some("before"), Slip::CutAtOnce),
    ];
    for (name, branch, slip) in cases {
        let lesson = scenario(&format!("lesson/{name}.json"), 1);
        let lesson = match branch {
            Some(branch) => lesson.along(branch).expect("it has this branch"),
            None => lesson,
        };
        let verdict = run_with(&lesson, slip, slip).verdict;
        let shows = matches!(verdict, Verdict::Safety(_) | Verdict::Expectation(_));
        assert!(shows, "{name} with {slip:?}: {verdict:?}");
    }
}
