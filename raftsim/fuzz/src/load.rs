//! Reads profiles: built-in ones by name, others from the text of a file.

use std::fmt::Display;

use scenario::{
    Counts, Diagnostic, DurationRange, Nanos, Size, is_file_name, not_a_file_name, read_document,
    stem,
};
use sut::nearest;

use super::profile::{LONGEST, LONGEST_TIMEOUT, Profile};

/// The profiles that come with the program, with their texts.
const BUILT_IN: [(&str, &str); 9] = [
    ("quick", include_str!("../../profiles/quick.json")),
    ("storage", include_str!("../../profiles/storage.json")),
    ("reads", include_str!("../../profiles/reads.json")),
    ("snapshots", include_str!("../../profiles/snapshots.json")),
    ("matrix", include_str!("../../profiles/matrix.json")),
    ("membership", include_str!("../../profiles/membership.json")),
    ("liveness", include_str!("../../profiles/liveness.json")),
    ("everything", include_str!("../../profiles/everything.json")),
    ("canary", include_str!("../../profiles/canary.json")),
];

impl Profile {
    /// The names of the profiles that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The text of a profile that comes with the program.
    #[must_use]
    pub fn text(name: &str) -> Option<&'static str> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(text)
    }

    /// A profile that comes with the program.
    ///
    /// # Errors
    /// If no profile has this name; the text names a similar one.
    pub fn named(name: &str) -> Result<Profile, String> {
        let Some(text) = Profile::text(name) else {
            let known: Vec<_> = Profile::names().collect();
            let known = known.join(", ");
            return Err(match nearest(name, Profile::names()) {
                Some(near) => format!("no profile is called {name}: did you mean {near}?"),
                None => format!("no profile is called {name}: there are {known}, or give a file"),
            });
        };
        let profile = Profile::parse(&format!("{name}.json"), text);
        Ok(profile.expect("a test reads every built-in profile"))
    }

    /// Reads a profile from the text of a file; `file_name` is what diagnostics show, and its stem
    /// the default name.
    ///
    /// # Errors
    /// The mistakes that were found, in the order of the file.
    pub fn parse(file_name: &str, text: &str) -> Result<Profile, Vec<Diagnostic>> {
        let mut profile: Profile = read_document(file_name, text, mistakes)?;
        if profile.name.is_empty() {
            profile.name = stem(file_name).to_owned();
        }
        Ok(profile)
    }
}

/// The JSON Schema of profiles, for editors.
pub const SCHEMA: &str = include_str!("../../profiles/schema/profile-1.json");

/// The same, generated from the types that read a profile.
#[cfg(feature = "schema")]
#[must_use]
pub fn schema() -> String {
    scenario::schema_of::<Profile>()
}

/// The ranges that no scenario may use: the place in the file, and the reason.
fn mistakes(profile: &Profile) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut out_of_bounds =
        |at: &str, range: &dyn Display, least: &dyn Display, most: &dyn Display| {
            let message = format!("{range} is out of bounds: from {least} to {most}");
            found.push((at.to_owned(), message));
        };
    if profile.profile != 1 {
        let version = profile.profile;
        let message = format!("this program reads profiles of format 1, not {version}");
        found.push(("profile".to_owned(), message));
        return found;
    }
    for (at, counts, (least, most)) in counts(profile) {
        if counts.low() < least || counts.high() > most {
            out_of_bounds(at, &counts, &least, &most);
        }
    }
    let (smallest, largest) = (Size::bytes(1), Size::MAX);
    let snapshot = profile.machine.snapshot_bytes;
    if snapshot.low() < smallest {
        out_of_bounds("machine/snapshot_bytes", &snapshot, &smallest, &largest);
    }
    let (smallest, largest) = (Size::bytes(16), Size::kib(16 * 1024));
    let piece = profile.raft.snapshot_piece;
    if piece.low() < smallest || piece.high() > largest {
        out_of_bounds("raft/snapshot_piece", &piece, &smallest, &largest);
    }
    let (smallest, largest) = (Size::kib(1), Size::kib(16 * 1024));
    let message = profile.raft.max_message;
    if message.low() < smallest || message.high() > largest {
        out_of_bounds("raft/max_message", &message, &smallest, &largest);
    }
    let (smallest, largest) = (Size::kib(1), Size::kib(1024 * 1024));
    let uncommitted = profile.raft.uncommitted;
    if uncommitted.low() < smallest || uncommitted.high() > largest {
        out_of_bounds("raft/uncommitted", &uncommitted, &smallest, &largest);
    }
    // The smallest message must have room for a value and its command.
    let room = message.low().get().saturating_sub(256).min(16 << 10);
    let (value, room) = (
        profile.clients.value_size,
        Size::new(room).unwrap_or_default(),
    );
    if value.high() > room {
        out_of_bounds("clients/value_size", &value, &Size::default(), &room);
    }
    let drift = profile.clocks.drift.of;
    if u64::from(drift.high().num()) * 10 > u64::from(drift.high().den()) {
        out_of_bounds("clocks/drift/of", &drift, &"0%", &"10%");
    }
    for (at, range, least) in durations(profile) {
        let most = match at.as_str() {
            "raft/election_timeout" | "clients/request_timeout" | "machine/apply_after" => {
                LONGEST_TIMEOUT
            }
            _ => LONGEST,
        };
        if range.low() < least || range.high() > most {
            out_of_bounds(&at, &range, &least, &most);
        }
    }
    if !profile.name.is_empty() && !is_file_name(&profile.name) {
        found.push(("name".to_owned(), not_a_file_name(&profile.name)));
    }
    found
}

type Bounds = (u32, u32);

fn counts(profile: &Profile) -> [(&'static str, Counts, Bounds); 15] {
    let (raft, clients) = (&profile.raft, &profile.clients);
    let machine = &profile.machine;
    [
        ("nodes", profile.nodes, (1, 9)),
        ("spares", profile.spares, (0, 8)),
        ("raft/spread_percent", raft.spread_percent, (20, 1_000)),
        ("raft/heartbeats", raft.heartbeats, (2, 100)),
        ("raft/window_messages", raft.window_messages, (1, 1_024)),
        ("raft/reads_waiting", raft.reads_waiting, (1, 65_536)),
        ("raft/disk_timeouts", raft.disk_timeouts, (2, 1_000)),
        (
            "clocks/speed_percent",
            profile.clocks.speed_percent,
            (10, 1_000),
        ),
        ("clients/count", clients.count, (1, 64)),
        ("clients/per_second", clients.per_second, (1, 10_000)),
        ("clients/keys", clients.keys, (1, 10_000)),
        ("clients/patience", clients.patience, (1, 1_000)),
        ("storm/phases", profile.storm.phases, (1, 9)),
        (
            "machine/snapshot_entries",
            machine.snapshot_entries,
            (1, 1_000_000),
        ),
        (
            "machine/snapshot_keep",
            machine.snapshot_keep,
            (0, 1_000_000),
        ),
    ]
}

/// Each range of durations with its place in the file and its lower bound.
fn durations(profile: &Profile) -> Vec<(String, DurationRange, Nanos)> {
    let (millisecond, zero) = (Nanos::millis(1), Nanos::ZERO);
    let mut all = vec![
        (
            "raft/election_timeout".to_owned(),
            profile.raft.election_timeout,
            millisecond,
        ),
        (
            "clients/request_timeout".to_owned(),
            profile.clients.request_timeout,
            millisecond,
        ),
        ("storm/for".to_owned(), profile.storm.lasts, millisecond),
        ("clocks/jump".to_owned(), profile.clocks.jump, millisecond),
        ("network/delay".to_owned(), profile.network.delay, zero),
        (
            "network/reorder_delay".to_owned(),
            profile.network.reorder_delay,
            zero,
        ),
        (
            "client_network/delay".to_owned(),
            profile.client_network.delay,
            zero,
        ),
        (
            "client_network/reorder_delay".to_owned(),
            profile.client_network.reorder_delay,
            zero,
        ),
        (
            "machine/apply_after".to_owned(),
            profile.machine.apply_after,
            zero,
        ),
        (
            "machine/apply_late".to_owned(),
            profile.machine.apply_late,
            zero,
        ),
        (
            "machine/session_timeout".to_owned(),
            profile.machine.session_timeout,
            millisecond,
        ),
        ("disk/sync".to_owned(), profile.disk.sync, zero),
        ("disk/slow_sync".to_owned(), profile.disk.slow_sync, zero),
    ];
    for (_, name, pattern) in profile.faults.patterns() {
        all.push((format!("faults/{name}/every"), pattern.every, millisecond));
        all.push((format!("faults/{name}/for"), pattern.lasts, zero));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Generator;
    use scenario::{Overrides, parse};

    #[test]
    fn every_built_in_profile_is_sound_and_named_as_its_file() {
        for name in Profile::names() {
            let text = Profile::text(name).expect("it is built in");
            let profile = Profile::parse("x.json", text).expect(name);
            assert_eq!(profile.name, name);
            assert_eq!(Profile::named(name), Ok(profile));
        }
        let error = Profile::named("quik").expect_err("a slip");
        assert_eq!(error, "no profile is called quik: did you mean quick?");
    }

    #[test]
    fn what_the_bounds_allow_makes_sound_scenarios() {
        let extremes = r#"{ "profile": 1, "nodes": "9..9",
            "raft": { "election_timeout": "20s..20s", "spread_percent": "1000..1000" },
            "client_network": { "delay": "1h..1h" }, "network": { "delay": "1h..1h" },
            "disk": { "sync": "1h..1h" }, "storm": { "phases": "9..9", "for": "1h..1h" },
            "clients": { "request_timeout": "20s..20s", "patience": "1000..1000" } }"#;
        let fixed = r#"{ "profile": 1, "storm": { "for": "5s" }, "network": { "delay": "10ms" },
            "raft": { "election_timeout": "150ms" }, "clocks": { "jump": "5s" },
            "clients": { "request_timeout": "100ms" },
            "faults": { "crash_leader": { "chance": "100%", "every": "1s", "for": "1s" } } }"#;
        for text in [extremes, fixed] {
            let profile = Profile::parse("mine.json", text).expect("within the bounds");
            let generator = Generator::new(profile);
            for seed in 0..50 {
                let json = generator.scenario(seed).to_json();
                let parsed = parse("drawn.json", &json, &Overrides::default());
                assert!(parsed.is_ok(), "{json}");
            }
        }
        for text in [
            r#"{ "profile": 1, "name": "../x" }"#,
            r#"{ "profile": 2 }"#,
            r#"{ "profile": 1, "raft": { "election_timeout": "21s" } }"#,
        ] {
            assert!(Profile::parse("mine.json", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mistake_in_a_profile_has_its_place_and_says_what_would_be_right() {
        let found = |text: &str| {
            let found = Profile::parse("mine.json", text).expect_err("a mistake");
            let first = &found[0];
            let help = first.help.clone().unwrap_or_default();
            (first.column, first.message.clone(), help)
        };
        let field = r#"{ "profile": 1, "faults": { "crsh": { "chance": "5%" } } }"#;
        let expected = (29, "there is no field \"crsh\" here".to_owned());
        let (column, message, help) = found(field);
        assert_eq!((column, message), expected);
        assert_eq!(help, "did you mean crash?");
        let bounds = r#"{ "profile": 1, "nodes": "1..12" }"#;
        let (column, message, _) = found(bounds);
        assert_eq!(column, 26);
        assert_eq!(message, "1..12 is out of bounds: from 1 to 9");
        let probe = r#"{ "profile": 1, "must_hit": { "probes": ["split-vot"] } }"#;
        let (column, message, help) = found(probe);
        assert_eq!(column, 42);
        assert_eq!(message, "no probe is called \"split-vot\"");
        assert_eq!(help, "did you mean split-vote?");
    }

    #[test]
    fn a_profile_needs_to_say_nothing_but_its_version() {
        let profile = Profile::parse("mine.json", r#"{ "profile": 1 }"#).expect("sound");
        assert_eq!(profile.name, "mine");
        assert!(profile.faults.patterns().is_empty());
    }
}
