//! The crates under core. A new one is a decision: it needs a line here.

use std::collections::BTreeSet;

use crate::failure::Outcome;
use crate::step::Step;

/// Asks cargo for the crates that core is built from and compares them with the lists below.
pub(super) fn problems() -> Outcome<Vec<String>> {
    let mut crates = BTreeSet::new();
    for target in TARGETS {
        let step = Step::cargo().args([
            "tree",
            "--locked",
            "-p",
            "growthbook-core",
            "--all-features",
        ]);
        let step = step.args(["-e", "normal", "--prefix", "none", "--target", target]);
        crates.extend(names(&step.stdout()?).map(str::to_owned));
    }
    Ok(judge(crates.iter().map(String::as_str)))
}

fn names(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
}

fn judge<'a>(crates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut problems = Vec::new();
    for name in crates {
        if BANNED.contains(&name) {
            problems.push(format!(
                "growthbook-core depends on `{name}`, which does I/O"
            ));
        } else if !ALLOWED.contains(&name) {
            problems.push(format!(
                "growthbook-core depends on `{name}`: if that is wanted, add it to ALLOWED \
                 in xtask/src/boundaries/tree.rs"
            ));
        }
    }
    problems
}

/// Fixed, so that every machine sees the same tree. (On some ARM systems, `cpufeatures` asks `libc`
/// which instructions there are.)
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"];

/// Crates that reach outside the process, and their usual companions. Named so that a well-meant
/// line in `ALLOWED` is not enough.
const BANNED: &[&str] = &[
    "async-std",
    "curl",
    "curl-sys",
    "diesel",
    "fastrand",
    "getrandom",
    "hyper",
    "hyper-util",
    "isahc",
    "js-sys",
    "libc",
    "libsqlite3-sys",
    "mio",
    "native-tls",
    "notify",
    "openssl",
    "openssl-probe",
    "openssl-sys",
    "rand",
    "rand_core",
    "redis",
    "reqwest",
    "ring",
    "rusqlite",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tempfile",
    "tokio",
    "ureq",
    "wasm-bindgen",
    "web-sys",
    "windows-sys",
];

const ALLOWED: &[&str] = &[
    // What core names itself.
    "aes",
    "arc-swap",
    "base64",
    "cbc",
    "foldhash",
    "growthbook-core",
    "regex",
    "ryu-js",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "url",
    // Under aes, cbc and sha2.
    "block-buffer",
    "block-padding",
    "cfg-if",
    "cipher",
    "cpubits",
    "cpufeatures",
    "crypto-common",
    "digest",
    "hybrid-array",
    "inout",
    "typenum",
    "zeroize",
    // Under regex.
    "aho-corasick",
    "memchr",
    "regex-automata",
    "regex-syntax",
    // Under serde and serde_json.
    "itoa",
    "serde_core",
    "zmij",
    // With the features `tracing` and `log`, which say what happens to whoever listens and write nothing themselves.
    "log",
    "once_cell",
    "pin-project-lite",
    "tracing",
    "tracing-core",
    // Under url: Unicode tables and what reads them.
    "form_urlencoded",
    "icu_collections",
    "icu_locale_core",
    "icu_normalizer",
    "icu_normalizer_data",
    "icu_properties",
    "icu_properties_data",
    "icu_provider",
    "idna",
    "idna_adapter",
    "litemap",
    "percent-encoding",
    "potential_utf",
    "smallvec",
    "stable_deref_trait",
    "tinystr",
    "utf8_iter",
    "utf_types",
    "writeable",
    "yoke",
    "zerofrom",
    "zerotrie",
    "zerovec",
    // Macros: they run in the compiler only.
    "displaydoc",
    "proc-macro2",
    "quote",
    "rustversion",
    "serde_derive",
    "syn",
    "synstructure",
    "thiserror-impl",
    "unicode-ident",
    "yoke-derive",
    "zerofrom-derive",
    "zerovec-derive",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_from_a_tree() {
        let tree = "growthbook-core v0.1.0 (/x)\nserde v1.0.0\n\nsyn v3.0.0 (proc-macro) (*)\n";
        assert_eq!(
            names(tree).collect::<Vec<_>>(),
            ["growthbook-core", "serde", "syn"]
        );
        assert_eq!(judge(names(tree)), Vec::<String>::new());
    }

    #[test]
    fn a_new_crate_is_a_decision_and_io_is_none() {
        let problems = judge(["left-pad", "tokio"].into_iter());
        assert!(problems[0].contains("`left-pad`: if that is wanted"));
        assert_eq!(
            problems[1],
            "growthbook-core depends on `tokio`, which does I/O"
        );
    }

    #[test]
    fn nothing_is_both_banned_and_allowed() {
        assert!(BANNED.iter().all(|name| !ALLOWED.contains(name)));
    }
}
