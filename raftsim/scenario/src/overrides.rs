//! Values of the command line that override the file.

/// Values of the command line that override the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--seed`, instead of the file's seed.
    pub seed: Option<u64>,
    /// `--set name=value`, instead of the value that the seed would draw. The value is JSON or a plain
    /// word.
    pub sets: Vec<(String, String)>,
}
