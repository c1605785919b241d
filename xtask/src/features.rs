//! Every combination of features, one package at a time so that packages do not switch each other's
//! features on.

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::step::Step;
use crate::workspace::{Package, Workspace};

/// `cargo xtask features`
pub(crate) fn run(workspace: &Workspace, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    all(workspace)
}

/// Checks each published package with its defaults, and with every combination without them; and tests each that has
/// defaults once without them. Reports all that fail.
pub(crate) fn all(workspace: &Workspace) -> Outcome {
    let mut problems = Vec::new();
    for package in workspace.published() {
        problems.extend(check(package, &[]).err());
        for chosen in combinations(package.features()) {
            let mut args = vec!["--no-default-features".to_owned()];
            if !chosen.is_empty() {
                args.extend(["--features".to_owned(), chosen.join(",")]);
            }
            problems.extend(check(package, &args).err());
        }
        if package.has_defaults() {
            problems.extend(test_without_defaults(package).err());
        }
    }
    let problems: Vec<String> = problems.iter().map(Failure::to_string).collect();
    Failure::unless_empty("some combinations of features do not work:", &problems)
}

fn test_without_defaults(package: &Package) -> Outcome {
    Step::cargo()
        .args(["test", "--quiet", "--locked", "--no-fail-fast"])
        .args(["-p", package.name(), "--no-default-features"])
        .run()
}

fn check(package: &Package, args: &[String]) -> Outcome {
    Step::cargo()
        .args(["check", "--quiet", "--locked", "-p", package.name()])
        .args(args)
        .run()
}

/// Every subset, smallest first. With more features than `EVERY_SUBSET_UP_TO`: none, each, each
/// pair, and all together.
fn combinations(features: &[String]) -> Vec<Vec<&str>> {
    let mut subsets: Vec<Vec<&str>> = vec![Vec::new()];
    let largest = if features.len() <= EVERY_SUBSET_UP_TO {
        features.len()
    } else {
        2
    };
    for feature in features {
        let grown = subsets.iter().filter(|subset| subset.len() < largest);
        let grown: Vec<_> = grown
            .map(|subset| [subset.as_slice(), &[feature]].concat())
            .collect();
        subsets.extend(grown);
    }
    if largest < features.len() {
        subsets.push(features.iter().map(String::as_str).collect());
    }
    subsets.sort_by_key(Vec::len);
    subsets
}

/// 64 combinations; past that, time doubles with each feature and pairs find what there is to find.
const EVERY_SUBSET_UP_TO: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn features(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("f{number}")).collect()
    }

    #[test]
    fn a_package_without_features_has_one_combination() {
        assert_eq!(combinations(&[]), [Vec::<&str>::new()]);
    }

    #[test]
    fn few_features_are_combined_in_every_way() {
        assert_eq!(
            combinations(&features(2)),
            [vec![], vec!["f0"], vec!["f1"], vec!["f0", "f1"]]
        );
        assert_eq!(combinations(&features(6)).len(), 64);
    }

    #[test]
    fn many_features_are_combined_in_pairs_and_all_together() {
        let features = features(7);
        let subsets = combinations(&features);
        assert_eq!(subsets.len(), 1 + 7 + 21 + 1);
        assert_eq!(subsets.last().map(Vec::len), Some(7));
    }
}
