//! The place of a step of a script in its file.

use std::fmt;

/// The place of a step of a script, for messages. All places are equal, so that equal steps are equal at
/// any place.
#[derive(Clone, Debug, Default)]
pub struct Spot {
    /// Its path inside its phase, such as `script/3/repeat/steps/0`.
    pub path: String,
    /// The line in the file, from 1; 0 if there is no file.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The byte of the file at which it begins. Line and column are computed from it.
    pub(crate) start: u32,
}

impl PartialEq for Spot {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Spot {}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.path.split('/').enumerate() {
            match part.parse::<u32>() {
                Ok(number) => write!(f, "[{number}]")?,
                Err(_) if place == 0 => f.write_str(part)?,
                Err(_) => write!(f, ".{part}")?,
            }
        }
        match self.line {
            0 => Ok(()),
            line => write!(f, " (line {line}:{})", self.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_as_people_write_paths() {
        let spot = Spot {
            path: "script/3/repeat/steps/0".to_owned(),
            line: 12,
            column: 5,
            start: 0,
        };
        assert_eq!(spot.to_string(), "script[3].repeat.steps[0] (line 12:5)");
    }
}
