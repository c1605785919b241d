use std::fmt;
use std::sync::Arc;

use growthbook_core::{Attributes, GrowthBookClient};

use crate::growthbook::GrowthBook;
use crate::head::RequestHead;
use crate::options::WebOptions;

/// What all requests have in common; `R` is a request as its framework has it.
pub(crate) struct Settings<R> {
    client: GrowthBookClient,
    attributes: Option<Arc<Find<R>>>,
    options: WebOptions,
}

type Find<R> = dyn Fn(&R) -> Attributes + Send + Sync;

impl<R> Settings<R> {
    pub(crate) fn new(client: GrowthBookClient) -> Self {
        Self {
            client,
            attributes: None,
            options: WebOptions::new(),
        }
    }

    pub(crate) fn set_attributes(
        &mut self,
        find: impl Fn(&R) -> Attributes + Send + Sync + 'static,
    ) {
        self.attributes = Some(Arc::new(find));
    }

    pub(crate) fn set_options(&mut self, options: WebOptions) {
        self.options = options;
    }

    pub(crate) fn begin(&self, request: &R, head: &RequestHead<'_>) -> GrowthBook {
        let attributes = self.attributes.as_ref().map(|find| find(request));
        let attributes = attributes.unwrap_or_default();
        GrowthBook::new(&self.client, &self.options, head, attributes)
    }
}

/// Whatever a request is, it is not cloned.
impl<R> Clone for Settings<R> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            attributes: self.attributes.clone(),
            options: self.options.clone(),
        }
    }
}

impl<R> fmt::Debug for Settings<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("client", &self.client)
            .field("finds_attributes", &self.attributes.is_some())
            .field("options", &self.options)
            .finish()
    }
}
