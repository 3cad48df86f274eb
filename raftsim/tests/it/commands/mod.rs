//! The commands, through the built program: what is typed, what is printed where, exit codes.

mod around;
mod bugs;
mod docs;
mod fuzz;
mod leases;
mod linearize;
mod list;
mod measure;
mod paper;
mod replay;
mod run;
mod several;
mod shrink;
mod stepped;
mod trace;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program, in the root of the project, without colours or filters from outside.
fn raftsim(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_raftsim"));
    command
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for name in ["RAFTSIM_LOG", "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What a finished program said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn say(command: &mut Command) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    let code = status.code().expect("the program ends by itself");
    Said {
        code,
        out: text(stdout),
        err: text(stderr),
    }
}

fn says(args: &[&str]) -> Said {
    say(&mut raftsim(args))
}

/// A file of this test's own.
fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// A scenario of three nodes and a second, with these expectations.
fn scenario(name: &str, expect: &str) -> String {
    let text = format!(
        r#"{{ "format": 1, "name": "{name}", "nodes": ["S1", "S2", "S3"],
  "clients": {{ "count": 1, "rate": "20/s" }},
  "phases": [{{ "name": "calm", "for": "1s" }}],
  "expect": {expect} }}"#
    );
    write(&format!("{name}.json"), &text)
}

fn write(name: &str, text: &str) -> String {
    let path = scratch(name);
    std::fs::write(&path, text).expect("the scratch folder can be written");
    path.to_str()
        .expect("the scratch folder has a plain name")
        .to_owned()
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
