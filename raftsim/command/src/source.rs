//! The source of the scenarios of a search: a profile, or a scenario file.

use std::path::Path;

use fuzz::{Generator, MustHit, Profile, Ran};
use runner::TRACE_VERSION;
use scenario::{Overrides, Resolved, render};
use sut::bugs::Bug;

use super::exit::Exit;
use super::files::{ScenarioFile, Unusable};
use super::screen::{Screen, Stop};
use crate::failure::{Token, fingerprint};

/// A source of scenarios, one for each seed.
pub(crate) struct Source {
    /// Its name in summaries.
    pub(crate) name: String,
    /// The probes that all seeds together must hit.
    pub(crate) must_hit: MustHit,
    /// The argument that names it.
    argument: String,
    /// The fingerprint of its text.
    pub(crate) fingerprint: u64,
    kind: Kind,
}

enum Kind {
    Profile(Box<Profile>),
    File(ScenarioFile),
}

/// Makes the scenario of a seed, and the bug to plant.
pub(crate) type Maker<'a> = Box<dyn FnMut(u64) -> Result<(Resolved, Option<Bug>), Stop> + 'a>;

impl Source {
    /// The profile of an argument: a name, or a file.
    pub(crate) fn profile(argument: &str, screen: &mut Screen) -> Result<Source, Stop> {
        let is_file = argument.contains(['/', '\\', '.']) || Path::new(argument).is_file();
        let (profile, fingerprint) = if is_file {
            let file = ScenarioFile::read(argument)?;
            let profile = Profile::parse(&file.path, &file.text).map_err(|found| {
                screen.tell(&render(&found, &file.text, screen.err_has_color()));
                Stop::bad_input(format!("{argument} cannot be used"))
            })?;
            (profile, fingerprint(&file.text))
        } else {
            let profile = Profile::named(argument).map_err(Stop::bad_input)?;
            let text = Profile::text(argument).unwrap_or_default();
            (profile, fingerprint(text))
        };
        Ok(Source {
            name: profile.name.clone(),
            must_hit: profile.must_hit.clone(),
            argument: argument.to_owned(),
            fingerprint,
            kind: Kind::Profile(Box::new(profile)),
        })
    }

    /// The scenario file of an argument.
    pub(crate) fn file(argument: &str, screen: &mut Screen) -> Result<Source, Stop> {
        let file = ScenarioFile::read(argument)?;
        let scenario = file.resolve(&Overrides::default()).map_err(|unusable| {
            let exit = file.explain(&unusable, screen);
            Stop::Failed(exit, format!("{argument} cannot be run"))
        })?;
        if scenario.script().is_some() {
            let message = format!(
                "{argument} is a stepped scenario, which does not depend on the seed: use `raftsim run`"
            );
            return Err(Stop::bad_input(message));
        }
        Ok(Source {
            name: scenario.name,
            must_hit: MustHit::default(),
            argument: argument.to_owned(),
            fingerprint: fingerprint(&file.text),
            kind: Kind::File(file),
        })
    }

    /// The source of a token.
    pub(crate) fn of_token(token: &Token, screen: &mut Screen) -> Result<Source, Stop> {
        let named = Profile::text(&token.source).is_some();
        if named {
            return Source::profile(&token.source, screen);
        }
        let file = ScenarioFile::read(&token.source)?;
        // A scenario has the field "format", a profile the field "profile".
        match Profile::parse(&file.path, &file.text) {
            Ok(_) => Source::profile(&token.source, screen),
            Err(_) => Source::file(&token.source, screen),
        }
    }

    /// The arguments of `fuzz` that name it.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Profile(_) => vec!["--profile", &self.argument],
            Kind::File(_) => vec!["--", &self.argument],
        }
    }

    /// The profile, if it is one.
    pub(crate) fn drawn_from(&self) -> Option<&Profile> {
        match &self.kind {
            Kind::Profile(profile) => Some(profile),
            Kind::File(_) => None,
        }
    }

    /// A maker of scenarios. Each thread has its own.
    pub(crate) fn maker(&self) -> Maker<'_> {
        match &self.kind {
            Kind::Profile(profile) => {
                let generator = Generator::new((**profile).clone());
                Box::new(move |seed| Ok((generator.scenario(seed), generator.planted(seed))))
            }
            Kind::File(file) => Box::new(|seed| Ok((of_file(file, seed)?, None))),
        }
    }

    /// The token of a run.
    pub(crate) fn token(&self, ran: &Ran) -> Token {
        Token {
            source: self.argument.clone(),
            fingerprint: self.fingerprint,
            seed: ran.scenario.seed,
            trace_version: TRACE_VERSION,
            bug: ran.bug,
        }
    }
}

fn of_file(file: &ScenarioFile, seed: u64) -> Result<Resolved, Stop> {
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    file.resolve(&overrides).map_err(|unusable| match unusable {
        Unusable::Mistakes(found) => {
            let found = render(&found, &file.text, false);
            Stop::bad_input(format!("{} with seed {seed}:\n{found}", file.path))
        }
        Unusable::Branch(message) => Stop::Failed(Exit::NothingMatched, message),
    })
}
