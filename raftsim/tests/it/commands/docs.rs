//! The pages for users: recipes that run, links that lead somewhere, a README that stays short.

use std::path::{Path, PathBuf};

use super::{json, says, write};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &Path) -> String {
    let text = std::fs::read_to_string(path);
    text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README and the pages in `docs`.
fn pages() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(Path::new(ROOT).join("docs")).expect("the folder is there");
    let mut pages: Vec<_> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "md"))
        .collect();
    pages.push(Path::new(ROOT).join("README.md"));
    pages
}

/// The recipes of the reference page, each a whole scenario.
fn recipes() -> Vec<String> {
    let page = read(&Path::new(ROOT).join("docs/scenario-format.md"));
    let section = page.split("\n## ").nth(1).expect("the page has sections");
    let recipes = section.split("\n### ").skip(1).map(|recipe| {
        let file = recipe.split("```json\n").nth(1);
        let file = file.and_then(|rest| rest.split("```").next());
        file.unwrap_or_else(|| panic!("no file in {recipe}"))
            .to_owned()
    });
    recipes.collect()
}

#[test]
fn every_recipe_passes_and_fails_with_the_bug_that_it_names() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 10);
    let mut caught = 0;
    for (place, recipe) in recipes.iter().enumerate() {
        let file = write(&format!("recipe-{}.json", place + 1), recipe);
        let said = says(&["run", &file, "--runs", "20"]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let named = &json(recipe)["expect"]["caught_by"];
        for named in named.as_array().into_iter().flatten() {
            let (bug, property) = (named["bug"].as_str(), named["property"].as_str());
            let (bug, property) = bug.zip(property).expect("a bug and its property");
            let said = says(&["run", &file, "--bug", bug]);
            assert_eq!(said.code, 1, "{}", said.out);
            assert!(said.out.contains(property), "{}", said.out);
            caught += 1;
        }
    }
    assert_eq!(caught, 1);
}

/// The anchors of a page: of its headings, and those that it names itself.
fn anchors(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors = Vec::new();
    for line in page.lines() {
        fenced ^= line.starts_with("```");
        if fenced {
            continue;
        }
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
        let named = line.split("<a id=\"").skip(1);
        anchors.extend(named.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
    }
    anchors
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut links = 0;
    for path in pages() {
        let page = read(&path);
        for target in page.split("](").skip(1) {
            let target = target.split(')').next().unwrap_or_default();
            if target.starts_with("http") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let led = match file {
                "" => path.clone(),
                file => path.with_file_name("").join(file),
            };
            assert!(led.exists(), "{}: {target}", path.display());
            let found =
                anchor.is_empty() || anchors(&read(&led)).iter().any(|known| known == anchor);
            assert!(found, "{}: {target}", path.display());
        }
    }
    assert!(links > 200, "the pages are read");
}

#[test]
fn the_readme_has_at_most_150_lines() {
    let lines = read(&Path::new(ROOT).join("README.md")).lines().count();
    assert!(lines <= 150, "{lines}");
}
