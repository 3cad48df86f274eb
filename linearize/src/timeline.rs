//! Operations as bars over time: as text, and as the layout of a picture.
//!
//! ```text
//! process 0  ├─ put x "a" ─┤
//! process 1                   ├─ put x "b" ─┤
//! process 2                                    ├─ get x: "a" ─┤
//! ```
//!
//! Only the order of calls and returns counts: bars that overlap in the picture overlapped in time.
//! If the picture would get too wide, bars have numbers and a legend explains them.

use crate::history::Operation;

/// One bar: from the call to the return, as columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) row: usize,
    pub(crate) begin: usize,
    pub(crate) end: usize,
    /// Whether it never returned.
    pub(crate) open: bool,
    pub(crate) label: String,
}

/// All bars, the names of the rows, and the width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) bars: Vec<Bar>,
    pub(crate) rows: Vec<String>,
    pub(crate) width: usize,
    /// The legend, if bars have numbers.
    pub(crate) legend: Vec<String>,
}

/// Columns between one call or return and the next.
const STEP: usize = 2;

/// The widest readable picture.
const WIDEST: usize = 130;

/// Lays out operations, in the order of their calls.
pub(crate) fn layout(operations: &[&Operation]) -> Layout {
    let labels: Vec<String> = operations.iter().map(ToString::to_string).collect();
    let whole = labelled(operations, &labels);
    if whole.width <= WIDEST {
        return whole;
    }
    let numbers: Vec<String> = (1..=operations.len()).map(|it| it.to_string()).collect();
    let named = numbers.iter().zip(operations).zip(labels);
    let legend = named
        .map(|((number, operation), label)| format!("{number:>3}  {label}, {}", operation.by()))
        .collect();
    Layout {
        legend,
        ..labelled(operations, &numbers)
    }
}

fn labelled(operations: &[&Operation], labels: &[String]) -> Layout {
    let mut points: Vec<(i128, usize, bool)> = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        points.push((operation.call, place, true));
        points.push((operation.ret.unwrap_or(i128::MAX), place, false));
    }
    points.sort_unstable();
    let mut bars: Vec<Bar> = operations
        .iter()
        .zip(labels)
        .map(|(operation, label)| Bar {
            row: 0,
            begin: 0,
            end: 0,
            open: operation.ret.is_none(),
            label: label.clone(),
        })
        .collect();
    let mut column = 0;
    for (_, place, is_call) in points {
        let bar = &mut bars[place];
        if is_call {
            bar.begin = column;
        } else {
            // Room for the label, and for an end on each side.
            column = column.max(bar.begin + bar.label.chars().count() + 5);
            bar.end = column;
        }
        column += STEP;
    }
    let width = bars.iter().map(|bar| bar.end).max().unwrap_or(0) + 1;
    for bar in bars.iter_mut().filter(|bar| bar.open) {
        bar.end = width - 1;
    }
    let rows = rows(operations, &mut bars);
    Layout {
        bars,
        rows,
        width,
        legend: Vec::new(),
    }
}

/// A row for each process, and further rows for operations that overlap in it.
fn rows(operations: &[&Operation], bars: &mut [Bar]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for operation in operations {
        let name = operation.by();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_by_key(|name| (name.len(), name.clone()));
    let mut rows: Vec<String> = Vec::new();
    for name in names {
        let mut ends: Vec<usize> = Vec::new();
        let first = rows.len();
        for (operation, bar) in operations.iter().zip(bars.iter_mut()) {
            if operation.by() != name {
                continue;
            }
            let free = ends.iter().position(|end| *end < bar.begin);
            let row = free.unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0);
            }
            ends[row] = bar.end;
            bar.row = first + row;
        }
        let title = |row: usize| match row {
            0 => name.clone(),
            _ => String::new(),
        };
        rows.extend((0..ends.len()).map(title));
    }
    rows
}

/// Operations as text, one line a row.
pub(crate) fn text(operations: &[&Operation]) -> String {
    let layout = layout(operations);
    let names = layout.rows.iter().map(|row| row.chars().count()).max();
    let names = names.unwrap_or(0);
    let mut text = String::new();
    for (row, name) in layout.rows.iter().enumerate() {
        let mut line = vec![' '; layout.width + 1];
        for bar in layout.bars.iter().filter(|bar| bar.row == row) {
            line[bar.begin..=bar.end].fill('─');
            line[bar.begin] = '├';
            line[bar.end] = if bar.open { '…' } else { '┤' };
            let label = format!(" {} ", bar.label);
            for (place, letter) in label.chars().enumerate() {
                line[bar.begin + 2 + place] = letter;
            }
        }
        let line: String = line.into_iter().collect();
        text.push_str(format!("{name:<names$}  {}", line.trim_end()).trim_end());
        text.push('\n');
    }
    if !layout.legend.is_empty() {
        text.push('\n');
    }
    for line in layout.legend {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
