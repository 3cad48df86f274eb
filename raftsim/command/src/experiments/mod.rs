//! Experiments that few need: measurements over many seeds, one number per run, and figures of them.
//! The feature `experiments` brings them in, so that no other build pays for them.
//!
//! [`Downtime`] measures the time from a leader's crash to the next leader in a run. A [`Spread`]
//! collects the times of many seeds. [`figure`] draws spreads as curves, as in Figure 16 of the Raft
//! paper. [`cells`] finds the runs in which a read misses a write.

mod cells;
mod downtime;
mod figure;
mod leases;
mod measure;
mod spread;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{Plant, assignment, seeds};
use cells::{Drift, Way};
use downtime::Downtime;
use figure::{Curve, figure};
use spread::Spread;

pub(crate) use leases::leases;
pub(crate) use measure::measure;

#[derive(Clone, Debug, Args)]
pub(crate) struct Measure {
    /// The quantity to measure
    #[arg(value_enum, value_name = "WHAT")]
    pub(crate) what: Measured,
    /// A scenario file, or a name as in `raftsim list`
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The seeds from A up to, but not including, B
    #[arg(long, value_name = "A..B", default_value = "1..1001", value_parser = seeds)]
    pub(crate) seeds: (u64, u64),
    /// Set a parameter of the scenario; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// Measure with these values as one series, named after the first; may be repeated
    #[arg(long, value_name = "NAME=VALUE,...", value_parser = assignments)]
    pub(crate) series: Vec<Vec<(String, String)>>,
    #[command(flatten)]
    pub(crate) plant: Plant,
    /// Draw the distribution of the times into this file
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
    /// Write JSON instead of text, one object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measured {
    /// The time from the first crash of a leader to the next leader
    Downtime,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Leases {
    /// The seeds of each cell, from A up to, but not including, B
    #[arg(long, value_name = "A..B", default_value = "1..201", value_parser = seeds)]
    pub(crate) seeds: (u64, u64),
    /// Only cells whose wrong clock has this deviation, such as -10%; may be repeated
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    pub(crate) drift: Vec<Drift>,
    /// Only cells with reads of this kind: lease, log, read_index, follower or stale; may be repeated
    #[arg(long, value_name = "WAY")]
    pub(crate) reads: Vec<Way>,
    /// The number of threads [default: one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Write a page of Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Write one JSON object for each cell
    #[arg(long)]
    pub(crate) json: bool,
}

fn assignments(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(',').map(assignment).collect()
}
