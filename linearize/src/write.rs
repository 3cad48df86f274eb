//! Writes histories as text.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::history::{Action, Operation, Swap};

impl Operation {
    /// One line of a history file, without its end.
    ///
    /// ```
    /// use linearize::{Action, Operation};
    ///
    /// let get = Operation {
    ///     process: "alice".to_owned(),
    ///     key: "x".to_owned(),
    ///     call: 3,
    ///     ret: Some(5),
    ///     action: Action::Get { result: None },
    ///     version: None,
    /// };
    /// let line = r#"{"process":"alice","call":3,"return":5,"op":"get","key":"x","result":null}"#;
    /// assert_eq!(get.to_line(), line);
    /// ```
    #[must_use]
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers can be written")
    }
}

/// The form of a line in a history file.
impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut line = to.serialize_map(None)?;
        match self.process.parse::<u64>() {
            Ok(number) if number.to_string() == self.process => {
                line.serialize_entry("process", &number)?;
            }
            _ => line.serialize_entry("process", &self.process)?,
        }
        line.serialize_entry("call", &self.call)?;
        line.serialize_entry("return", &self.ret)?;
        line.serialize_entry("op", self.action.name())?;
        line.serialize_entry("key", &self.key)?;
        match &self.action {
            Action::Get { result } if self.ret.is_some() => {
                line.serialize_entry("result", result)?;
            }
            Action::Get { .. } => {}
            Action::Put { value } | Action::Append { value } => {
                line.serialize_entry("value", value)?;
            }
            Action::Cas {
                expect,
                value,
                told,
            } => {
                line.serialize_entry("expect", expect)?;
                line.serialize_entry("value", value)?;
                if let Some(told) = told {
                    line.serialize_entry("ok", &(*told == Swap::Done))?;
                }
                if let Some(Swap::Failed {
                    actual: Some(actual),
                }) = told
                {
                    line.serialize_entry("actual", actual)?;
                }
            }
            Action::Delete { existed } => {
                if let Some(existed) = existed {
                    line.serialize_entry("existed", existed)?;
                }
            }
        }
        if let Some(version) = self.version {
            line.serialize_entry("version", &version)?;
        }
        line.end()
    }
}
