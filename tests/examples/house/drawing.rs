//! The drawing of the house: the crates with their imports, and the files that import each other in
//! a circle. It reads manifests and `use` lines, and runs nothing.
//!
//! `cargo run -q -p tests --example house` prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The crates of the workspace and their imports of each other.
#[derive(Clone, Debug)]
pub(crate) struct House {
    /// For each crate its folder and the crates that it imports.
    crates: BTreeMap<String, (PathBuf, BTreeSet<String>)>,
}

impl House {
    /// Reads the manifests below the project's root.
    ///
    /// # Panics
    /// If a manifest cannot be read or is invalid.
    #[must_use]
    pub(crate) fn read(root: &Path) -> Self {
        let manifest = text(&root.join("Cargo.toml"));
        let members = manifest
            .split_once("\nmembers = [")
            .and_then(|(_, rest)| rest.split_once(']'))
            .expect("the workspace lists its members");
        let folders = members.0.split('"').skip(1).step_by(2);
        let mut crates: BTreeMap<_, _> = folders
            .map(|folder| {
                let name = folder.rsplit('/').next().unwrap_or(folder);
                (name.to_owned(), (root.join(folder), BTreeSet::new()))
            })
            .collect();
        let names: BTreeSet<String> = crates.keys().cloned().collect();
        for (folder, imports) in crates.values_mut() {
            let manifest = text(&folder.join("Cargo.toml"));
            let own = manifest
                .split_once("\n[dependencies]\n")
                .map_or("", |(_, rest)| rest.split("\n[").next().unwrap_or(rest));
            let named = own.lines().filter_map(|line| line.split(['.', ' ']).next());
            imports.extend(
                named
                    .filter(|name| names.contains(*name))
                    .map(str::to_owned),
            );
        }
        Self { crates }
    }

    /// The floor of each crate: one above its highest import. Cargo allows no circles of crates, so
    /// every crate has a floor.
    #[must_use]
    pub(crate) fn floors(&self) -> Vec<Vec<&str>> {
        let mut floors: Vec<Vec<&str>> = Vec::new();
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        while placed.len() < self.crates.len() {
            let rest = self
                .crates
                .iter()
                .filter(|(name, _)| !placed.contains(&***name));
            let next: Vec<&str> = rest
                .filter(|(_, (_, imports))| imports.iter().all(|one| placed.contains(&**one)))
                .map(|(name, _)| &**name)
                .collect();
            assert!(
                !next.is_empty(),
                "crates do not import each other in circles"
            );
            placed.extend(&next);
            floors.push(next);
        }
        floors
    }

    /// The house as text, from the roof down.
    #[must_use]
    pub(crate) fn draw(&self) -> String {
        let mut drawing = String::new();
        for (floor, names) in self.floors().iter().enumerate().rev() {
            for name in names {
                let (folder, imports) = &self.crates[*name];
                let lines: usize = sources(folder)
                    .iter()
                    .map(|(_, text)| text.lines().count())
                    .sum();
                let imports = imports
                    .iter()
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" ");
                let _ = writeln!(
                    drawing,
                    "{:>2}  {name:<10} {lines:>6} lines  {imports}",
                    floor + 1
                );
            }
        }
        drawing
    }

    /// The files of each crate that import each other in a circle, each with its folder inside the
    /// crate. A module and the file that declares it count as one folder.
    #[must_use]
    pub(crate) fn circles(&self) -> Vec<Circle> {
        let circles = self.crates.iter().flat_map(|(name, (folder, _))| {
            let files = sources(folder);
            circles_of(&files).into_iter().map(|files| Circle {
                of: name.clone(),
                files,
            })
        });
        circles.collect()
    }
}

/// Files of one crate that import each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The crate.
    pub of: String,
    /// The modules, such as `why::slips`.
    pub files: Vec<String>,
}

impl Circle {
    /// Whether the circle contains files of different folders.
    #[must_use]
    pub(crate) fn spans_folders(&self) -> bool {
        let mut folders = self
            .files
            .iter()
            .map(|module| folder_of(module, &self.files));
        let first = folders.next();
        folders.any(|folder| Some(folder) != first)
    }
}

/// The folder of a module's file. A module with children lies in their folder.
fn folder_of<'m>(module: &'m str, all: &[String]) -> &'m str {
    let child = |other: &String| {
        other
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with("::"))
    };
    if all.iter().any(child) {
        return module;
    }
    module.rsplit_once("::").map_or("", |(folder, _)| folder)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The modules of a crate with their texts, in order.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.join("src")];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = folder.join("src");
    let module = |path: &Path| {
        let inside = path.strip_prefix(&root).expect("it was found there");
        let parts = inside.with_extension("");
        let parts = parts.iter().filter_map(|part| part.to_str());
        let parts = parts.filter(|part| !matches!(*part, "mod" | "lib" | "main"));
        parts.collect::<Vec<_>>().join("::")
    };
    let mut modules: Vec<_> = found
        .iter()
        .map(|path| (module(path), text(path)))
        .collect();
    modules.sort();
    modules
}

/// The circles among modules, by their `use` lines outside tests.
fn circles_of(files: &[(String, String)]) -> Vec<Vec<String>> {
    let place = |module: &str| files.iter().position(|(name, _)| name == module);
    let imports: Vec<BTreeSet<usize>> = files
        .iter()
        .enumerate()
        .map(|(own, (module, text))| {
            let paths = paths(text);
            let absolute = paths
                .iter()
                .filter_map(|path| absolute(module, path, &place));
            absolute
                .filter_map(|path| target(&path, &place))
                .filter(|other| *other != own)
                .collect()
        })
        .collect();
    let reaches: Vec<BTreeSet<usize>> = (0..files.len())
        .map(|from| reached(from, &imports))
        .collect();
    let mut circles: Vec<Vec<String>> = Vec::new();
    let mut seen = BTreeSet::new();
    for from in 0..files.len() {
        let together =
            |other: &usize| reaches[from].contains(other) && reaches[*other].contains(&from);
        let circle: Vec<usize> = (0..files.len()).filter(together).collect();
        if circle.len() > 1 && seen.insert(circle.clone()) {
            circles.push(circle.iter().map(|place| files[*place].0.clone()).collect());
        }
    }
    circles
}

fn reached(from: usize, imports: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        open.extend(imports[next].iter().filter(|other| found.insert(**other)));
    }
    found
}

/// Every path that a file imports, one for each name.
fn paths(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let begins = text[..at].rsplit('\n').next().unwrap_or("");
        let is_import = begins.is_empty() || begins.starts_with("pub") && !begins.contains("//");
        if let (true, Some((tree, _))) = (is_import, text[at + 4..].split_once(';')) {
            expand("", tree, &mut found);
        }
    }
    found
}

/// Writes `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expand(before: &str, tree: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        found.push(
            format!("{before}{path}")
                .trim_end_matches("::self")
                .to_owned(),
        );
        return;
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let before = format!("{before}{}", head.trim());
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inner.char_indices().chain([(inner.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[start..at].trim().is_empty() {
                    expand(&before, &inner[start..at], found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// A path from the crate's root; `None` for paths into other crates.
fn absolute(module: &str, path: &str, place: &dyn Fn(&str) -> Option<usize>) -> Option<String> {
    let mut own: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let mut parts = path.split("::").peekable();
    match *parts.peek()? {
        "crate" => {
            own.clear();
            parts.next();
        }
        "super" => {
            while parts.next_if_eq(&"super").is_some() {
                own.pop();
            }
        }
        "self" => {
            parts.next();
        }
        child => {
            own.push(child);
            place(&own.join("::"))?;
            own.pop();
        }
    }
    own.extend(parts);
    Some(own.join("::"))
}

/// The module that a path leads to: its longest prefix that is a module.
fn target(path: &str, place: &dyn Fn(&str) -> Option<usize>) -> Option<usize> {
    let ends = path.match_indices("::").map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.chain([path.len()]).collect();
    ends.reverse();
    let longest = ends.into_iter().find_map(|end| place(&path[..end]));
    longest.or_else(|| place(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Circle> {
        let own = |(module, text): &(&str, &str)| ((*module).to_owned(), (*text).to_owned());
        let files: Vec<_> = files.iter().map(own).collect();
        let circle = |files| Circle {
            of: "one".to_owned(),
            files,
        };
        circles_of(&files).into_iter().map(circle).collect()
    }

    #[test]
    fn files_that_import_each_other_are_a_circle() {
        let found = circles(&[
            ("a", "use super::b::{C, d::E};\nuse std::fmt;\n"),
            ("b", "pub(crate) use crate::c::{self, F};\n"),
            ("c", "use super::a::G;\n"),
            (
                "d",
                "use super::a::H;\n#[cfg(test)]\nmod tests {\nuse super::super::e;\n}\n",
            ),
            ("e", "use super::d::H;\n"),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].files, ["a", "b", "c"]);
        assert!(!found[0].spans_folders());
    }

    #[test]
    fn a_circle_through_another_folder_is_told_from_one_with_a_child() {
        let child = circles(&[("w", "mod s;\nuse s::A;\n"), ("w::s", "use super::B;\n")]);
        assert!(child.len() == 1 && !child[0].spans_folders());
        let across = circles(&[
            ("w::a", "use super::s::v::C;\n"),
            ("w::s::v", "use crate::w::a::D;\n"),
        ]);
        assert!(across.len() == 1 && across[0].spans_folders());
    }
}
