//! What the paper demands, and what of it has a test.

use command::musts::sections;

use super::{json, says};

#[test]
fn the_index_has_every_section_every_must_and_marks_what_has_no_test() {
    let said = says(&["paper"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let mut counts = [0, 0];
    for section in sections() {
        let head = format!("{}  {}", section.section, section.title);
        assert!(said.out.contains(&head), "{head}");
        if let Some(why) = section.why {
            assert!(said.out.contains(&format!("✗ no musts: {why}")), "{head}");
        }
        for must in section.musts {
            let has = !must.tests.is_empty();
            let line = format!("  {} {}\n", if has { "✓" } else { "✗" }, must.must);
            assert!(said.out.contains(&line), "{line}");
            counts[usize::from(has)] += 1;
        }
    }
    let [without, with] = counts;
    let all = with + without;
    let sum = format!("{with} of {all} musts have a test, {without} have none; ");
    assert!(said.out.contains(&sum), "{sum}");
    assert!(said.out.contains(" sections\n") && !said.out.contains("without musts"));
}

#[test]
fn the_page_in_docs_is_the_output_of_the_command() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PAPER.md");
    let page = std::fs::read_to_string(page).expect("docs/PAPER.md is there");
    let again = "docs/PAPER.md is out of date: \
                 cargo run -q -p raftsim -- paper --markdown > docs/PAPER.md";
    assert!(says(&["paper", "--markdown"]).out == page, "{again}");
}

#[test]
fn machines_get_one_line_for_each_must_and_each_section_without_any() {
    let said = says(&["paper", "--json"]);
    let lines: Vec<_> = said.out.lines().map(json).collect();
    let count = |musts: usize| musts.max(1);
    let expected: usize = sections().iter().map(|s| count(s.musts.len())).sum();
    assert_eq!(lines.len(), expected);
    for line in lines {
        let proven = line["tests"]
            .as_array()
            .is_some_and(|tests| !tests.is_empty());
        assert_ne!(proven, line["why"].is_string(), "{line}");
        assert!(line["section"].is_string() && line["title"].is_string());
    }
    assert_eq!(says(&["paper", "--json", "--markdown"]).code, 2);
}
