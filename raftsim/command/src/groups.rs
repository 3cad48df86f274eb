//! The groups of the scenarios that come with raftsim: one folder each.

/// A folder in `scenarios`, as `raftsim list` shows it.
#[derive(Debug)]
pub(crate) struct Group {
    /// The folder; empty for `scenarios` itself.
    pub(crate) folder: &'static str,
    /// What a user types after `raftsim list`.
    pub(crate) name: &'static str,
    pub(crate) heading: &'static str,
    /// How file names of each part begin, and its heading, in reading order.
    pub(crate) parts: &'static [(&'static str, &'static str)],
}

/// All groups, in the order of the list.
pub(crate) const GROUPS: [Group; 6] = [
    Group {
        folder: "",
        name: "examples",
        heading: "Examples: clusters with clients and faults",
        parts: &[],
    },
    Group {
        folder: "lesson",
        name: "lessons",
        heading: "Lessons: one idea of Raft each, step by step",
        parts: &[
            ("e", "Elections"),
            ("r", "Replication"),
            ("d", "Disks"),
            ("c", "Clients"),
            ("s", "Snapshots"),
            ("m", "Membership"),
            ("w", "Witnesses"),
        ],
    },
    Group {
        folder: "figure",
        name: "figures",
        heading: "Figures of the Raft paper and of the dissertation",
        parts: &[],
    },
    Group {
        folder: "mit",
        name: "mit",
        heading: "The tests of MIT's course 6.5840",
        parts: &[
            ("3a", "Lab 3A: leader election"),
            ("3b", "Lab 3B: log"),
            ("3c", "Lab 3C: persistence"),
            ("3d", "Lab 3D: log compaction"),
            ("rsm", "Lab 4A and 4C of 2025: replicated state machine"),
            ("4a", "Lab 4A of 2024: key/value service without snapshots"),
            ("4b", "Lab 4B of 2024: key/value service with snapshots"),
        ],
    },
    Group {
        folder: "regression",
        name: "regressions",
        heading: "Regressions: bugs of this implementation that were found and fixed",
        parts: &[],
    },
    Group {
        folder: "control",
        name: "controls",
        heading: "Controls: correct behaviour that looks like a bug",
        parts: &[],
    },
];

impl Group {
    /// Whether a user may call it so.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        word == self.name || (!self.folder.is_empty() && word == self.folder)
    }

    /// The place among its parts of a file with this stem; after all of them if none fits.
    pub(crate) fn part_of(&self, stem: &str) -> usize {
        let begins = |prefix: &str| {
            let rest = stem.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.starts_with(|c: char| !c.is_ascii_alphabetic()))
        };
        let found = self.parts.iter().position(|(prefix, _)| begins(prefix));
        found.unwrap_or(self.parts.len())
    }

    /// What a source calls the scenario: the number of a figure, or the name of MIT's test.
    pub(crate) fn label(&self, source: &str) -> Option<String> {
        match self.folder {
            "figure" => {
                let figure = &source[source.find("Figure ")?..];
                Some(match source.starts_with("Raft paper") {
                    true => figure.to_owned(),
                    false => format!("{figure} of the dissertation"),
                })
            }
            "mit" => {
                let test = source.split(' ').find(|word| word.starts_with("Test"));
                test.map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// A key that sorts names as people read them: `e2` before `e10`.
pub(crate) fn natural(name: &str) -> Vec<(u64, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let letters = rest.len() - rest.trim_start_matches(|c: char| !c.is_ascii_digit()).len();
        let (word, after) = rest.split_at(letters);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = after.split_at(digits);
        key.push((0, word.to_owned()));
        key.push((number.parse().unwrap_or(u64::MAX), String::new()));
        rest = after;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_read_them() {
        let mut names = ["e10-b", "e2", "e1-a", "c5", "e1", "16", "8"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["8", "16", "c5", "e1", "e1-a", "e2", "e10-b"]);
    }

    #[test]
    fn a_group_knows_the_parts_and_labels_of_its_files() {
        let group = |name: &str| GROUPS.iter().find(|group| group.is_called(name)).unwrap();
        let (lessons, mit) = (group("lessons"), group("mit"));
        assert_eq!(lessons.part_of("e10-check-quorum"), 0);
        assert_eq!(mit.part_of("rsm-basic"), 4);
        assert_eq!(mit.part_of("else"), mit.parts.len());
        let source = "MIT 6.5840 (2024) TestBasic4A";
        let label = |group: &Group, source| group.label(source).unwrap_or_default();
        assert_eq!(label(mit, source), "TestBasic4A");
        assert_eq!(lessons.label(source), None);
        let figures = group("figure");
        assert_eq!(label(figures, "Raft paper §5.3, Figure 7"), "Figure 7");
        assert_eq!(
            label(figures, "dissertation §6.4.1, Figure 6.3"),
            "Figure 6.3 of the dissertation"
        );
    }
}
