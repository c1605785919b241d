//! Which features, experiments and rules are kept (spec 23.1).

use super::options::{ReduceOptions, Wanted};
use crate::json::{Json, Object};

impl ReduceOptions {
    /// Whether a feature or an auto experiment is kept for its own sake.
    pub(super) fn matches(&self, item: &Object<'_>) -> bool {
        self.is_in_projects(item) && self.has_wanted(item) && !self.has_unwanted(item)
    }

    /// Whether an item is in one of the projects that are kept, so that its rules are scoped to those, too.
    pub(super) fn is_in_projects(&self, item: &Object<'_>) -> bool {
        let Some(projects) = &self.include.projects else {
            return true;
        };
        is_in_all_projects(item) || projects.has(metadata(item, "projects"))
    }

    /// Whether a rule of an item that is in the projects stays.
    pub(super) fn keeps_rule(&self, rule: &Json<'_>) -> bool {
        let (Some(projects), Some(rule)) = (&self.include.projects, rule.as_object()) else {
            return true;
        };
        let scope = metadata(rule, "projects").filter(|scope| scope.is_truthy());
        scope.is_none_or(|scope| projects.has(Some(scope)))
    }

    fn has_wanted(&self, item: &Object<'_>) -> bool {
        let tags = &self.include.tags;
        tags.as_ref()
            .is_none_or(|tags| tags.has(metadata(item, "tags")))
            && self
                .include
                .custom_fields
                .iter()
                .all(|(id, wanted)| has_field(item, id, wanted))
    }

    fn has_unwanted(&self, item: &Object<'_>) -> bool {
        let has = |unwanted: &Option<Wanted>, key: &str| {
            unwanted
                .as_ref()
                .is_some_and(|it| it.has(metadata(item, key)))
        };
        (has(&self.exclude.projects, "projects") && !is_in_all_projects(item))
            || has(&self.exclude.tags, "tags")
            || self
                .exclude
                .custom_fields
                .iter()
                .any(|(id, unwanted)| has_field(item, id, unwanted))
    }
}

fn is_in_all_projects(item: &Object<'_>) -> bool {
    metadata(item, "allProjects").is_some_and(Json::is_truthy)
}

fn has_field(item: &Object<'_>, id: &str, wanted: &Wanted) -> bool {
    let fields = metadata(item, "customFields").and_then(Json::as_object);
    wanted.has(fields.and_then(|fields| fields.get(id)))
}

fn metadata<'i, 'j>(item: &'i Object<'j>, key: &str) -> Option<&'i Json<'j>> {
    item.get("metadata")?.as_object()?.get(key)
}

#[cfg(test)]
mod tests {
    use crate::json::Json;
    use crate::reduce::ReduceOptions;

    #[track_caller]
    fn check(options: &str, metadata: &str, expected: bool) {
        let options = ReduceOptions::from_json(options).unwrap();
        let item = format!(r#"{{"metadata":{metadata}}}"#);
        let item = Json::parse(&item).unwrap();
        assert_eq!(
            options.matches(item.as_object().unwrap()),
            expected,
            "{metadata}"
        );
    }

    #[test]
    fn projects() {
        let web = r#"{"include":{"projects":["web"]}}"#;
        check(web, r#"{"projects":["web","app"]}"#, true);
        check(web, r#"{"projects":"web"}"#, true);
        check(web, r#"{"projects":["app"]}"#, false);
        check(web, r#"{"projects":[]}"#, false);
        check(web, r#"{"allProjects":true}"#, true);
        check(web, r#"{"allProjects":0}"#, false);
        check(web, "{}", false);
        check(web, "5", false);
        let not_web = r#"{"exclude":{"projects":["web"]}}"#;
        check(not_web, r#"{"projects":["web","app"]}"#, false);
        check(not_web, r#"{"projects":["app"]}"#, true);
        check(not_web, r#"{"projects":["web"],"allProjects":true}"#, true);
        check(not_web, "null", true);
    }

    #[test]
    fn an_empty_list_is_a_filter_and_a_falsy_value_is_none() {
        for (part, matched) in [
            ("[]", false),
            ("\"web\"", false),
            ("{}", false),
            ("null", true),
            ("\"\"", true),
        ] {
            check(
                &format!(r#"{{"include":{{"projects":{part}}}}}"#),
                r#"{"projects":["web"]}"#,
                matched,
            );
            check(
                &format!(r#"{{"include":{{"tags":{part}}}}}"#),
                r#"{"tags":["web"]}"#,
                matched,
            );
            check(
                &format!(r#"{{"exclude":{{"tags":{part}}}}}"#),
                r#"{"tags":["web"]}"#,
                true,
            );
        }
        check(
            r#"{"include":{"projects":[]}}"#,
            r#"{"allProjects":true}"#,
            true,
        );
    }

    #[test]
    fn a_missing_value_matches_nothing() {
        check(r#"{"include":{"tags":[null]}}"#, "{}", false);
        check(
            r#"{"include":{"customFields":{"app":[null]}}}"#,
            "{}",
            false,
        );
        check(r#"{"exclude":{"tags":[null]}}"#, "{}", true);
    }

    #[test]
    fn custom_fields() {
        let app = r#"{"include":{"customFields":{"app":["web",1],"tier":[true]}}}"#;
        check(app, r#"{"customFields":{"app":"web","tier":true}}"#, true);
        check(app, r#"{"customFields":{"app":[1.0],"tier":[true]}}"#, true);
        check(app, r#"{"customFields":{"app":"1","tier":true}}"#, false);
        check(
            app,
            r#"{"customFields":{"app":[["web"]],"tier":true}}"#,
            false,
        );
        check(app, r#"{"customFields":{"app":"web"}}"#, false);
        check(app, r#"{"customFields":["web"]}"#, false);
        // A field's filter that is not an array matches nothing.
        check(
            r#"{"include":{"customFields":{"app":null}}}"#,
            r#"{"customFields":{"app":"web"}}"#,
            false,
        );
        check(r#"{"include":{"customFields":"app"}}"#, "{}", true);
        let not_ios = r#"{"exclude":{"customFields":{"platform":["ios"],"x":"y"}}}"#;
        check(
            not_ios,
            r#"{"customFields":{"platform":["ios","web"]}}"#,
            false,
        );
        check(
            not_ios,
            r#"{"customFields":{"platform":"web","x":"y"}}"#,
            true,
        );
    }

    #[test]
    fn every_part_must_match() {
        let both = r#"{"include":{"projects":["p"],"tags":["a"]},"exclude":{"tags":["b"]}}"#;
        check(both, r#"{"projects":["p"],"tags":["a"]}"#, true);
        check(both, r#"{"projects":["p"],"tags":["c"]}"#, false);
        check(both, r#"{"projects":["q"],"tags":["a"]}"#, false);
        check(both, r#"{"projects":["p"],"tags":["a","b"]}"#, false);
    }

    #[test]
    fn rules_without_a_scope_apply_everywhere() {
        let options = ReduceOptions::from_json(r#"{"include":{"projects":["p"]}}"#).unwrap();
        for (rule, kept) in [
            (r#"{"metadata":{"projects":["p","q"]}}"#, true),
            (r#"{"metadata":{"projects":["q"]}}"#, false),
            (r#"{"metadata":{"projects":[]}}"#, false),
            (r#"{"metadata":{"projects":null}}"#, true),
            (r#"{"metadata":{"projects":""}}"#, true),
            (r#"{"metadata":[]}"#, true),
            ("{}", true),
            ("5", true),
        ] {
            assert_eq!(
                options.keeps_rule(&Json::parse(rule).unwrap()),
                kept,
                "{rule}"
            );
        }
        let all = ReduceOptions::new();
        assert!(all.keeps_rule(&Json::parse(r#"{"metadata":{"projects":["q"]}}"#).unwrap()));
    }
}
