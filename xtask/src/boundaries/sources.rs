//! What the sources of core name: nothing of std that acts, and only modules that the arrows allow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::failure::{Failure, Outcome};

use super::arrows::{may_name, row_of};
use super::paths::{Named, Names};

/// Reads every source file under `src` and says where each oversteps.
pub(super) fn problems(src: &Path) -> Outcome<Vec<String>> {
    let mut files = Vec::new();
    read_folder(src, &[], &mut files)?;
    files.sort_by(|one: &Source, other| one.path.cmp(&other.path));
    Ok(judge(&files))
}

/// One file: where it is, which module it is, and what it names.
struct Source {
    path: String,
    module: Vec<String>,
    names: Names,
}

fn read_folder(folder: &Path, module: &[String], files: &mut Vec<Source>) -> Outcome {
    let failed = |error| Failure::new(format!("cannot read {}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let below = || {
            module
                .iter()
                .cloned()
                .chain([name.clone()])
                .collect::<Vec<_>>()
        };
        if path.is_dir() {
            read_folder(&path, &below(), files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).map_err(failed)?;
            files.push(Source {
                path: path.display().to_string(),
                module: if matches!(name.as_str(), "lib" | "mod") {
                    module.to_vec()
                } else {
                    below()
                },
                names: Names::of(&source),
            });
        }
    }
    Ok(())
}

fn judge(files: &[Source]) -> Vec<String> {
    let test_modules: BTreeSet<Vec<String>> = files.iter().flat_map(test_modules).collect();
    let for_tests = |file: &Source| {
        test_modules
            .iter()
            .any(|test| file.module.starts_with(test))
    };
    let root = files
        .iter()
        .find(|file| file.module.is_empty())
        .map(re_exports)
        .unwrap_or_default();
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !for_tests(file)) {
        problems.extend(forbidden(file));
        if !file.module.is_empty() {
            problems.extend(wrong_arrows(file, &root));
        }
    }
    problems
}

fn test_modules(file: &Source) -> impl Iterator<Item = Vec<String>> {
    let names = file.names.test_modules.iter();
    names.map(|name| file.module.iter().chain([name]).cloned().collect())
}

/// Names that the crate's root gives to things that live in modules.
fn re_exports(root: &Source) -> BTreeMap<String, Vec<String>> {
    let imports = root.names.paths.iter().filter_map(|named| {
        let path = named
            .within_crate(&[])
            .unwrap_or_else(|| named.segments.clone());
        Some((named.name.clone()?, path))
    });
    imports.collect()
}

fn forbidden(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for Named { segments, line, .. } in &file.names.paths {
        for (path, why) in FORBIDDEN {
            let pattern: Vec<&str> = path.split("::").collect();
            let found = segments
                .windows(pattern.len())
                .any(|window| window == pattern);
            let is_harmless = HARMLESS.contains(&segments.join("::").as_str());
            if found && !is_harmless && !is_excepted(&file.module, path) {
                problems.push(format!("{}:{line}: `{path}`: {why}", file.path));
            }
        }
    }
    for (name, line) in &file.names.macros {
        if PRINTING.contains(&name.as_str()) {
            problems.push(format!(
                "{}:{line}: `{name}!`: core prints nothing",
                file.path
            ));
        }
    }
    problems
}

fn is_excepted(module: &[String], path: &str) -> bool {
    EXCEPTIONS.iter().any(|(name, allowed)| {
        module.first().is_some_and(|first| first == name) && *allowed == path
    })
}

/// One line per arrow: where a file first names a module that it should not.
fn wrong_arrows(file: &Source, root: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let Some(from) = row_of(&file.module) else {
        return vec![format!("{}: {}", file.path, no_row(&file.module))];
    };
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for named in &file.names.paths {
        let Some(path) = named.within_crate(&file.module) else {
            continue;
        };
        let Some(first) = path.first() else { continue };
        let target = root.get(first).unwrap_or(&path);
        let problem = match row_of(target) {
            Some(to) if may_name(from, to) => continue,
            Some(to) => format!("`{from}` may not name `{to}`"),
            None => no_row(target),
        };
        if seen.insert(problem.clone()) {
            problems.push(format!("{}:{}: {problem}", file.path, named.line));
        }
    }
    problems
}

fn no_row(path: &[String]) -> String {
    let module = path.first().map_or("crate", String::as_str);
    format!("`{module}` has no row in xtask/src/boundaries/arrows.rs: add it to the table")
}

/// Paths of std that no module of core names, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("Instant::now", "time comes from `Clock`"),
    ("SystemTime::now", "time comes from `Clock`"),
    ("std::*", "name what is meant"),
    ("std::env", "core reads no environment"),
    ("std::fs", "core opens no file"),
    ("std::net", "core opens no socket"),
    ("std::os", "core knows no operating system"),
    ("std::process", "core starts and ends no process"),
    ("std::thread", "core starts no thread and never sleeps"),
];

/// Paths within those that do nothing.
const HARMLESS: &[&str] = &["std::thread::ThreadId", "std::thread::current"];

/// Modules that have to, with what is under them: the clock reads the clock, and the suites for stores run them from many
/// threads (in tests alone: the module is behind a Cargo feature).
const EXCEPTIONS: &[(&str, &str)] = &[
    ("clock", "Instant::now"),
    ("clock", "SystemTime::now"),
    ("testing", "std::thread"),
];

const PRINTING: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];

#[cfg(test)]
mod tests {
    use super::*;

    fn file(module: &str, source: &str) -> Source {
        Source {
            path: format!("{module}.rs"),
            module: module
                .split("::")
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            names: Names::of(source),
        }
    }

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<Source> = files
            .iter()
            .map(|(module, source)| file(module, source))
            .collect();
        judge(&files)
    }

    #[test]
    fn std_that_acts_is_found_however_it_is_written() {
        for source in [
            "use std::{collections::BTreeMap, fs};",
            "fn f() { let x = ::std::fs::read(p); }",
            "use std::fs as files;",
        ] {
            assert_eq!(
                check(&[("text", source)]),
                ["text.rs:1: `std::fs`: core opens no file"]
            );
        }
        assert_eq!(
            check(&[("text", "\nfn f() { dbg!(x); }")]),
            ["text.rs:2: `dbg!`: core prints nothing"]
        );
    }

    #[test]
    fn only_the_clock_reads_the_clock() {
        let source = "use std::time::SystemTime; fn now() -> SystemTime { SystemTime::now() }";
        assert_eq!(check(&[("clock", source)]), Vec::<String>::new());
        assert_eq!(check(&[("client", source)]).len(), 1);
        assert_eq!(
            check(&[("clock", "fn f() { std::thread::yield_now() }")]).len(),
            1
        );
    }

    #[test]
    fn only_the_suites_for_stores_start_threads() {
        let source = "use std::thread;";
        assert_eq!(check(&[("testing::suite", source)]), Vec::<String>::new());
        assert_eq!(check(&[("client::testing", source)]).len(), 1);
        assert_eq!(check(&[("testing::suite", "use std::fs;")]).len(), 1);
    }

    #[test]
    fn arrows_go_one_way() {
        let condition = "use crate::attributes::Attributes;";
        assert_eq!(
            check(&[("condition::eval", condition)]),
            Vec::<String>::new()
        );
        assert_eq!(
            check(&[("attributes::value", "use crate::condition::Condition;")]),
            ["attributes::value.rs:1: `attributes` may not name `condition`"]
        );
        assert_eq!(
            check(&[("engine", "fn f() { super::client::g() }")]).len(),
            1
        );
    }

    #[test]
    fn a_name_from_the_root_is_followed_to_its_module() {
        let root = "mod client; pub use client::{GrowthBookClient, Status as ClientStatus};";
        let engine = "use crate::ClientStatus;";
        assert_eq!(
            check(&[("", root), ("engine", engine)]),
            ["engine.rs:1: `engine` may not name `client`"]
        );
    }

    #[test]
    fn what_the_table_does_not_know_is_an_error() {
        let add_it = "`novelty` has no row in xtask/src/boundaries/arrows.rs: add it to the table";
        assert_eq!(check(&[("novelty", "")]), [format!("novelty.rs: {add_it}")]);
        let engine = "use crate::novelty::{X, Y};";
        assert_eq!(
            check(&[("engine", engine)]),
            [format!("engine.rs:1: {add_it}")]
        );
    }

    #[test]
    fn files_for_tests_alone_are_left_out() {
        let files = [
            ("text", "#[cfg(test)] mod vectors;"),
            ("text::vectors", "use std::fs;"),
        ];
        assert_eq!(check(&files), Vec::<String>::new());
    }
}
