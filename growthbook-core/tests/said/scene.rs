//! A program with something private everywhere.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use growthbook_core::{
    Attributes, BackendError, CacheKey, CachedPayload, ClientKey, DecryptionKey, FeatureCache,
    Interest, Saved, StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite,
    TrackingEvent, TrackingPlugin, UserContext,
};

use crate::canaries::{ATTRIBUTE, CAUSE, CLIENT_KEY, FORCED, HASH_VALUE, KEY, PAYLOAD, URL};

/// Everything that was printed, by whatever way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed(Arc<Mutex<String>>);

impl Printed {
    pub(crate) fn debug(&self, thing: &dyn Debug) {
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{thing:?} {thing:#?}").unwrap();
    }

    pub(crate) fn error(&self, error: &(dyn Error + 'static)) {
        self.debug(&error);
        let mut text = self.0.lock().unwrap();
        writeln!(text, "{}", chain(error)).unwrap();
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").unwrap();
        cause = error.source();
    }
    text
}

/// Features of every kind, right and wrong. Names are telling, everything else is private.
pub(crate) fn payload() -> String {
    r#"{"features": {
        "text": {"defaultValue": "X", "description": "X"},
        "object": {"defaultValue": {"X": ["X"]}},
        "targeted": {"defaultValue": "X", "rules": [
            {"id": "r1", "condition": {"city": {"$in": ["X", "canary-attribute"]}, "plan": {"$ne": "X"}}, "force": "X"}
        ]},
        "pattern": {"defaultValue": "X", "rules": [
            {"condition": {"city": {"$regex": "X(?<!b)"}}, "force": "X"},
            {"condition": {"city": {"$regex": "(X"}}, "force": "X"}
        ]},
        "grouped": {"defaultValue": "X", "rules": [{"condition": {"id": {"$inGroup": "vip"}}, "force": "X"}]},
        "tried": {"defaultValue": "X", "rules": [
            {"key": "tried-test", "variations": ["X", {"X": "X"}], "hashVersion": 2, "name": "n",
             "condition": {"city": {"$ne": "X"}}, "meta": [{"key": "a"}, {"key": "b"}]}
        ]},
        "wrong": {"defaultValue": "X", "rules": [
            {"force": "X", "coverage": "X"}, {"condition": "X", "force": "X"}, {"condition": {"a": {"$in": "X"}}},
            {"variations": ["X", "X"], "weights": ["X"], "hashVersion": "X"}, {}
        ]}
    }, "savedGroups": {"vip": ["X"]}}"#
        .replace('X', PAYLOAD)
}

/// A payload whose features are sealed with [`KEY`].
pub(crate) fn sealed() -> String {
    use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};

    let features: serde_json::Value = serde_json::from_str(&payload()).unwrap();
    let plain = features.get("features").unwrap().to_string();
    let iv = [7; 16];
    let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(KEY.as_bytes(), &iv).unwrap();
    let mut buffer = plain.as_bytes().to_vec();
    buffer.resize(plain.len() + iv.len(), 0);
    let sealed = cipher.encrypt_padded::<Pkcs7>(&mut buffer, plain.len());
    let (iv, sealed) = (STANDARD.encode(iv), STANDARD.encode(sealed.unwrap()));
    format!(r#"{{"features": {{}}, "encryptedFeatures": "{iv}.{sealed}"}}"#)
}

pub(crate) fn key() -> DecryptionKey {
    DecryptionKey::new(&STANDARD.encode(KEY)).unwrap()
}

pub(crate) fn cache_key() -> CacheKey {
    CacheKey::new("https://h", &ClientKey::new(CLIENT_KEY))
}

pub(crate) fn user() -> UserContext {
    let attributes = Attributes::new()
        .with("id", HASH_VALUE)
        .with("city", ATTRIBUTE)
        .with("list", vec![ATTRIBUTE])
        .with("map", Attributes::new().with("inner", ATTRIBUTE));
    UserContext::new(attributes)
        .with_url(format!("https://h/{URL}?q={URL}#{URL}"))
        .with_attribute_overrides(Attributes::new().with("plan", ATTRIBUTE))
        .with_remote_groups([ATTRIBUTE])
        .with_forced_value("forced", serde_json::json!({ FORCED: FORCED }))
}

/// A store that fails, and says of whom.
#[derive(Debug)]
pub(crate) struct BrokenStore;

impl StickyBucketService for BrokenStore {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        let whom: Vec<String> = identities.iter().map(ToString::to_string).collect();
        Err(BackendError::new(
            "broken",
            "load",
            format!("{CAUSE} {whom:?}"),
        ))
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        let whom = write.identity.to_string();
        Err(BackendError::new(
            "broken",
            "save",
            format!("{CAUSE} {whom}"),
        ))
    }
}

/// A cache that fails, and says under which key.
#[derive(Debug)]
pub(crate) struct BrokenCache;

impl FeatureCache for BrokenCache {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        Err(BackendError::new(
            "broken",
            "load",
            format!("{CAUSE} {}", key.as_str()),
        ))
    }

    fn store(&self, key: &CacheKey, _: &CachedPayload) -> Result<(), BackendError> {
        Err(BackendError::new(
            "broken",
            "store",
            format!("{CAUSE} {}", key.as_str()),
        ))
    }
}

/// A plugin that prints all that it is told.
#[derive(Debug)]
pub(crate) struct Printing(pub(crate) Printed);

impl TrackingPlugin for Printing {
    fn record(&self, event: &TrackingEvent<'_>) {
        let Self(printed) = self;
        printed.debug(event);
        printed.debug(&event.user());
        printed.debug(&event.kind());
        let owned = event.into_owned();
        printed.debug(&owned);
        printed.debug(&owned.as_event());
        match event {
            TrackingEvent::Custom(custom) => printed.debug(custom),
            TrackingEvent::ExperimentViewed(viewed) => {
                printed.debug(viewed);
                printed.debug(viewed.exposure());
                printed.debug(&viewed.exposure().into_owned());
                printed.debug(&viewed.assignment());
                printed.debug(&viewed.experiment());
            }
            TrackingEvent::FeatureEvaluated(evaluated) => printed.debug(evaluated),
            _ => {}
        }
    }
}

/// A plugin that panics with something private.
#[derive(Debug)]
pub(crate) struct Panicking;

impl TrackingPlugin for Panicking {
    fn interest(&self) -> Interest {
        Interest::CUSTOM
    }

    #[expect(clippy::panic, reason = "that is what it is for")]
    fn record(&self, event: &TrackingEvent<'_>) {
        panic!("{CAUSE} {:?}", event.user().to_json());
    }
}
