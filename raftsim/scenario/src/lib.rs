//! Scenario format 1: from the text of a file to a checked, concrete scenario.
//!
//! ```text
//! text ──tree──► tree with places ──params──► "$n" replaced ──typed──► Written ──check──► Resolved
//! ```
//!
//! 1. `tree` reads JSON, or JSON with comments, and keeps the place of each value.
//! 2. `params` draws each parameter from the seed by its path. `substitute` puts its value in place of
//!    `"$name"`.
//! 3. `typed` reads the tree into the types of `written`, `settings`, `action` and `expect`. `units`
//!    reads quantities with units.
//! 4. `check`, `lower` and `stepped` look up names, compare settings with each other, and give every
//!    step and fault its one action.
//!
//! Each stage reports all of its mistakes as [`Diagnostic`]s with a place, a stable [`Code`] and, where
//! possible, a suggestion. No text makes any stage panic.

mod action;
mod check;
mod check_action;
mod check_expect;
mod checker;
mod codes;
mod diagnostic;
mod document;
mod expect;
mod lines;
mod lookup;
mod lower;
mod modes;
mod network;
mod overrides;
mod params;
mod program;
mod resolved;
#[cfg(feature = "schema")]
mod schema;
mod select;
mod settings;
mod shown;
mod stepped;
mod stream;
mod substitute;
mod suggest;
mod tree;
mod typed;
mod units;
mod written;

pub use action::{
    Action, ApplyChange, ClockChange, DiskFault, LinkChange, MembersChange, Replacement, Route,
    Trigger,
};
pub use check::{is_file_name, not_a_file_name};
pub use codes::{Code, explain};
pub use diagnostic::{Diagnostic, Span, render};
pub use document::read as read_document;
pub use expect::{Besides, CaughtAt, CaughtBy, Eventually, Expect, Limits, Metric, Sometimes};
pub use network::{Network, NetworkChange, Reorder, Reordered};
pub use overrides::Overrides;
pub use program::ACTION_LIMIT;
pub use program::{
    Asked, Budget, Ends as ParallelEnds, If, Offer, One, Own, Parallel, Repeat, Spot, Start,
    Statement, What,
};
pub use resolved::{Course, Fault, Phase, Resolved, Step, When};
#[cfg(feature = "schema")]
pub use schema::{schema, schema_of};
pub use select::{NodeName, Partition, Selector};
pub use settings::{
    Clients, Clock, Completions, Disk, DiskChange, LinkRule, Machine, Mix, OnCrash, Raft, Reads,
    SnapshotPolicy, Values, Window,
};
pub use shown::step as shown_step;
pub use stepped::MAX_PROPOSALS;
pub use stepped::{
    Ask, Branch, Call, Ends, Expected, FaultCounts, Impossible, Keep, Letters, Links, MessageKind,
    Place, Recorded, RoleName, Script, ScriptStep, Verb, Who,
};
pub use stream::stream;
pub use tree::MAX_BYTES;
pub use units::{
    Chances, ClockRate, Comparison, Condition, Counts, DurationRange, Gauge, Nanos, Operator, Rate,
    Ratio, Size, Sizes, UnitError,
};
pub use written::Source;

use std::borrow::Cow;

use diagnostic::{Finding, MOST_REPORTED, locate};
use tree::{Tree, Value};

/// The JSON Schema of scenario format 1, for editors.
pub const SCHEMA: &str = include_str!("../../../scenarios/schema/scenario-1.json");

/// The maximum size of a file with a `recorded` block, in bytes. The block must be near the top.
pub const MAX_RECORDED_BYTES: usize = 256 << 20;

/// The seed of a run if neither the command nor the file gives one.
pub const DEFAULT_SEED: u64 = 1;

/// Reads a scenario and makes it concrete for one seed.
///
/// A `file_name` that ends in `.jsonc` allows comments and trailing commas. Diagnostics show the name, and
/// its stem is the default name of the scenario.
///
/// # Errors
/// The mistakes, in the order of the file: at least one, at most 100.
pub fn parse(
    file_name: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<Resolved, Vec<Diagnostic>> {
    let resolved = root(file_name, text).and_then(|root| {
        let params = params::read(&root)?;
        let seed = overrides.seed.unwrap_or_else(|| seed_of(&root));
        let chosen = params::draw(&params, seed, overrides, place_of_params(&root))?;
        let mut resolved = resolve(file_name, &root, seed, &chosen)?;
        match &mut resolved.course {
            Course::Stepped(script) => script.locate(text),
            Course::Timed(phases) => {
                for phase in phases {
                    program::locate(&mut phase.script, text);
                }
            }
        }
        Ok(resolved)
    });
    resolved.map_err(|findings| locate(findings, file_name, text))
}

/// Every mistake of a scenario, for all values of its parameters: each alternative of each parameter is
/// tried, with the other parameters at their first value. At most 100 mistakes are reported. A sound file
/// has none.
#[must_use]
pub fn check_all(file_name: &str, text: &str) -> Vec<Diagnostic> {
    let read = root(file_name, text).and_then(|root| Ok((params::read(&root)?, root)));
    let (params, root) = match read {
        Ok(read) => read,
        Err(findings) => return locate(findings, file_name, text),
    };
    let seed = seed_of(&root);
    let mut findings: Vec<Finding> = Vec::new();
    let mut attempt = |chosen: &params::Chosen| {
        for finding in resolve(file_name, &root, seed, chosen)
            .err()
            .unwrap_or_default()
        {
            if findings.len() < MOST_REPORTED && !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    };
    attempt(&params::first(&params, None));
    for param in &params {
        for value in &param.alternatives()[..] {
            attempt(&params::first(&params, Some((&param.name, value))));
        }
    }
    findings.sort_by_key(|finding| finding.span.start);
    locate(findings, file_name, text)
}

/// The file's tree, if it is one of this format and mode.
fn root(file_name: &str, text: &str) -> Result<Tree, Vec<Finding>> {
    let one = |code, span, message: &str| vec![Finding::new(code, span, message)];
    let too_large = |limit: &str| {
        let message = format!("the file is larger than {limit}");
        Err(one(Code::SC001, Span::default(), &message))
    };
    // A file that is far too large is not parsed, so a recording must be recognisable near its top.
    let head = &text[..text.floor_char_boundary(16 << 10)];
    if text.len() > MAX_BYTES && !head.contains("\"recorded\"") {
        return too_large("1 MiB");
    }
    if text.len() > MAX_RECORDED_BYTES {
        return too_large("256 MiB");
    }
    // Some editors put a byte order mark at the beginning of a file. Blanks of the same length keep all
    // places.
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(text),
    };
    let root = tree::read(&text, file_name.ends_with(".jsonc"))?;
    if let Some(format) = root.get("format")
        && let Value::Number(number) = format.value
        && number != 1
    {
        let message = format!("format {number} is not known: this version reads format 1");
        return Err(one(Code::SC013, format.span, &message));
    }
    if text.len() > MAX_BYTES && root.get("recorded").is_none() {
        return too_large("1 MiB");
    }
    Ok(root)
}

/// The file's seed. A seed that is not a number is reported later, when the file is read into its types.
fn seed_of(root: &Tree) -> u64 {
    match root.get("seed").map(|seed| &seed.value) {
        Some(Value::Number(seed)) => u64::try_from(*seed).unwrap_or(DEFAULT_SEED),
        _ => DEFAULT_SEED,
    }
}

/// The place at which mistakes of `--set` are shown: the parameters of the file.
fn place_of_params(root: &Tree) -> Span {
    let params = root.members().iter().find(|member| member.key == "params");
    params.map_or(root.mark(), |member| member.key_span)
}

fn resolve(
    file_name: &str,
    root: &Tree,
    seed: u64,
    chosen: &params::Chosen,
) -> Result<Resolved, Vec<Finding>> {
    let tree = substitute::substitute(root, chosen)?;
    let written = typed::read(&tree)?;
    let shown = chosen
        .iter()
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect();
    check::resolve(&tree, written, stem(file_name), seed, shown)
}

/// The file's name without folders and extensions.
pub fn stem(file_name: &str) -> &str {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    name.split('.').next().unwrap_or(name)
}
