use crate::{Event, EventBody};

/// About how many bytes the event takes: as JSON, and in memory too.
pub(super) fn weight(event: &Event) -> usize {
    let body = match event.body() {
        EventBody::Custom(logged) => logged.name().len() + logged.properties_json().len(),
        EventBody::ExperimentViewed(viewed) => {
            let names = [
                viewed.experiment_name(),
                viewed.feature(),
                viewed.variation_name(),
            ];
            let known = viewed.experiment().len()
                + viewed.variation_key().len()
                + viewed.hash_attribute().len()
                + viewed.hash_value().len();
            let weights = viewed.bandit().map_or(0, |it| it.variation_weights().len());
            known + names.into_iter().flatten().map(str::len).sum::<usize>() + 20 * weights
        }
        EventBody::FeatureEvaluated(evaluated) => {
            let names = [
                evaluated.rule_id(),
                evaluated.experiment(),
                evaluated.variation_key(),
            ];
            let known = evaluated.feature().len() + evaluated.value_json().len();
            known + names.into_iter().flatten().map(str::len).sum::<usize>()
        }
    };
    let user = event.user_id().map_or(0, str::len) + event.url().map_or(0, str::len);
    FRAME + body + user + event.attributes_json().len()
}

/// The names of its members, its id and its time.
const FRAME: usize = 300;
