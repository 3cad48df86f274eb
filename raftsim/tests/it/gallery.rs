//! The gallery in `docs/GALLERY.md` says of each planted bug that it is, and of no other.

use sut::bugs::Bug;

const GALLERY: &str = include_str!("../../../docs/GALLERY.md");

/// Rows of the tables: the id, and where the bug can be planted.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    GALLERY.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.trim_end_matches(" |").split(" | ");
        let (id, here) = (cells.next()?, cells.last()?);
        let named = id.len() == 4 && id.as_bytes()[1] == b'-';
        named.then_some((id, here))
    })
}

/// The row of a bug: its id without the letter that tells several of a row apart.
fn row_of(bug: Bug) -> &'static str {
    &bug.id()[..4]
}

#[test]
fn every_bug_has_a_row_that_says_it_is_planted_and_where() {
    for bug in Bug::ALL {
        let row = rows().find(|(id, _)| *id == row_of(*bug));
        let (_, here) = row.unwrap_or_else(|| panic!("{bug} has no row"));
        assert!(here.starts_with("planted"), "{bug}: {here}");
        let place = format!("`{}`", bug.card().change.place());
        assert!(here.contains(&place), "{bug}: {here}");
        let several = Bug::ALL
            .iter()
            .filter(|other| row_of(**other) == row_of(*bug));
        let named = here.contains(&format!("`{bug}`"));
        assert!(named || several.count() == 1, "{bug}: {here}");
    }
}

#[test]
fn every_row_that_says_planted_has_a_bug() {
    let planted: Vec<_> = rows()
        .filter(|(_, here)| here.starts_with("planted"))
        .collect();
    assert!(planted.len() > 20, "the tables are read");
    for (id, here) in planted {
        assert!(
            Bug::ALL.iter().any(|bug| row_of(*bug) == id),
            "{id}: {here}"
        );
    }
}
