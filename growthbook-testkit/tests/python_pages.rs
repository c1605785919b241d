//! The pages for those who come from the SDK for Python are complete, and their links lead somewhere.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_name_of_the_package_has_its_place() {
    let page = page("from-python.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let is_there = |class: &str, name: &str| {
        let (class, name) = (format!("`{class}`"), format!("`{name}`"));
        let of_class = rows.iter().filter(|row| row[1].starts_with(&class));
        let mut naming = of_class.filter(|row| row[2].contains(&name));
        naming.any(|row| row[3].contains("]("))
    };
    let names = NAMES
        .iter()
        .flat_map(|(class, names)| names.split(' ').map(move |name| (*class, name)));
    let missing: Vec<_> = names
        .filter(|(class, name)| !is_there(class, name))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn every_link_leads_to_a_heading() {
    for name in PAGES {
        let page = page(name);
        let links = page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links {
            let Some((file, anchor)) = link.split_once('#') else {
                continue;
            };
            let target = if file.is_empty() { name } else { file };
            let anchors = anchors(&self::page(target));
            assert!(anchors.contains(anchor), "{name} links to {link}");
        }
    }
}

#[test]
fn what_is_shown_in_one_language_is_shown_in_the_other() {
    for name in PAGES {
        let page = page(name);
        for section in page.split("\n## ").flat_map(|part| part.split("\n### ")) {
            let heading = section.lines().next();
            let has_python = section.contains("```python");
            let has_ours = section.contains("```rust") || section.contains("```toml");
            let is_introduction = section.starts_with("# ");
            assert!(
                is_introduction || has_python == has_ours,
                "{name}: {heading:?}"
            );
        }
    }
}

fn page(name: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(docs.join(name)).unwrap()
}

/// What GitHub makes of the headings: lower case, hyphens for spaces, and letters, digits and hyphens alone.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let texts = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let is_kept = |c: &char| c.is_alphanumeric() || *c == '-';
    texts
        .map(|text| text.replace(' ', "-").chars().filter(is_kept).collect())
        .collect()
}

const PAGES: [&str; 2] = ["from-python.md", "from-python-web.md"];

/// What the package `growthbook` 4.0.0 exports: its classes with the parameters of their constructors, their methods and
/// their results' members, as `inspect.signature` and `inspect.getmembers` list them; what a class inherits is listed with
/// its parent.
const NAMES: &[(&str, &str)] = &[
    (
        "GrowthBook",
        "api_host attributes cacheKeyAttributes cache_key_attributes cache_ttl \
         clear_deferred_tracking_calls client_key contextualBandits contextual_bandits \
         decryption_key defer_tracking destroy enabled evalFeature eval_feature features \
         forcedVariations forced_features forced_variations getAllResults getAttributes \
         getFeatureValue getFeatures get_all_results get_attributes get_deferred_tracking_calls \
         get_feature_value get_features groups http_connect_timeout http_read_timeout isOff isOn \
         is_off is_on load_features load_features_async log_event on_experiment_viewed \
         on_feature_usage overrides plugins qaMode qa_mode refresh_sticky_buckets remoteEval \
         remote_eval run savedGroups saved_groups setAttributes setFeatures set_attributes \
         set_event_logger set_features set_forced_features set_forced_variations set_payload \
         set_url skip_all_experiments stale_ttl stale_while_revalidate startAutoRefresh \
         start_auto_refresh sticky_bucket_identifier_attributes sticky_bucket_service \
         stopAutoRefresh stop_auto_refresh streaming streaming_connection_timeout subscribe \
         trackingCallback url user user_agent_suffix",
    ),
    (
        "GrowthBookClient",
        "close create_evaluation_context eval_feature flush_sticky_bucket_saves get_feature_value \
         initialize is_off is_on log_event options preload_remote_eval reduce_payload run \
         set_event_logger set_features set_payload subscribe user_agent_suffix",
    ),
    (
        "Options",
        "api_host cache_key_attributes cache_ttl client_key decryption_key enable_dev_mode \
         enabled event_logger http_connect_timeout http_read_timeout on_experiment_viewed \
         on_feature_usage qa_mode refresh_strategy remote_eval remote_eval_cache_size stale_ttl \
         sticky_bucket_cache_size sticky_bucket_cache_ttl sticky_bucket_identifier_attributes \
         sticky_bucket_service tracking_plugins url",
    ),
    (
        "UserContext",
        "attributes forced_features forced_variations groups overrides skip_all_experiments \
         sticky_bucket_assignment_docs url",
    ),
    (
        "Experiment",
        "active bucketVersion condition contextualBandit coverage customFields \
         disableStickyBucketing fallbackAttribute filters force groups hashAttribute hashVersion \
         include key meta minBucketVersion name namespace parentConditions phase ranges seed \
         status to_dict update url variations weights",
    ),
    (
        "Result",
        "banditVersion bucket featureId hashAttribute hashUsed hashValue inExperiment key leafId \
         meta name passthrough stickyBucketUsed to_dict value variationId variationWeights",
    ),
    (
        "FeatureResult",
        "experiment experimentResult off on ruleId source to_dict value",
    ),
    ("TrackingBuffer", "clear get_calls record"),
    (
        "FeatureRepository",
        "add_feature_update_callback clear_cache decrypt_payload_sections decrypt_response \
         load_features load_features_async remove_feature_update_callback save_in_cache set_cache \
         startAutoRefresh start_background_refresh stopAutoRefresh stop_background_refresh \
         user_agent_suffix",
    ),
    (
        "EnhancedFeatureRepository",
        "add_callback fetch_remote_eval flush_remote_eval_cache refresh_operation remove_callback \
         start_feature_refresh stop_refresh",
    ),
    ("AbstractFeatureCache", "clear get set"),
    ("InMemoryFeatureCache", "clear get set"),
    ("FeatureCache", "get_current_state update"),
    (
        "BackoffStrategy",
        "initial_delay jitter max_delay multiplier next_delay reset",
    ),
    (
        "SSEClient",
        "api_host client_key connect disconnect headers on_event reconnect_delay timeout",
    ),
    (
        "AbstractStickyBucketService",
        "get_all_assignments get_assignments get_key save_assignments",
    ),
    (
        "AbstractAsyncStickyBucketService",
        "get_all_assignments get_assignments get_key save_assignments",
    ),
    (
        "InMemoryStickyBucketService",
        "destroy get_all_assignments get_assignments get_key save_assignments",
    ),
    ("GrowthBookPlugin", "cleanup initialize is_initialized"),
    (
        "GrowthBookTrackingPlugin",
        "additional_callback batch_size batch_timeout cleanup ingestor_host initialize \
         is_initialized track_experiment_viewed track_feature_evaluated",
    ),
    (
        "RequestContextPlugin",
        "cleanup client_side_attributes extract_user_agent extract_utm get_extracted_attributes \
         initialize is_initialized request_extractor",
    ),
    ("ClientSideAttributes", "to_dict"),
    ("Feature", "defaultValue rules to_dict"),
    (
        "FeatureRule",
        "bucketVersion condition contextualBanditRef contextualVariations coverage \
         disableStickyBucketing fallbackAttribute filters force hashAttribute hashVersion id key \
         meta minBucketVersion name namespace parentConditions phase range ranges seed to_dict \
         tracks variations weights",
    ),
    (
        "FeatureRefreshStrategy",
        "STALE_WHILE_REVALIDATE SERVER_SENT_EVENTS",
    ),
    (
        "growthbook",
        "PayloadFilters ContextualBanditAssignment ContextualBanditContext \
         ContextualBanditDefinition JSONValue TrackingCallback FeatureUsageCallback EventLogger \
         AsyncTrackingCallback AsyncFeatureUsageCallback AsyncEventLogger feature_repo decrypt \
         PluginLike growthbook_tracking_plugin request_context_plugin client_side_attributes \
         __version__",
    ),
];
