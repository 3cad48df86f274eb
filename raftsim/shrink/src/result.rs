//! The result: a scenario to read and run, and a test that runs it.

use checks::Broken;
use scenario::{
    Besides, CaughtAt, CaughtBy, Clients, Course, Disk, Expect, Impossible, Network, Resolved,
    Script,
};
use sut::NodeSet;
use sut::bugs::Bug;

use super::case::Case;
use super::macro_steps::Line;
use super::types::{Failure, Shrunk};

/// The stepped scenario with these steps.
pub(super) fn stepped(run: &Resolved, case: &Case, lines: &[Line]) -> Resolved {
    let nodes = run.nodes[..case.world.nodes as usize].to_vec();
    let mut raft = case.world.raft.clone();
    raft.priority.retain(|name, _| nodes.contains(name));
    let named = |set: NodeSet| set.iter().map(|id| nodes[id.0 as usize].clone()).collect();
    let founders = named(case.world.founders.voters());
    let witnesses = named(case.world.founders.witnesses());
    Resolved {
        nodes,
        founders,
        witnesses,
        raft,
        network: Network::default(),
        links: Vec::new(),
        client_network: Network::default(),
        disk: Disk::default(),
        clocks: Vec::new(),
        clients: Clients {
            count: case.world.clients,
            ..Clients::default()
        },
        course: Course::Stepped(Script {
            steps: lines.iter().map(|line| line.step.clone()).collect(),
            impossible: Impossible::Skip,
            ..Script::default()
        }),
        expect: Expect {
            always: run.expect.always.clone(),
            ..Expect::default()
        },
        ..run.clone()
    }
}

/// Gives the scenario a name, a title and a note.
pub(super) fn describe(shrunk: &mut Shrunk, run: &Resolved) {
    let (bug, passes, failure) = (shrunk.bug, shrunk.passes, &shrunk.failure);
    let small = &mut shrunk.scenario;
    let of = format!("{}, seed {}", run.name, run.seed);
    let planted = match bug {
        Some(bug) => format!(" on servers with the bug {bug} ({})", bug.card().title),
        None => String::new(),
    };
    let id = bug.map_or_else(String::new, |bug| format!("-{bug}"));
    // The scenarios of a profile have their seed in their name.
    let seed = format!("-{}", run.seed);
    let name = run.name.strip_suffix(&seed).unwrap_or(&run.name);
    small.name = format!("{name}{seed}{id}");
    small.title = Some(match failure {
        Failure::Broken(broken) => format!("{broken} is broken: {}", broken.says()),
        Failure::NotLive(_) => "An expectation is not met in time".to_owned(),
        Failure::Limit(_) => "A limit is exceeded".to_owned(),
    });
    small.source = None;
    let besides = match passes {
        Some(true) => "",
        Some(false) => " Correct servers fail in it, too.",
        None if small.script().is_some() => "",
        None => {
            " Everything that gives servers a chance was kept: no correct servers were there to compare."
        }
    };
    small.note = Some(format!(
        "Made by raftsim shrink from {of}; it fails in the same way{planted}.{besides}"
    ));
    small.params = Vec::new();
    let caught = match failure {
        Failure::Broken(Broken::Property(property)) => Some(CaughtAt::Property(*property)),
        Failure::Broken(Broken::CoreAssertion) => None,
        Failure::NotLive(_) => Some(CaughtAt::Expectation(Besides::Eventually)),
        Failure::Limit(_) => Some(CaughtAt::Expectation(Besides::Limits)),
    };
    let caught = bug.zip(caught).map(|(bug, property)| CaughtBy {
        bug: bug.id().to_owned(),
        branch: None,
        property,
    });
    small.expect.caught_by = caught.into_iter().collect();
}

impl Shrunk {
    /// The scenario's name as an identifier of Rust, for [`Shrunk::test`] and its file.
    #[must_use]
    pub fn test_name(&self) -> String {
        let letter = |letter: char| match letter {
            letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
            _ => '_',
        };
        let name: String = self.scenario.name.chars().map(letter).collect();
        match name.starts_with(|first: char| first.is_ascii_digit()) {
            true => format!("run_{name}"),
            false => name,
        }
    }

    /// A Rust test that runs the scenario in `file`, which lies beside it. Correct servers must pass,
    /// unless they are known to fail. Servers with the bug must fail.
    #[must_use]
    pub fn test(&self, file: &str) -> String {
        let name = self.test_name();
        let fails = match self.bug {
            Some(bug) => self.fails(bug),
            None => String::new(),
        };
        let (import, passes) = match self.passes {
            Some(false) => ("", String::new()),
            _ => (
                "use raftsim::runner::run;\nuse raftsim::shrink::Failure;\n",
                format!(
                    "\n\
                     #[test]\n\
                     fn {name}_passes() {{\n    \
                         assert_eq!(Failure::of(&run(&scenario())), None);\n\
                     }}\n"
                ),
            ),
        };
        format!(
            "//! Made by `raftsim shrink`.\n\
             \n\
             use raftsim::scenario::{{Overrides, Resolved, parse}};\n\
             {import}\
             \n\
             fn scenario() -> Resolved {{\n    \
                 let text = include_str!({file:?});\n    \
                 parse({file:?}, text, &Overrides::default()).expect(\"a sound scenario\")\n\
             }}\n\
             {passes}\
             {fails}"
        )
    }

    fn fails(&self, bug: Bug) -> String {
        let id = bug.id();
        let word = id.to_lowercase().replace('-', "_");
        let verdict = match &self.failure {
            Failure::Broken(broken) => format!(
                "let raftsim::runner::Verdict::Safety(found) = outcome.verdict else {{\n        \
                     panic!(\"{{:?}}\", outcome.verdict)\n    \
                 }};\n    \
                 assert_eq!(found.broken.name(), \"{broken}\");"
            ),
            other => format!("assert_eq!(outcome.verdict.name(), \"{}\");", other.name()),
        };
        format!(
            "\n\
             #[test]\n\
             fn {word}_is_caught() {{\n    \
                 let bug = \"{id}\".parse().expect(\"a known bug\");\n    \
                 let mut nobody = raftsim::runner::Unobserved;\n    \
                 let outcome = raftsim::runner::run_with_bug(&scenario(), Some(bug), &mut nobody);\n    \
                 {verdict}\n\
             }}\n"
        )
    }
}
