//! The layout rules of the crate, checked on its text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

const LINE_LENGTH_MAX: usize = 100;
const FILE_LINES_MAX: usize = 400;

/// The modules that each module may `use crate::`; it may always use itself.
const ARROWS: [(&str, &[&str]); 15] = [
    ("bytes", &[]),
    ("http", &[]),
    ("limits", &[]),
    ("quota", &[]),
    ("stats", &[]),
    ("uring", &["bytes", "limits"]),
    ("values", &["limits", "quota"]),
    ("listener", &["limits"]),
    ("routes", &["http", "values"]),
    (
        "bridge",
        &["http", "limits", "quota", "stats", "uring", "values"],
    ),
    (
        "seats",
        &[
            "bridge", "http", "limits", "quota", "stats", "uring", "values",
        ],
    ),
    (
        "connection",
        &[
            "bridge", "bytes", "http", "limits", "quota", "routes", "stats",
        ],
    ),
    (
        "event_loop",
        &[
            "bridge",
            "bytes",
            "connection",
            "http",
            "limits",
            "quota",
            "routes",
            "stats",
            "uring",
        ],
    ),
    (
        "server",
        &[
            "bridge",
            "connection",
            "event_loop",
            "http",
            "limits",
            "listener",
            "routes",
            "stats",
            "uring",
        ],
    ),
    (
        "binding",
        &[
            "bridge", "http", "limits", "listener", "routes", "seats", "server", "stats", "uring",
            "values",
        ],
    ),
];

struct Source {
    path: PathBuf,
    /// The file or folder below `src`, without its ending.
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap().with_extension("");
                let module = below.iter().next().unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path, module, text });
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// Lines that are not comments, with their numbers.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let numbered = source.text.lines().enumerate();
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Whether any word of the line begins with `word`: `openapi` does not begin with `napi`.
fn names(line: &str, word: &str) -> bool {
    let is_start = |at: usize| !line[..at].ends_with(char::is_alphanumeric);
    line.match_indices(word).any(|(at, _)| is_start(at))
}

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn every_file_begins_with_its_purpose_and_stays_within_the_limits() {
    let mut violations = Vec::new();
    for source in sources() {
        let path = source.path.display();
        if !source.text.starts_with("//!") {
            violations.push(format!("{path}: does not begin with //!"));
        }
        if source.text.lines().count() > FILE_LINES_MAX {
            violations.push(format!("{path}: over {FILE_LINES_MAX} lines"));
        }
        for (index, line) in source.text.lines().enumerate() {
            if line.chars().count() > LINE_LENGTH_MAX {
                violations.push(format!(
                    "{path}:{}: over {LINE_LENGTH_MAX} columns",
                    index + 1
                ));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn modules_use_each_other_only_along_the_arrows() {
    let mut violations = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = ARROWS.iter().find(|(module, _)| *module == source.module) else {
            assert_eq!(
                source.module,
                "lib",
                "{} is missing from the arrows",
                source.path.display()
            );
            continue;
        };
        for (index, line) in code(&source) {
            let Some((_, used)) = line.split_once("crate::") else {
                continue;
            };
            let used = used
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
            if used != source.module && !allowed.contains(&used) {
                let path = source.path.display();
                violations.push(format!("{path}:{}: uses {used}", index + 1));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn only_the_binding_names_napi_and_only_uring_the_kernel() {
    let rules: [(&str, &[&str]); 4] = [
        ("napi", &["binding"]),
        ("io_uring::", &["uring"]),
        ("libc::", &["uring", "listener", "event_loop"]),
        ("unsafe ", &["uring", "binding", "seats"]),
    ];
    let mut violations = Vec::new();
    for source in sources() {
        for (index, line) in code(&source) {
            for (word, modules) in rules {
                if names(line, word) && !modules.contains(&source.module.as_str()) {
                    let path = source.path.display();
                    violations.push(format!("{path}:{}: names {word}", index + 1));
                }
            }
        }
    }
    assert_none(&violations);
}
