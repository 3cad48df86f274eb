//! The places of a script's steps in their file.

use std::fmt;

use super::{Own, Statement, What};

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

/// Finds the lines of steps, nested ones included.
pub(crate) fn locate(steps: &mut [Statement], text: &str) {
    let begins = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let begins: Vec<usize> = begins.collect();
    each(steps, &mut |spot| {
        let start = usize::try_from(spot.start).unwrap_or(usize::MAX);
        let start = text.floor_char_boundary(start);
        let line = begins.partition_point(|begin| *begin <= start);
        let column = text[begins[line - 1]..start].chars().count() + 1;
        spot.line = u32::try_from(line).unwrap_or(u32::MAX);
        spot.column = u32::try_from(column).unwrap_or(u32::MAX);
    });
}

fn each(steps: &mut [Statement], see: &mut impl FnMut(&mut Spot)) {
    for step in steps {
        see(&mut step.place);
        let What::Own(own) = &mut step.what else {
            continue;
        };
        match own {
            Own::Repeat(repeat) => each(&mut repeat.steps, see),
            Own::Budget(budget) => each(&mut budget.steps, see),
            Own::If(choice) => {
                let lists = choice.then.iter_mut().chain(&mut choice.otherwise);
                lists.for_each(|steps| each(steps, see));
            }
            Own::Parallel(parallel) => {
                parallel
                    .scripts
                    .iter_mut()
                    .for_each(|steps| each(steps, see));
            }
            _ => {}
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
