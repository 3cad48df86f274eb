//! The gallery in `docs/GALLERY.md` and the code agree.

const GALLERY: &str = include_str!("../../../docs/GALLERY.md");
const RULES: &str = include_str!("../../src/rules.rs");

/// Rows of the table: the id and the line.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    GALLERY.lines().filter_map(|line| {
        let id = line.strip_prefix("| ")?.split(' ').next()?;
        let (group, number) = id.split_once('-')?;
        let sound = group.len() == 1 && !number.is_empty();
        (sound && number.bytes().all(|byte| byte.is_ascii_digit())).then_some((id, line))
    })
}

/// Names after `Rules::`.
fn named() -> impl Iterator<Item = &'static str> {
    GALLERY.split("Rules::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// Methods of the trait.
fn methods() -> impl Iterator<Item = &'static str> {
    let start = RULES.find("pub trait Rules {").expect("the trait is there");
    let length = RULES[start..].find("\n}\n").expect("the trait ends");
    RULES[start..start + length].lines().filter_map(|line| {
        let signature = line.strip_prefix("    fn ")?;
        signature.split('(').next()
    })
}

#[test]
fn every_rule_the_gallery_names_exists_and_every_rule_is_named() {
    let methods: Vec<_> = methods().collect();
    assert!(methods.len() > 20, "the trait has rules");
    for name in named().filter(|name| !name.is_empty()) {
        assert!(methods.contains(&name), "the gallery names Rules::{name}");
    }
    for method in methods {
        assert!(
            named().any(|name| name == method),
            "no row of the gallery plants Rules::{method}"
        );
    }
}

#[test]
fn every_row_has_an_id_of_its_own_and_says_where_it_can_be_planted() {
    let ids: Vec<_> = rows().map(|(id, _)| id).collect();
    for (place, (id, line)) in rows().enumerate() {
        assert!(!ids[..place].contains(&id), "{id} appears twice");
        let here = line
            .trim_end_matches([' ', '|'])
            .rsplit('|')
            .next()
            .unwrap_or_default();
        let places = ["Rules::", "Duties::", "Settings::", "*", "not plantable"];
        assert!(
            places.iter().any(|known| here.contains(known)),
            "{id}: {here:?}"
        );
    }
    let counts = ["E", "P", "R", "C", "M", "S", "L", "Q", "A", "W"]
        .map(|group| ids.iter().filter(|id| id.starts_with(group)).count());
    assert_eq!(counts, [14, 14, 14, 5, 10, 7, 13, 8, 5, 4]);
}
