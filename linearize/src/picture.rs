//! Operations as bars over time, as SVG.

use svg::Document;
use svg::node::element::{Group, Rectangle, Style, Text, Title};

use crate::explain::Explanation;
use crate::history::{History, Operation, plain};
use crate::timeline::{self, Bar};

/// Pixels a column, a row, and to the left of the first column.
const COLUMN: usize = 8;
const ROW: usize = 34;
const LEFT: usize = 110;
/// Pixels a line of the legend.
const LINE: usize = 20;

/// The style: readable on light and dark backgrounds, and without colours.
const STYLE: &str = "text{font:13px ui-monospace,monospace;fill:#1a1a1a}\
    .row{fill:#555}.bar rect{fill:#dbe7f5;stroke:#3465a4;stroke-width:1}\
    .open rect{stroke-dasharray:4 3}.stuck rect{fill:#f8d7d4;stroke:#b3261e;stroke-width:2}";

impl Explanation {
    /// A picture of the operations that contradict each other, as SVG.
    #[must_use]
    pub fn svg(&self, history: &History) -> String {
        let operations = history.operations();
        let drawn = self.drawn().iter().map(|place| &operations[*place]);
        let drawn: Vec<&Operation> = drawn.collect();
        let layout = timeline::layout(&drawn);
        let legend = layout.legend.iter().map(|line| line.chars().count()).max();
        let columns = layout.width.max(legend.unwrap_or(0));
        let bottom = layout.rows.len() * ROW + 60;
        let (width, height) = (
            LEFT + columns * COLUMN + 20,
            bottom + layout.legend.len() * LINE,
        );
        let title = format!("{} on key {}", self.class.name(), plain(&self.key));
        let mut picture = Document::new()
            .set("viewBox", (0, 0, width, height))
            .set("width", width)
            .set("height", height)
            .set("role", "img")
            .add(Title::new(title.clone()))
            .add(Style::new(STYLE))
            .add(
                Rectangle::new()
                    .set("width", width)
                    .set("height", height)
                    .set("fill", "#ffffff"),
            )
            .add(Text::new(title).set("x", 10).set("y", 24));
        for (row, name) in layout.rows.iter().enumerate() {
            let name = Text::new(name.as_str())
                .set("class", "row")
                .set("x", 10)
                .set("y", 40 + row * ROW + 20);
            picture = picture.add(name);
        }
        for (number, line) in layout.legend.iter().enumerate() {
            let line = Text::new(line.as_str())
                .set("x", 10)
                .set("y", bottom + number * LINE);
            picture = picture.add(line);
        }
        for (bar, place) in layout.bars.iter().zip(self.drawn()) {
            picture = picture.add(drawn_bar(bar, *place == self.stuck, &operations[*place]));
        }
        picture.to_string()
    }
}

fn drawn_bar(bar: &Bar, stuck: bool, operation: &Operation) -> Group {
    let (left, top) = (LEFT + bar.begin * COLUMN, 40 + bar.row * ROW + 4);
    let class = match (stuck, bar.open) {
        (true, _) => "bar stuck",
        (_, true) => "bar open",
        _ => "bar",
    };
    let when = match operation.ret {
        Some(ret) => format!("called at {}, returned at {ret}", operation.call),
        None => format!("called at {}, never returned", operation.call),
    };
    Group::new()
        .set("class", class)
        .add(Title::new(when))
        .add(
            Rectangle::new()
                .set("x", left)
                .set("y", top)
                .set("width", (bar.end - bar.begin) * COLUMN)
                .set("height", 24)
                .set("rx", 3),
        )
        .add(
            Text::new(bar.label.as_str())
                .set("x", left + COLUMN)
                .set("y", top + 17),
        )
}
