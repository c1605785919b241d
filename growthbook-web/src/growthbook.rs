use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use growthbook_core::{
    AttributeValue, Attributes, GrowthBookClient, RequestContext, StickyDocuments, Track,
    UserContext, UserScope,
};
use growthbook_sticky::cookies::{self, StickyCookie};

use crate::browser_id;
use crate::head::RequestHead;
use crate::options::{Sticky, WebOptions};
use crate::overrides::Overrides;

/// GrowthBook for one request: its user, and the scope that is made when somebody asks for it.
///
/// The layer and the middleware put it into the request's extensions; extractors find it there. Clones are the same one.
///
/// # Example
///
/// For a framework that has neither:
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient};
/// use growthbook_web::{GrowthBook, RequestHead, WebOptions};
///
/// let client = GrowthBookClient::builder().build()?;
/// let options = WebOptions::new().anonymous_id("id");
///
/// let head = RequestHead::new("/cart?utm_source=mail").with_host("shop.example");
/// let growthbook = GrowthBook::new(&client, &options, &head, Attributes::new());
/// assert!(!growthbook.scope().is_on("new-checkout"));
///
/// let [cookie] = &growthbook.set_cookies()[..] else { panic!("one for the id") };
/// assert!(cookie.starts_with("gbuuid="));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct GrowthBook {
    inner: Arc<Inner>,
}

struct Inner {
    client: GrowthBookClient,
    sticky: Sticky,
    track: Track,
    cookie_attributes: Arc<str>,
    /// What the request brought along.
    known: StickyDocuments,
    /// The id that the browser is to keep.
    new_id: Option<String>,
    state: Mutex<State>,
    withholds_cookies: AtomicBool,
}

struct State {
    user: UserContext,
    scope: Option<UserScope>,
    is_asked: bool,
}

impl GrowthBook {
    /// GrowthBook for a request. `attributes` are what the program knows of its user; they win over what the request says.
    pub fn new(
        client: &GrowthBookClient,
        options: &WebOptions,
        head: &RequestHead<'_>,
        attributes: Attributes,
    ) -> Self {
        let mut user = request(options, head).user(attributes);
        let mut new_id = None;
        if let Some(name) = &options.anonymous_id
            && is_missing(&user, name)
        {
            let id = browser_id::known(head).unwrap_or_else(|| {
                let id = browser_id::new();
                new_id = Some(id.clone());
                id
            });
            user.update_attributes(Attributes::new().with(name, id));
        }
        if options.development {
            user = Overrides::of(head).apply(user);
        }
        let known = match options.sticky {
            Sticky::Cookies => cookies::read(&head.cookies),
            Sticky::Memory | Sticky::Store => StickyDocuments::new(),
        };
        let state = State {
            user,
            scope: None,
            is_asked: false,
        };
        let inner = Inner {
            client: client.clone(),
            sticky: options.sticky,
            track: options.track,
            cookie_attributes: Arc::clone(&options.cookie_attributes),
            known,
            new_id,
            state: Mutex::new(state),
            withholds_cookies: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The request's user, as far as anything is known of them.
    pub fn user(&self) -> UserContext {
        let mut state = self.state();
        state.is_asked = true;
        state.user.clone()
    }

    /// The client that evaluates.
    pub fn client(&self) -> &GrowthBookClient {
        &self.inner.client
    }

    /// The request's scope: the same one for all who ask. Making it waits for nothing.
    ///
    /// Its first evaluation loads sticky buckets, if the client has a store; in async code with such a store, take
    /// [`Scope`](crate::Scope) or [`GrowthBook::ask`].
    pub fn scope(&self) -> UserScope {
        let user = {
            let mut state = self.state();
            state.is_asked = true;
            if let Some(scope) = &state.scope {
                return scope.clone();
            }
            state.user.clone()
        };
        // The client may call code of the program's own, so it is asked with no lock held.
        let made = self.made(user);
        self.state().scope.get_or_insert(made).clone()
    }

    /// Goes on with attributes added to the user's, each replacing an earlier one of its name: of somebody who has just
    /// logged in, say. Holds for scopes that are asked for from now on, and cookies are theirs.
    pub fn update_attributes(&self, attributes: Attributes) {
        let mut state = self.state();
        state.user.update_attributes(attributes.clone());
        if let Some(scope) = &mut state.scope {
            scope.update_attributes(attributes);
        }
    }

    /// Sets no cookie with this answer: the user has not agreed to any.
    pub fn withhold_cookies(&self) {
        self.inner.withholds_cookies.store(true, Ordering::Relaxed);
    }

    /// What is to follow `Set-Cookie: `, each in a header of its own, in the head of the answer: the sticky buckets that have
    /// changed so far, and an id that is new.
    pub fn set_cookies(&self) -> Vec<String> {
        let inner = &*self.inner;
        let (is_asked, scope) = {
            let state = self.state();
            (state.is_asked, state.scope.clone())
        };
        if !is_asked || inner.withholds_cookies.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let attributes = &*inner.cookie_attributes;
        let id = inner.new_id.iter();
        let mut set: Vec<_> = id.map(|id| browser_id::cookie(id, attributes)).collect();
        if let (Sticky::Cookies, Some(scope)) = (inner.sticky, scope) {
            let documents = scope.sticky_documents();
            let cookies = cookies::changed(&inner.known, &documents);
            let with_attributes = |cookie: StickyCookie| cookie.attributes(attributes).to_string();
            set.extend(cookies.map(with_attributes));
        }
        set
    }

    #[cfg(any(feature = "actix", feature = "axum"))]
    pub(crate) fn has_store(&self) -> bool {
        self.inner.sticky == Sticky::Store
    }

    fn made(&self, user: UserContext) -> UserScope {
        let inner = &*self.inner;
        let mut scope = inner.client.scope(user);
        if inner.track != Track::default() {
            scope = scope.with_track(inner.track);
        }
        if inner.sticky == Sticky::Cookies {
            scope = scope.with_sticky_documents(inner.known.clone());
        }
        scope
    }

    /// Nothing panics under it half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.inner.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for GrowthBook {
    /// Says names of attributes, and no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("GrowthBook")
            .field("user", &state.user)
            .field("has_scope", &state.scope.is_some())
            .field("sticky", &self.inner.sticky)
            .field("track", &self.inner.track)
            .finish_non_exhaustive()
    }
}

fn request(options: &WebOptions, head: &RequestHead<'_>) -> RequestContext {
    let scheme = options.scheme.as_deref().unwrap_or("https");
    let mut request = RequestContext::new().with_url(head.url(scheme));
    if let Some(user_agent) = head.user_agent {
        request = request.with_user_agent(user_agent);
    }
    match &options.request {
        Some(change) => change(request),
        None => request,
    }
}

/// An id that is null or empty buckets nobody.
fn is_missing(user: &UserContext, attribute: &str) -> bool {
    match user.attributes().get(attribute) {
        None | Some(AttributeValue::Null) => true,
        Some(AttributeValue::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}
