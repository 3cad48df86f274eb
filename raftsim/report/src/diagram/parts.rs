//! The shapes that a diagram is made of.

use svg::node::element::{Circle, Group, Line, Path, Rectangle, TSpan, Text, Title};

use super::label::{Part, Weight};

/// About how wide a character is; nothing here can measure text.
const CHARACTER: i64 = 6;
/// How far arrows stay away from the middle of an event.
const GAP: i64 = 6;

pub(super) type Point = (i64, i64);

/// Where a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// Text as XML can hold it.
pub(super) fn legible(text: &str) -> String {
    let shown = |c: char| {
        let unfit = c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        if unfit { '\u{fffd}' } else { c }
    };
    text.chars().map(shown).collect()
}

pub(super) fn text((x, y): Point, anchor: Anchor, class: &str, content: &str) -> Text {
    Text::new(legible(content))
        .set("x", x)
        .set("y", y)
        .set("text-anchor", anchor.name())
        .set("class", class)
}

/// A label of several parts.
pub(super) fn label((x, y): Point, anchor: Anchor, parts: &[Part]) -> Text {
    let mut label = text((x, y), anchor, "halo", "");
    for (position, part) in parts.iter().enumerate() {
        let class = match part.weight {
            Weight::Plain => "dim",
            Weight::Decision => "ink decided",
            Weight::Fault => "bad",
        };
        let space = if position == 0 { "" } else { " · " };
        let content = legible(&format!("{space}{}", part.text));
        label = label.add(TSpan::new(content).set("class", class));
    }
    label
}

pub(super) fn line((x1, y1): Point, (x2, y2): Point, class: &str) -> Line {
    Line::new()
        .set("x1", x1)
        .set("y1", y1)
        .set("x2", x2)
        .set("y2", y2)
        .set("class", class)
}

pub(super) fn rectangle((x, y): Point, (width, height): Point, class: &str) -> Rectangle {
    Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", height)
        .set("class", class)
}

pub(super) fn dot((x, y): Point, radius: i64, class: &str) -> Circle {
    Circle::new()
        .set("cx", x)
        .set("cy", y)
        .set("r", radius)
        .set("class", class)
}

/// A cross where something is lost or goes down.
pub(super) fn cross((x, y): Point) -> Path {
    let data = format!("M{} {}l10 10m0 -10l-10 10", x - 5, y - 5);
    Path::new().set("d", data).set("class", "cross")
}

/// Words on a coloured ground that begins, or ends, at a point.
pub(super) fn pill((x, y): Point, anchor: Anchor, content: &str, class: &str) -> Group {
    let width = pill_width(content);
    let left = match anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2,
        Anchor::End => x - width,
    };
    let ground = rectangle((left, y - 9), (width, 18), "pill").set("rx", 9);
    let content = text(
        (left + width / 2, y + 4),
        Anchor::Middle,
        "on-pill",
        content,
    );
    Group::new().set("class", class).add(ground).add(content)
}

/// How wide a pill is.
pub(super) fn pill_width(content: &str) -> i64 {
    width(content) + 16
}

/// About how wide a text is.
pub(super) fn width(content: &str) -> i64 {
    super::layout::length(content.chars().count()) * CHARACTER
}

/// About how wide a label is.
pub(super) fn label_width(parts: &[Part]) -> i64 {
    parts
        .iter()
        .map(|part| width(&part.text) + 3 * CHARACTER)
        .sum()
}

/// An arrow, with a head if it arrives.
pub(super) fn arrow(from: Point, to: Point, class: &str, head: bool) -> Group {
    let (from, tip) = (toward(from, to, GAP), toward(to, from, GAP));
    let group = Group::new().set("class", class);
    if !head {
        return group.add(line(from, tip, "arrow flying"));
    }
    let neck = toward(tip, from, 9);
    let (dx, dy) = (tip.0 - neck.0, tip.1 - neck.1);
    let data = format!(
        "M{} {}L{} {}L{} {}z",
        tip.0,
        tip.1,
        neck.0 - dy / 2,
        neck.1 + dx / 2,
        neck.0 + dy / 2,
        neck.1 - dx / 2,
    );
    let head = Path::new().set("d", data).set("class", "solid");
    group.add(line(from, neck, "arrow")).add(head)
}

/// The point this far from one point towards another.
pub(super) fn toward(from: Point, to: Point, distance: i64) -> Point {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.abs().saturating_pow(2) + dy.abs().saturating_pow(2);
    let length = length.isqrt().max(1);
    (
        from.0 + dx * distance / length,
        from.1 + dy * distance / length,
    )
}

/// A group with a tooltip.
pub(super) fn titled(title: &str) -> Group {
    Group::new().add(Title::new(legible(title)))
}
