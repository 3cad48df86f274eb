//! What the command line says against the file.

/// What the command line says beside the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--seed`: comes before the file's.
    pub seed: Option<u64>,
    /// `--set name=value`: comes before what the seed would draw. The value is JSON or a plain word.
    pub sets: Vec<(String, String)>,
}
