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

            /// What the code means, why it is an error, and how to put it right.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$code => $text),+ }
            }
        }
    };
}

codes! {
    SC001: "The file is larger than 1 MiB, or 256 MiB for a recording. A scenario is read by people; a file of that size is \
            most likely not a scenario. Split it, or let faults be drawn at random instead of \
            listing them."
    SC002: "The file is not well-formed JSON. The caret stands where reading stopped, or at a \
            bracket that is never closed; the mistake is there or just before: a missing comma, \
            quote, colon or closing bracket. Nesting \
            deeper than the reader's limit is reported here too."
    SC003: "A .json file holds a comment or a trailing comma. Strict JSON knows neither. Rename the \
            file to .jsonc, where both are welcome, or put the text into a \"note\" field."
    SC004: "The same key stands twice in one object. JSON readers disagree on which one counts, so \
            neither does: remove one."
    SC005: "A number that is not a whole number between -2^63 and 2^64 - 1. Runs use integers only. \
            Write fractions as ratios (\"0.5%\", \"1/200\") and times with a unit (\"1.5ms\")."
    SC006: "null is not a value in scenarios. To get a field's default, leave the field out."
    SC007: "An object holds a field that the format does not know. Fields are never ignored: a \
            misspelt fault would otherwise silently not happen. The reference page and the JSON \
            Schema list every field."
    SC008: "A required field is missing. The caret stands at the object that lacks it."
    SC009: "A value of the wrong kind, for example a list where a string is expected."
    SC010: "A string that should hold a quantity cannot be read as one. Durations: \"150ms\", \
            \"1.5s\" (ns, us, ms, s, m, h; at most one decimal). Ranges: \"150ms..300ms\". Ratios: \
            \"10%\", \"0.5%\", \"1/1000\". Rates: \"20/s\". Sizes: \"64KiB\". Clock rates: \
            \"+200ppm\", \"-1%\", \"1001/1000\". Comparisons: \">= 3\". Conditions: \"down >= 2\"."
    SC011: "A bare number stands where a unit is due. The unit belongs to the value (\"150ms\", \
            \"10%\", \"20/s\"), so that nobody has to know which unit a field means."
    SC012: "A word that is not one of those allowed here. The message lists them."
    SC013: "This program reads format 1 only. The field \"format\" states the format's version: \
            another number means that the file was written for another version of the program."
    SC014: "A name or selector that no node or client answers to. Where a node is expected, write one of the \
            names in \"nodes\", a list of names, or a selector: leader, followers, random, random:N, \
            minority, majority, minority-with-leader, all, down, up."
    SC015: "A field that does not belong to the file's mode. In a timed scenario (the default mode) \
            the seed decides when things happen: it has phases. In a stepped one nothing happens \
            unless a step says so: it has steps and branches, and what would be drawn (delays, \
            losses, sync times, what clients ask for) has no meaning."
    SC016: "A value such as \"$n\" refers to a parameter that \"params\" does not define."
    SC017: "A parameter is malformed. A parameter is a plain value, a list, {\"one_of\": [...]} \
            with at least one value, or {\"range\": \"1..5\"} with whole numbers. There are at most \
            32 parameters of at most 32 alternatives. Values may not refer to other parameters."
    SC018: "--set names a parameter that the file does not define. Only parameters can be set from \
            outside: to make another field settable, write \"$name\" there and define the name in \
            \"params\"."
    SC019: "A step or fault must hold exactly one action, such as \"crash\" or \"partition\". To do \
            two things at the same time, write two steps."
    SC020: "The steps of a phase stand in the order in which they happen. This one would happen \
            before the one above it. Move it up, or correct its \"at\"."
    SC021: "A step would happen when its phase has ended: the phase's last moment belongs to the next one. Make the phase longer, or move the step."
    SC022: "A step gives both \"at\" (from the start of the phase) and \"after\" (from the step \
            before). Keep one."
    SC023: "A fault needs exactly one of \"every\" (at drawn intervals) and \"on\" (when something \
            happens): it says when the fault strikes."
    SC024: "A fault gives \"for\", after which its action is undone, but this action cannot be \
            undone: restart, recover, resume, release and heal end other faults, and a clock's jump \
            stays."
    SC025: "Two nodes or two phases have the same name, or a node's name is a selector or not a \
            plain word (letters, digits, - and _, starting with a letter, at most 16 characters), or \
            a scenario's name cannot be the name of files."
    SC026: "A value outside what the format allows. The message gives the bounds. They keep a run \
            finite and meaningful: at most 9 nodes, 64 clients, 1,000 steps and faults, 24 hours of \
            simulated time."
    SC027: "Two settings contradict each other, for example a heartbeat that is not shorter than \
            the shortest election timeout: followers would stand for election under a healthy \
            leader."
    SC028: "An expectation names a phase that the file does not have."
    SC029: "An object that says nothing, for example an expectation without a condition or a \
            change of a link that changes nothing. It would always hold, or never matter."
    SC030: "A selector that depends on the run (such as \"leader\" or \"random\") stands where only \
            names or \"all\" can be meant: nothing has happened yet when this field is read. Or a \
            selector stands where one node is meant: write its name."
    SC031: "A node stands in two groups of one partition. Groups are disjoint."
    SC032: "The text of --set or --seed cannot be used. --set takes name=value, where the value is \
            JSON or a plain word; give each name once."
    SC033: "The field \"why\" names a rule that is not known. `raftsim explain` lists all rules."
    SC034: "A message has one sender and one receiver. To deliver or lose the messages of several \
            links in one step, add \"all\": true."
    SC035: "In a stepped scenario nothing is left to chance: selectors and partitions that are drawn \
            (random, minority, halves, ...) have no meaning. Name the nodes."
    SC036: "A branch that the file does not have. The message names the nearest one that it has."
    SC037: "An unknown bug. `raftsim bugs` lists those that can be planted."
    SC038: "A step of a script speaks of operations by a name that no step above it gave with \
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
