//! Reads the histories of porcupine's tests: a register in etcd recorded by Jepsen, and key-value
//! stores. Line numbers serve as the clock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use linearize::{Action, History, Operation, Swap};

/// One file, its known verdict, and the time that porcupine takes for it.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) history: History,
    pub(crate) linearizable: bool,
    /// Measured processor time of porcupine, in milliseconds.
    pub(crate) porcupine_ms: String,
    /// Operations whose outcome is unknown.
    pub(crate) pending: usize,
}

/// The folder that the variable names, or a sibling folder of a checkout.
pub(crate) fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "no run depends on it")]
    let named = std::env::var("PORCUPINE_DATA").ok().map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/research/porcupine-data");
    let folder = named.or_else(|| beside.is_dir().then_some(beside));
    if folder.is_none() {
        eprintln!("skipped: PORCUPINE_DATA does not name a folder with verdicts.csv");
    }
    folder
}

/// All files that `verdicts.csv` lists.
pub(crate) fn all(folder: &Path) -> Vec<Recorded> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let verdicts = read("verdicts.csv");
    verdicts
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<_> = line.split(',').collect();
            let text = read(fields[0]);
            let operations = match fields[1] {
                "etcd-register" => etcd(&text),
                "kv" => kv(&text),
                other => panic!("a model that is not known: {other}"),
            };
            Recorded {
                name: fields[0].to_owned(),
                history: History::new(operations).expect("line numbers are distinct"),
                linearizable: fields[2] == "linearizable",
                porcupine_ms: fields[4].to_owned(),
                pending: fields[6].parse().expect("a number"),
            }
        })
        .collect()
}

fn operation(process: &str, key: &str, line: usize, action: Action) -> Operation {
    Operation {
        process: process.to_owned(),
        key: key.to_owned(),
        call: line as i128,
        ret: None,
        action,
        version: None,
    }
}

/// `INFO  jepsen.util - 0 :invoke :cas [1 2]`. A time-out is an unknown outcome.
fn etcd(text: &str) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (line, text) in text.lines().enumerate() {
        let fields: Vec<_> = text.split_whitespace().collect();
        let (process, kind, call) = (fields[3], fields[4], fields[5]);
        let value = |field: usize| fields[field].trim_matches(['[', ']']).to_owned();
        if kind == ":invoke" {
            let action = match call {
                ":read" => Action::Get { result: None },
                ":write" => Action::Put { value: value(6) },
                ":cas" => Action::Cas {
                    expect: Some(value(6)),
                    value: value(7),
                    told: None,
                },
                other => panic!("a call that is not known: {other}"),
            };
            open.insert(process.to_owned(), operations.len());
            operations.push(operation(process, "register", line, action));
            continue;
        }
        let place = open.remove(process).expect("what returns was called");
        let operation = &mut operations[place];
        let timed_out = fields[6] == ":timed-out";
        if timed_out {
            continue;
        }
        operation.ret = Some(line as i128);
        match (&mut operation.action, kind) {
            (Action::Get { result }, _) => *result = Some(value(6)).filter(|it| it != "nil"),
            (Action::Cas { told, .. }, ":ok") => *told = Some(Swap::Done),
            (Action::Cas { told, .. }, _) => *told = Some(Swap::Failed { actual: None }),
            _ => {}
        }
    }
    operations
}

/// `{:process 0, :type :invoke, :f :append, :key "3", :value "x 0 1 y"}`.
fn kv(text: &str) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (line, text) in text.lines().enumerate() {
        let field = |name: &str| {
            let rest = text.split_once(name).expect("every line has it").1;
            let end = match rest.trim_start().starts_with('"') {
                true => rest.trim_start()[1..].find('"').expect("it ends") + 2,
                false => rest.trim_start().find([',', '}']).expect("it ends"),
            };
            rest.trim_start()[..end].trim_matches('"').to_owned()
        };
        let process = field(":process ");
        if field(":type ") == ":invoke" {
            let action = match field(":f ").as_str() {
                ":get" => Action::Get { result: None },
                ":put" => Action::Put {
                    value: field(":value "),
                },
                ":append" => Action::Append {
                    value: field(":value "),
                },
                other => panic!("a call that is not known: {other}"),
            };
            open.insert(process.clone(), operations.len());
            operations.push(operation(&process, &field(":key "), line, action));
            continue;
        }
        let place = open.remove(&process).expect("what returns was called");
        operations[place].ret = Some(line as i128);
        if let Action::Get { result } = &mut operations[place].action {
            // These stores do not distinguish an absent key from an empty value.
            *result = Some(field(":value ")).filter(|value| !value.is_empty());
        }
    }
    operations
}
