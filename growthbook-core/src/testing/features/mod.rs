#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::attributes::AttributeValue;
use crate::client::{GrowthBookClient, GrowthBookClientBuilder};
use crate::json::{Json, Object};
use crate::ruleset::{PayloadError, Ruleset};
use crate::user::GlobalContext;

/// The features of a test, said in the words of the test: which flag is on, which value it has, and for whom.
///
/// It writes a payload as the GrowthBook API would send it, and the client that comes of it is the ordinary
/// [`GrowthBookClient`]: what is tested takes it as it is, and goes the way that it goes in production. What was not said
/// is unknown, so that the code under test falls back.
///
/// Later statements win over earlier ones. To change a feature in mid-test, go on from the same features:
/// [`TestFeatures::load_into`].
///
/// # Example
///
/// ```
/// use growthbook_core::testing::TestFeatures;
/// use growthbook_core::{Attributes, UserContext};
///
/// let features = TestFeatures::new()
///     .on("dark-mode")
///     .value("page-size", 50)
///     .value("color", "blue")
///     .value_for("color", "red", ("id", "u-1"));
/// let client = features.client();
///
/// let [ann, bob] = ["u-1", "u-2"].map(|id| UserContext::new(Attributes::new().with("id", id)));
/// assert!(client.is_on("dark-mode", &ann));
/// assert_eq!(client.scope(ann).value("color", "none"), "red");
/// assert_eq!(client.value("page-size", &bob, 20), 50);
/// assert_eq!(client.value("not-said", &bob, 7), 7);
///
/// features.off("dark-mode").load_into(&client);
/// assert!(client.is_off("dark-mode", &bob));
/// ```
#[derive(Clone)]
#[must_use = "features are in force in the clients that are made of them"]
pub struct TestFeatures {
    features: Object<'static>,
    /// The payload's other members.
    others: Object<'static>,
    variations: BTreeMap<String, usize>,
}

impl TestFeatures {
    /// No features: each is unknown.
    pub fn new() -> Self {
        Self {
            features: Object::default(),
            others: Object::default(),
            variations: BTreeMap::new(),
        }
    }

    /// The features of a payload, some of which the test replaces: those that the program ships, say, or
    /// `client.ruleset().payload()`.
    ///
    /// # Errors
    ///
    /// When the bytes are not a payload. [`PayloadError::MissingKey`] if it is sealed: give it plain.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::UserContext;
    /// use growthbook_core::testing::TestFeatures;
    ///
    /// let shipped = r#"{"features": {"banner": {"defaultValue": "sale"}, "beta": {"defaultValue": false}}}"#;
    /// let client = TestFeatures::from_payload(shipped)?.on("beta").client();
    /// assert!(client.is_on("beta", &UserContext::default()));
    /// assert_eq!(client.scope(UserContext::default()).value("banner", "none"), "sale");
    /// # Ok::<(), growthbook_core::PayloadError>(())
    /// ```
    pub fn from_payload(payload: impl AsRef<[u8]>) -> Result<Self, PayloadError> {
        let payload = payload.as_ref();
        // Says what is wrong with it, by the rules of payloads.
        Ruleset::from_json(payload, None)?;
        let text = String::from_utf8_lossy(payload);
        let Ok(Json::Object(mut others)) = Json::parse(&text).map(Json::into_owned) else {
            return Err(PayloadError::NotAnObject);
        };
        let Some(Json::Object(features)) = others.get_mut(FEATURES).map(taken) else {
            return Err(PayloadError::MissingFeatures);
        };
        Ok(Self {
            features,
            others,
            variations: BTreeMap::new(),
        })
    }

    /// The feature is on for everybody: its value is `true`.
    pub fn on(self, feature: impl AsRef<str>) -> Self {
        self.value(feature, true)
    }

    /// The feature is off for everybody: its value is `false`.
    pub fn off(self, feature: impl AsRef<str>) -> Self {
        self.value(feature, false)
    }

    /// Everybody gets this value of the feature, whatever was said of it before.
    pub fn value(mut self, feature: impl AsRef<str>, value: impl Into<Value>) -> Self {
        let definition = json!({ "defaultValue": value.into() });
        self.features.set(feature.as_ref(), read(&definition));
        self
    }

    /// Users with this value of this attribute get this value of the feature; all others get what was said before.
    pub fn value_for(
        self,
        feature: impl AsRef<str>,
        value: impl Into<Value>,
        (attribute, is): (impl Into<String>, impl Into<AttributeValue>),
    ) -> Self {
        let condition = [(attribute.into(), Value::from(&is.into()))];
        self.value_where(feature, value, Value::from_iter(condition))
    }

    /// Users whom the condition fits get this value of the feature; all others get what was said before. The condition is
    /// one of GrowthBook's, in JSON.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::testing::TestFeatures;
    /// use growthbook_core::{Attributes, UserContext};
    /// use serde_json::json;
    ///
    /// let adults = json!({"age": {"$gte": 18}});
    /// let client = TestFeatures::new().value_where("wine-list", true, adults).client();
    /// let user = |age: u32| UserContext::new(Attributes::new().with("age", age));
    /// assert!(client.is_on("wine-list", &user(18)));
    /// assert!(client.is_off("wine-list", &user(17)));
    /// ```
    pub fn value_where(
        self,
        feature: impl AsRef<str>,
        value: impl Into<Value>,
        condition: impl Into<Value>,
    ) -> Self {
        let rule = json!({ "condition": condition.into(), "force": value.into() });
        self.rule(feature.as_ref(), &rule)
    }

    /// Everybody gets this value of the feature as a variation of an experiment, which reports an exposure: `(experiment,
    /// variation key)`. It takes an `id` to be in an experiment, so users without one get what was said before.
    ///
    /// # Example
    ///
    /// See [`RecordingPlugin`](super::RecordingPlugin), which keeps the exposures.
    pub fn value_in(
        self,
        feature: impl AsRef<str>,
        value: impl Into<Value>,
        (experiment, variation_key): (&str, &str),
    ) -> Self {
        // It takes two variations to be an experiment. Nobody gets the first.
        let nobody = format!("not {variation_key}");
        let rule = json!({
            "key": experiment,
            "variations": [null, value.into()],
            "weights": [0, 1],
            "coverage": 1,
            "hashVersion": 2,
            "meta": [{ "key": nobody }, { "key": variation_key }],
        });
        self.rule(feature.as_ref(), &rule)
    }

    /// Everybody gets the variation with this index of an experiment: one of the payload that these features
    /// [came from](Self::from_payload), or one that the program runs itself. As always when a variation is forced, no
    /// exposure is reported; [`TestFeatures::value_in`] reports one.
    pub fn variation(mut self, experiment: impl Into<String>, index: usize) -> Self {
        self.variations.insert(experiment.into(), index);
        self
    }

    /// The feature is unknown, as if nobody had made it: the code under test falls back.
    pub fn unknown(mut self, feature: impl AsRef<str>) -> Self {
        self.features.remove(feature.as_ref());
        self
    }

    /// A client with these features.
    ///
    /// # Panics
    ///
    /// When they are more than a client takes: 16 MiB.
    pub fn client(&self) -> GrowthBookClient {
        let built = self.builder().build();
        built.unwrap_or_else(|error| panic!("these features make no client: {error:?}"))
    }

    /// A builder with these features, for a client that needs more: a [`RecordingPlugin`](super::RecordingPlugin), say.
    ///
    /// The variations that were [forced](Self::variation) are in its global context. To add something there, give it to
    /// the client when it is built.
    pub fn builder(&self) -> GrowthBookClientBuilder {
        GrowthBookClient::builder()
            .payload(self.payload())
            .global_context(self.forced(GlobalContext::new()))
    }

    /// Puts these features in force in a client, however it was made, as a new payload would be: in place of those that it
    /// had. Scopes that were made before go on with what they have.
    ///
    /// # Panics
    ///
    /// When they are more than the client takes.
    pub fn load_into(&self, client: &GrowthBookClient) {
        if !self.variations.is_empty() {
            let global = Arc::unwrap_or_clone(client.global_context());
            client.set_global_context(self.forced(global));
        }
        if let Err(error) = client.load(self.payload().as_bytes()) {
            panic!("these features are no payload for this client: {error:?}");
        }
    }

    /// The payload, for a server or a file that the test provides. It says nothing of
    /// [forced variations](Self::variation).
    pub fn payload(&self) -> String {
        let mut payload = self.others.clone();
        payload.set(FEATURES, Json::Object(self.features.clone()));
        crate::json::write_members(payload.iter()).into()
    }

    fn forced(&self, global: GlobalContext) -> GlobalContext {
        let variations = self.variations.iter();
        variations.fold(global, |global, (experiment, index)| {
            global.with_forced_variation(experiment.as_str(), *index)
        })
    }

    /// Puts a rule before all others of the feature.
    fn rule(mut self, feature: &str, rule: &Value) -> Self {
        let mut definition = match self.features.get_mut(feature).map(taken) {
            Some(Json::Object(definition)) => definition,
            _ => Object::default(),
        };
        let mut rules = vec![read(rule)];
        if let Some(Json::Array(others)) = definition.get_mut("rules").map(taken) {
            rules.extend(others);
        }
        definition.set("rules", Json::Array(rules));
        self.features.set(feature, Json::Object(definition));
        self
    }
}

fn taken(json: &mut Json<'static>) -> Json<'static> {
    std::mem::replace(json, Json::Null)
}

/// Through text, since that is the way to a tree that keeps the order of keys.
fn read(value: &Value) -> Json<'static> {
    let text = value.to_string();
    Json::parse(&text).map_or(Json::Null, Json::into_owned)
}

impl Default for TestFeatures {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestFeatures")
            .field("payload", &self.payload())
            .field("variations", &self.variations)
            .finish_non_exhaustive()
    }
}

const FEATURES: &str = "features";
