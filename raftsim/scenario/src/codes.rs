//! The stable codes of scenario errors, each with its long explanation.

use std::fmt;

macro_rules! codes {
    ($($code:ident: $text:literal)+) => {
        /// A stable error code such as `SC014`. Codes keep their meaning for ever; new ones are
        /// added at the end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $text] $code,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$code),+];

            /// The code as users write it, such as `"SC014"`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code)),+ }
            }

            /// The meaning of the code, the reason why it is an error, and a way to correct it.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$code => $text),+ }
            }
        }
    };
}

codes! {
    SC001: "The file is larger than 1 MiB, or 256 MiB for a recording. People read scenarios, so a file of that size is \
            most likely not a scenario. Split it, or draw faults at random instead of listing them."
    SC002: "The file is not well-formed JSON. The caret shows where reading stopped, or a \
            bracket that is never closed. The mistake is there or just before: a missing comma, \
            quote, colon or closing bracket. Nesting deeper than the reader's limit has this code, too."
    SC003: "A .json file has a comment or a trailing comma, which strict JSON does not allow. Rename \
            the file to .jsonc, which allows both, or put the text into a \"note\" field."
    SC004: "An object has the same key twice. JSON readers disagree about which one counts, so \
            scenarios allow neither: remove one."
    SC005: "A number that is not a whole number between -2^63 and 2^64 - 1. Runs use integers only. \
            Write fractions as ratios (\"0.5%\", \"1/200\") and times with a unit (\"1.5ms\")."
    SC006: "null is not a value in scenarios. To get a field's default, leave the field out."
    SC007: "An object has a field that the format does not have. Unknown fields are never ignored: \
            otherwise a misspelt fault would silently not happen. The reference page and the JSON \
            Schema list every field."
    SC008: "A required field is missing. The caret shows the object that lacks it."
    SC009: "A value has the wrong kind, for example a list instead of a string."
    SC010: "A string cannot be read as the quantity that the field needs. Durations: \"150ms\", \
            \"1.5s\" (ns, us, ms, s, m, h; at most one decimal). Ranges: \"150ms..300ms\". Ratios: \
            \"10%\", \"0.5%\", \"1/1000\". Rates: \"20/s\". Sizes: \"64KiB\". Clock rates: \
            \"+200ppm\", \"-1%\", \"1001/1000\". Comparisons: \">= 3\". Conditions: \"down >= 2\"."
    SC011: "A number has no unit. Write the unit with the value (\"150ms\", \"10%\", \"20/s\"), so \
            that the value is clear without knowledge of the field."
    SC012: "A word is not one of the words that this field allows. The help text lists them or names the nearest."
    SC013: "This program reads format 1 only. The field \"format\" is the version of the format: \
            a file with another number is for another version of the program."
    SC014: "No node, client or selector has this name. For nodes, write one of the \
            names in \"nodes\", a list of names, or a selector: leader, followers, random, random:N, \
            minority, majority, minority-with-leader, all, down, up."
    SC015: "A field does not belong to the file's mode. In a timed scenario (the default mode) \
            the seed decides when things happen: it has phases. In a stepped scenario nothing happens \
            unless a step says so: it has steps and branches, and no settings for random delays, \
            losses, sync times and requests of clients."
    SC016: "A value such as \"$n\" refers to a parameter that \"params\" does not define."
    SC017: "A parameter is malformed. A parameter is a plain value, a list, {\"one_of\": [...]} \
            with at least one value, or {\"range\": \"1..5\"} with whole numbers. There are at most \
            32 parameters of at most 32 alternatives. Values may not refer to other parameters."
    SC018: "--set names a parameter that the file does not define. Only parameters can be set from \
            outside: to make another field settable, write \"$name\" there and define the name in \
            \"params\"."
    SC019: "A step or fault must hold exactly one action, such as \"crash\" or \"partition\". To do \
            two things at the same time, write two steps."
    SC020: "The steps of a phase must be in the order in which they happen. This step would happen \
            before the step above it. Move it up, or correct its \"at\"."
    SC021: "A step would happen after the end of its phase. The last moment of a phase belongs to the next one. Make the phase longer, or move the step."
    SC022: "A step gives both \"at\" (from the start of the phase) and \"after\" (from the step \
            before). Keep one."
    SC023: "A fault needs exactly one of \"every\" (at drawn intervals) and \"on\" (when something \
            happens): they say when the fault happens."
    SC024: "A fault gives \"for\", after which its action is undone, but this action cannot be \
            undone: restart, recover, resume, release and heal end other faults, and a clock's jump \
            stays."
    SC025: "Two nodes or two phases have the same name; or a node's name is a selector or not a \
            plain word (letters, digits, - and _, starting with a letter, at most 16 characters); or \
            a scenario's name cannot be the name of a file."
    SC026: "A value is outside its bounds. The message gives them. Bounds keep a run \
            finite and meaningful: at most 9 nodes, 64 clients, 1,000 steps and faults, 24 hours of \
            simulated time."
    SC027: "Two settings contradict each other, for example a heartbeat that is not shorter than \
            the shortest election timeout: followers would start elections although their leader \
            is healthy."
    SC028: "An expectation names a phase that the file does not have."
    SC029: "An object has no effect, for example an expectation without a condition, or a change of \
            a link that changes nothing."
    SC030: "A field takes only names or \"all\", because it is read before the run, but it has a \
            selector that depends on the run (such as \"leader\" or \"random\"). Or a field takes one \
            node, but it has a selector: write the node's name."
    SC031: "A node is in two groups of one partition. Groups must be disjoint."
    SC032: "The text of --set or --seed cannot be used. --set takes name=value, where the value is \
            JSON or a plain word; give each name once."
    SC033: "The field \"why\" names an unknown rule. `raftsim explain` lists all rules."
    SC034: "A message has one sender and one receiver. To deliver or drop the messages of several \
            links in one step, add \"all\": true."
    SC035: "A stepped scenario has no randomness: it cannot have random selectors and partitions \
            (random, minority, halves, ...). Name the nodes."
    SC036: "The file does not have this branch. The help text names the nearest branch, or lists all."
    SC037: "There is no bug with this id. `raftsim bugs` lists all bugs."
    SC038: "A step of a script refers to operations by a name that no step above it defined with \
            \"as\"."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The long text behind an error code such as `"SC014"`; `None` if there is no such code. Letter
/// case does not matter.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    Code::ALL
        .iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(code))
        .map(|c| c.explanation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_consecutive_and_explained() {
        for (i, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.as_str(), format!("SC{:03}", i + 1));
            assert!(explain(&code.as_str().to_lowercase()).is_some_and(|text| text.len() > 40));
        }
        assert_eq!(explain("SC999"), None);
    }
}
