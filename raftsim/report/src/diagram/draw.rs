//! The picture, layer by layer: bands, lanes, arrows, events, words.

use sut::decisions::Role;
use svg::Document;
use svg::node::Text as Plain;
use svg::node::element::{Description, Group, Style, Title};

use super::flights::{Arrival, Flight, flights};
use super::lanes::{NodeStatus, Stretch, stretches};
use super::layout::Layout;
use super::parts::{self, Point};
use super::plan::{Plan, Row};
use super::{Options, style};
use crate::trace::Line;

/// The parts of the picture and their positions.
pub(super) struct Canvas<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) layout: Layout,
    pub(super) options: &'a Options,
    pub(super) flights: Vec<Flight>,
    /// The state of each lane's node before the first row, and its stretches.
    pub(super) initial: Vec<NodeStatus>,
    pub(super) stretches: Vec<Stretch>,
}

pub(super) fn document(plan: &Plan<'_>, lines: &[Line], options: &Options) -> Document {
    let facts = options.ending.as_ref().map(|ending| ending.facts.len());
    let (initial, stretches) = stretches(plan, lines);
    let mut canvas = Canvas {
        plan,
        layout: Layout::new(plan, options.scale, facts),
        options,
        flights: flights(plan, lines),
        initial,
        stretches,
    };
    canvas.layout.widen(canvas.reach());
    let (width, height) = (canvas.layout.width, canvas.layout.height);
    let title = canvas.title();
    Document::new()
        .set("viewBox", (0, 0, width, height))
        .set("width", width)
        .set("height", height)
        .set("role", "img")
        .add(Title::new(parts::legible(&title)))
        .add(Description::new().add(Plain::new(parts::legible(&canvas.description()))))
        .add(Style::new(style::CSS))
        .add(parts::rectangle((0, 0), (width, height), "paper"))
        .add(canvas.bands())
        .add(canvas.lanes())
        .add(canvas.arrows())
        .add(canvas.events())
        .add(canvas.head(&title))
        .add(canvas.foot())
}

impl Canvas<'_> {
    /// Changes of the world, across all lanes.
    fn bands(&self) -> Group {
        let mut group = Group::new();
        for (row, what) in self.plan.rows.iter().enumerate() {
            if let Row::World(_) = what {
                let y = self.layout.y(row) - 9;
                group = group.add(parts::rectangle((0, y), (self.layout.width, 18), "band"));
            }
        }
        group
    }

    fn lanes(&self) -> Group {
        let mut group = Group::new();
        for (lane, _) in self
            .plan
            .lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.clients)
        {
            let x = self.layout.x(lane);
            let ends = ((x, self.layout.top()), (x, self.layout.bottom));
            group = group.add(parts::line(ends.0, ends.1, "t0 lane thin dotted"));
        }
        for stretch in &self.stretches {
            let x = self.layout.x(stretch.lane);
            let from = match stretch.from {
                0 => self.layout.top(),
                row => self.layout.y(row),
            };
            let to = self.layout.y(stretch.to);
            let (term, class, offsets): (_, _, &[i64]) = match stretch.status {
                NodeStatus::Down => continue,
                NodeStatus::Up(Role::Leader, term) => (term, "lane", &[-2, 2]),
                NodeStatus::Up(Role::Candidate | Role::PreCandidate, term) => {
                    (term, "lane dashed", &[0])
                }
                NodeStatus::Up(Role::Follower, term) => (term, "lane thin", &[0]),
                NodeStatus::Paused(term) => (term, "lane thin dotted", &[0]),
            };
            let class = format!("{} {class}", style::term(term));
            for x in offsets.iter().map(|offset| x + offset) {
                group = group.add(parts::line((x, from), (x, to), &class));
            }
        }
        group
    }

    fn arrows(&self) -> Group {
        let mut group = Group::new();
        for flight in &self.flights {
            let (from, to) = self.ends(flight);
            let class = style::term(flight.term.unwrap_or(0));
            let arrives = matches!(flight.fate, Arrival::Delivered | Arrival::Copied);
            let arrow = parts::arrow(from, to, &class, arrives);
            let mut titled = parts::titled(&flight.text).add(arrow);
            if flight.fate == Arrival::Lost {
                titled = titled.add(parts::cross(to));
            }
            group = group.add(titled);
        }
        group
    }

    /// From where to where an arrow goes. Where one end is not drawn, a short piece is.
    pub(super) fn ends(&self, flight: &Flight) -> (Point, Point) {
        let (start, end) = (self.layout.x(flight.start.1), self.layout.x(flight.end.1));
        let side = (end - start).signum();
        let reach = (end - start).abs() / 8 + 24;
        match (flight.start.0, flight.end.0) {
            (Some(from), Some(to)) => {
                let x = match flight.fate {
                    Arrival::Lost => self.lost_at(flight, to),
                    _ => end,
                };
                ((start, self.layout.y(from)), (x, self.layout.y(to)))
            }
            (None, Some(to)) => {
                let y = self.layout.y(to);
                ((end - side * reach, y - 14), (end, y))
            }
            (Some(from), None) => {
                let y = self.layout.y(from);
                ((start, y), (start + side * reach, y + 14))
            }
            (None, None) => ((start, 0), (end, 0)),
        }
    }

    /// How far a lost message comes: to a receiver that is down, else most of the way.
    fn lost_at(&self, flight: &Flight, row: usize) -> i64 {
        let (start, end) = (self.layout.x(flight.start.1), self.layout.x(flight.end.1));
        match self.status(flight.end.1, row) {
            Some(NodeStatus::Down) => end,
            _ => start + (end - start) * 3 / 4,
        }
    }

    fn status(&self, lane: usize, row: usize) -> Option<NodeStatus> {
        let covers =
            |stretch: &&Stretch| stretch.lane == lane && stretch.from <= row && row < stretch.to;
        Some(self.stretches.iter().find(covers)?.status)
    }
}
