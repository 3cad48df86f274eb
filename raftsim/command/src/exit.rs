//! Exit codes, and their order.

/// The exit codes, the worst first. An interruption is the worst, because nothing is known about the runs
/// that did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Interrupted,
    Bug,
    BadInput,
    NotDeterministic,
    Violated,
    NotLive,
    Inconclusive,
    NothingMatched,
    Fine,
}

impl Exit {
    const ALL: [Exit; 9] = [
        Exit::Fine,
        Exit::Violated,
        Exit::BadInput,
        Exit::Inconclusive,
        Exit::NothingMatched,
        Exit::NotDeterministic,
        Exit::NotLive,
        Exit::Bug,
        Exit::Interrupted,
    ];

    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Violated => 1,
            Exit::BadInput => 2,
            Exit::Inconclusive => 3,
            Exit::NothingMatched => 4,
            Exit::NotDeterministic => 5,
            Exit::NotLive => 6,
            Exit::Bug => 70,
            Exit::Interrupted => 130,
        }
    }

    fn means(self) -> &'static str {
        match self {
            Exit::Fine => "everything is as expected",
            Exit::Violated => {
                "a safety property or another expectation does not hold, or a limit was exceeded"
            }
            Exit::BadInput => "the command line or a file has mistakes",
            Exit::Inconclusive => "the runs did not show the subject of the scenario",
            Exit::NothingMatched => "nothing matches the arguments",
            Exit::NotDeterministic => "the same seed gave two different runs",
            Exit::NotLive => "an expectation did not become true in time",
            Exit::Bug => "a bug in raftsim itself",
            Exit::Interrupted => "interrupted",
        }
    }

    /// The worse of two.
    pub(crate) fn worst(self, other: Exit) -> Exit {
        self.min(other)
    }
}

/// All exit codes for people.
pub(crate) fn table() -> String {
    let mut table = String::from("Exit codes\n\n");
    for exit in Exit::ALL {
        table.push_str(&format!("  {:>3}  {}\n", exit.code(), exit.means()));
    }
    table.push_str(
        "\nWith several runs the worst code counts, in the order 70, 2, 5, 1, 6, 3, 4, 0.\n",
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_in_the_documented_order() {
        let mut all = Exit::ALL;
        all.sort();
        let codes: Vec<_> = all.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [130, 70, 2, 5, 1, 6, 3, 4, 0]);
        assert_eq!(
            Exit::Fine.worst(Exit::NotLive).worst(Exit::Inconclusive),
            Exit::NotLive
        );
    }

    #[test]
    fn every_code_is_explained() {
        for exit in Exit::ALL {
            assert!(table().contains(&format!(" {}  {}", exit.code(), exit.means())));
        }
    }
}
