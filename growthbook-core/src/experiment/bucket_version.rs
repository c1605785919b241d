/// Whether an assignment's key is of this experiment and of a bucket version from 0 up to, not including, `min`
/// (spec 17.2).
pub(crate) fn is_kept_out(assignment_key: &str, experiment: &str, min: f64) -> bool {
    let version = assignment_key
        .strip_prefix(experiment)
        .and_then(|it| it.strip_prefix("__"));
    let Some(version) = version else {
        return false;
    };
    let is_canonical = version == "0" || !version.starts_with('0');
    is_canonical
        && version.bytes().all(|byte| byte.is_ascii_digit())
        && version.parse::<f64>().is_ok_and(|version| version < min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_versions_below_the_minimum_keep_out() {
        for (key, expected) in [
            ("exp__0", true),
            ("exp__2", true),
            ("exp__3", false),
            ("exp__10", false),
            ("exp__02", false),
            ("exp__-1", false),
            ("exp__", false),
            ("exp__1.5", false),
            ("exp2__0", false),
            ("other__0", false),
        ] {
            assert_eq!(is_kept_out(key, "exp", 3.0), expected, "{key}");
        }
    }
}
