//! The frame of the picture: title, names of lanes, ending, legend.

use sut::time_text;
use svg::node::element::Group;

use super::draw::Canvas;
use super::lanes::NodeStatus;
use super::parts::{self, Anchor};
use super::plan::Row;
use super::{label, style};
use crate::trace::ActionKind;

impl Canvas<'_> {
    pub(super) fn title(&self) -> String {
        match self.plan.header {
            Some(header) => {
                let bug = header.bug.as_ref();
                let bug = bug.map_or(String::new(), |bug| format!(", with bug {bug}"));
                format!("{}, seed {}{bug}", header.scenario, header.seed)
            }
            None => "a run".to_owned(),
        }
    }

    /// A description of the picture, for readers who cannot see it.
    pub(super) fn description(&self) -> String {
        let names: Vec<_> = self
            .plan
            .lanes
            .iter()
            .map(|lane| lane.name.as_str())
            .collect();
        let mut text = format!(
            "Space-time diagram: time goes down, a column each for {}. {}",
            names.join(", "),
            self.extent()
        );
        for row in &self.plan.rows {
            let Row::Event(record) = row else { continue };
            let became = record.decision("became");
            let is_fault = matches!(record.action, ActionKind::Crash | ActionKind::Restart);
            let Some(node) = record
                .node
                .as_ref()
                .filter(|_| is_fault || became.is_some())
            else {
                continue;
            };
            let what = became.map_or(&record.text, |became| &became.text);
            text.push_str(&format!(
                " {} {node}: {what}.",
                time_text::brief(record.time)
            ));
        }
        if let Some(ending) = &self.options.ending {
            text.push_str(&format!(" {}.", ending.title));
        }
        text
    }

    /// The numbers of events that are drawn and left out.
    fn extent(&self) -> String {
        let times = || self.plan.rows.iter().filter_map(Row::time);
        let (from, to) = (
            times().next().unwrap_or(0),
            times().next_back().unwrap_or(0),
        );
        let mut text = format!(
            "{} events from {} to {}.",
            self.plan.events(),
            time_text::brief(from),
            time_text::brief(to)
        );
        if self.plan.passed_over > 0 {
            let count = self.plan.passed_over;
            text.push_str(&format!(" {count} idle passed over."));
        }
        let (before, after) = self.plan.left_out;
        for (count, place) in [(before, "earlier"), (after, "later")] {
            if count > 0 {
                text.push_str(&format!(
                    " {count} {place} events are not drawn: narrow it with --from and --to."
                ));
            }
        }
        text
    }

    pub(super) fn head(&self, title: &str) -> Group {
        let (before, after) = self.plan.left_out;
        let class = if before + after > 0 { "bad" } else { "dim" };
        let head = Group::new()
            .add(parts::text((16, 28), Anchor::Start, "ink title", title))
            .add(parts::text((16, 48), Anchor::Start, class, &self.extent()));
        let top = self.layout.top();
        let mut head = self.names(head, top - 24);
        for (lane, status) in self.initial.iter().enumerate() {
            let (what, term) = match *status {
                NodeStatus::Up(role, term) => (label::badge(role, term), term),
                NodeStatus::Paused(term) => (format!("paused t{term}"), term),
                NodeStatus::Down => ("down".to_owned(), 0),
            };
            if self.plan.lanes[lane].clients {
                continue;
            }
            let at = (self.layout.x(lane), top - 8);
            let class = format!("{} solid time", style::term(term));
            head = head.add(parts::text(at, Anchor::Middle, &class, &what));
        }
        head
    }

    pub(super) fn names(&self, mut group: Group, y: i64) -> Group {
        for (lane, what) in self.plan.lanes.iter().enumerate() {
            let at = (self.layout.x(lane), y);
            group = group.add(parts::text(at, Anchor::Middle, "ink halo name", &what.name));
        }
        group
    }

    /// The ending of the run, and the legend.
    pub(super) fn foot(&self) -> Group {
        let mut group = Group::new();
        if let Some(ending) = &self.options.ending {
            let y = self.layout.bottom + 8;
            let height = self.layout.legend() - 30 - y;
            group = group
                .add(parts::rectangle(
                    (0, y),
                    (self.layout.width, height),
                    "alarm",
                ))
                .add(parts::text(
                    (16, y + 20),
                    Anchor::Start,
                    "bad name",
                    &format!("✗ {}", ending.title),
                ));
            let mut below = y + 38;
            for fact in &ending.facts {
                group = group.add(parts::text((32, below), Anchor::Start, "ink", fact));
                below += 18;
            }
        }
        group.add(legend(self.layout.legend()))
    }
}

fn legend(y: i64) -> Group {
    let mut group = Group::new().set("class", "t0");
    let samples: [(&str, &[i64], &str); 4] = [
        ("lane thin", &[0], "follower"),
        ("lane dashed", &[0], "candidate"),
        ("lane", &[-2, 2], "leader"),
        ("lane thin dotted", &[0], "paused, or clients"),
    ];
    let mut x = 16;
    for (class, offsets, name) in samples {
        for offset in offsets {
            let y = y + offset;
            group = group.add(parts::line((x, y), (x + 28, y), class));
        }
        group = group.add(parts::text((x + 34, y + 4), Anchor::Start, "dim", name));
        x += 50 + parts::width(name);
    }
    group = group.add(parts::cross((x + 6, y))).add(parts::text(
        (x + 18, y + 4),
        Anchor::Start,
        "dim",
        "lost, or down",
    ));
    let y = y + 22;
    let text = "Dashed arrows do not arrive. Short ones begin or end outside of what is drawn. \
                Colours are terms.";
    group.add(parts::text((16, y + 4), Anchor::Start, "dim", text))
}
