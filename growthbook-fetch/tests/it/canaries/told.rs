//! What was shown to whoever looks.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use growthbook_core::{Attributes, GrowthBookClient, GrowthBookClientBuilder, UserContext};
use growthbook_fetch::HttpSource;

use crate::api::SOON;
use crate::sealed::{self, KEY};

/// Each with what it was.
#[derive(Clone, Default)]
pub(super) struct Told(pub(super) Arc<Mutex<Vec<(String, String)>>>);

impl Told {
    pub(super) fn note(&self, what: impl Into<String>, text: impl Into<String>) {
        self.0.lock().unwrap().push((what.into(), text.into()));
    }

    pub(super) fn debug(&self, what: &str, value: &impl Debug) {
        self.note(what, format!("{value:?}\n{value:#?}"));
    }

    pub(super) fn error(&self, what: &str, error: &(dyn Error + 'static)) {
        let mut text = String::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            write!(text, "{error} {error:?} {error:#?}").unwrap();
            cause = error.source();
        }
        self.note(what, text);
    }

    /// A client that tells all of its errors.
    pub(super) fn build(
        &self,
        source: HttpSource,
        configure: impl FnOnce(GrowthBookClientBuilder) -> GrowthBookClientBuilder,
    ) -> GrowthBookClient {
        let told = self.clone();
        self.debug("source", &source);
        let builder = GrowthBookClient::builder()
            .source(source)
            .decryption_key(sealed::key(KEY))
            .global_attributes(Attributes::new().with("country", "canary-attribute"))
            .on_error(move |error| told.error("on_error", error));
        let builder = configure(builder);
        self.debug("builder", &builder);
        let client = builder.build().unwrap();
        self.client(&client);
        client
    }

    pub(super) fn client(&self, client: &GrowthBookClient) {
        let status = client.status();
        self.debug("client", client);
        self.debug("status", &status);
        if let Some(error) = status.last_error() {
            self.error("last error", error);
        }
        let stream_error = status.source().and_then(|source| source.stream_error());
        if let Some(error) = stream_error {
            self.error("stream error", error);
        }
    }

    /// A source that may not even start, and does not get anything if it does.
    pub(super) fn try_source(&self, source: HttpSource) {
        self.debug("source", &source);
        let told = self.clone();
        let builder = GrowthBookClient::builder().source(source);
        let built = builder.on_error(move |error| told.error("on_error", error));
        match built.build() {
            Ok(client) => {
                self.refresh(&client);
                assert_eq!(value_of(&client), "none");
            }
            Err(error) => self.error("build", &error),
        }
    }

    pub(super) fn refresh(&self, client: &GrowthBookClient) {
        match client.force_refresh() {
            Ok(refreshed) => self.debug("refreshed", &refreshed),
            Err(error) => self.error("refresh", &error),
        }
        self.client(client);
    }

    pub(super) fn until_stream_error(&self, client: &GrowthBookClient) {
        until(client, |client| {
            let status = client.status();
            let source = status.source();
            source.is_some_and(|source| source.stream_error().is_some())
        });
        self.client(client);
    }
}

#[track_caller]
pub(super) fn until(client: &GrowthBookClient, is_so: impl Fn(&GrowthBookClient) -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so(client) {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::yield_now();
    }
}

pub(super) fn value_of(client: &GrowthBookClient) -> String {
    client.value("f", &UserContext::default(), "none".to_owned())
}
