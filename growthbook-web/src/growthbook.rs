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
    anonymous_id: Option<Arc<str>>,
    sticky: Sticky,
    track: Track,
    cookie_attributes: Arc<str>,
    state: Mutex<State>,
    withholds_cookies: AtomicBool,
}

/// Most of what requests say is of no use to anybody, so that it is read when somebody asks.
struct State {
    unread: Unread,
    asked: Option<Asked>,
}

/// What the request brought along, as it was.
#[derive(Default)]
struct Unread {
    request: RequestContext,
    attributes: Attributes,
    browser_id: Option<String>,
    cookies: String,
    overrides: Overrides,
}

struct Asked {
    user: UserContext,
    /// How often the user was changed: a scope may be made meanwhile.
    updates: u32,
    /// The id that the browser is to keep.
    new_id: Option<String>,
    /// What the browser keeps already.
    known: StickyDocuments,
    scope: Option<UserScope>,
}

impl GrowthBook {
    /// GrowthBook for a request. `attributes` are what the program knows of its user; they win over what the request says.
    pub fn new(
        client: &GrowthBookClient,
        options: &WebOptions,
        head: &RequestHead<'_>,
        attributes: Attributes,
    ) -> Self {
        let mut unread = Unread {
            request: request(options, head),
            attributes,
            ..Unread::default()
        };
        if options.anonymous_id.is_some() {
            unread.browser_id = browser_id::known(head);
        }
        if options.sticky == Sticky::Cookies {
            unread.cookies = head.cookies.clone().into_owned();
        }
        if options.development {
            unread.overrides = Overrides::of(head);
        }
        let inner = Inner {
            client: client.clone(),
            anonymous_id: options.anonymous_id.clone(),
            sticky: options.sticky,
            track: options.track,
            cookie_attributes: Arc::clone(&options.cookie_attributes),
            state: Mutex::new(State {
                unread,
                asked: None,
            }),
            withholds_cookies: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The request's user, as far as anything is known of them.
    pub fn user(&self) -> UserContext {
        self.asked(|asked| asked.user.clone())
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
        let found = self.asked(|asked| match &asked.scope {
            Some(scope) => Err(scope.clone()),
            None => Ok((asked.user.clone(), asked.known.clone(), asked.updates)),
        });
        let (user, known, updates) = match found {
            Ok(found) => found,
            Err(scope) => return scope,
        };
        // The client may call code of the program's own, so it is asked with no lock held.
        let mut made = self.made(user, known);
        self.asked(|asked| {
            if asked.updates != updates {
                made.set_user(asked.user.clone());
            }
            asked.scope.get_or_insert(made).clone()
        })
    }

    /// Goes on with attributes added to the user's, each replacing an earlier one of its name: of somebody who has just
    /// logged in, say. Holds for scopes that are asked for from now on, and cookies are theirs.
    pub fn update_attributes(&self, attributes: Attributes) {
        self.asked(|asked| {
            asked.user.update_attributes(attributes.clone());
            asked.updates = asked.updates.wrapping_add(1);
            if let Some(scope) = &mut asked.scope {
                scope.update_attributes(attributes);
            }
        });
    }

    /// Sets no cookie with this answer: the user has not agreed to any.
    pub fn withhold_cookies(&self) {
        self.inner.withholds_cookies.store(true, Ordering::Relaxed);
    }

    /// What is to follow `Set-Cookie: `, each in a header of its own, in the head of the answer: the sticky buckets that have
    /// changed so far, and an id that is new.
    pub fn set_cookies(&self) -> Vec<String> {
        let inner = &*self.inner;
        if inner.withholds_cookies.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let (new_id, documents) = match &self.state().asked {
            Some(asked) => (asked.new_id.clone(), asked.documents(inner.sticky)),
            None => return Vec::new(),
        };
        let attributes = &*inner.cookie_attributes;
        let id = new_id.iter();
        let mut set: Vec<_> = id.map(|id| browser_id::cookie(id, attributes)).collect();
        // A cookie may be a matter for the log, which is the program's own code: no lock is held.
        if let Some((before, after)) = documents {
            let cookies = cookies::changed(&before, &after);
            // What no browser keeps would only be too long for a proxy on the way.
            let is_kept = |it: &StickyCookie| it.name().len() + it.value().len() <= MOST_BYTES;
            let cookies = cookies.filter(is_kept);
            let with_attributes = |cookie: StickyCookie| cookie.attributes(attributes).to_string();
            set.extend(cookies.map(with_attributes));
        }
        set
    }

    /// Whether a user's sticky buckets are in a store that may do I/O.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub(crate) fn has_store(&self) -> bool {
        self.inner.sticky == Sticky::Store && self.may_wait()
    }

    /// Whether an evaluation may do I/O: a store is written even if the documents come from elsewhere.
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub(crate) fn may_wait(&self) -> bool {
        self.inner.sticky != Sticky::InPlace && self.inner.client.has_sticky_buckets()
    }

    fn made(&self, user: UserContext, known: StickyDocuments) -> UserScope {
        let inner = &*self.inner;
        let mut scope = inner.client.scope(user);
        if inner.track != Track::default() {
            scope = scope.with_track(inner.track);
        }
        if inner.sticky == Sticky::Cookies {
            scope = scope.with_sticky_documents(known);
        }
        scope
    }

    /// With what the request says, read at the first time.
    fn asked<T>(&self, ask: impl FnOnce(&mut Asked) -> T) -> T {
        let State { unread, asked } = &mut *self.state();
        let name = self.inner.anonymous_id.as_deref();
        ask(asked.get_or_insert_with(|| std::mem::take(unread).read(name)))
    }

    /// Nothing panics under it half-way.
    fn state(&self) -> MutexGuard<'_, State> {
        let state = self.inner.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    /// Those that came with the request, and as they are now.
    fn documents(&self, sticky: Sticky) -> Option<(StickyDocuments, StickyDocuments)> {
        let scope = self.scope.as_ref().filter(|_| sticky == Sticky::Cookies)?;
        Some((self.known.clone(), scope.sticky_documents()))
    }
}

impl Unread {
    fn read(self, anonymous_id: Option<&str>) -> Asked {
        let mut user = self.request.user(self.attributes);
        let mut new_id = None;
        if let Some(name) = anonymous_id
            && is_missing(&user, name)
        {
            let id = self.browser_id.unwrap_or_else(|| {
                let id = browser_id::new();
                new_id = Some(id.clone());
                id
            });
            user.update_attributes(Attributes::new().with(name, id));
        }
        Asked {
            user: self.overrides.apply(user),
            updates: 0,
            new_id,
            known: cookies::read(&self.cookies),
            scope: None,
        }
    }
}

impl fmt::Debug for GrowthBook {
    /// Says names of attributes, and no value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let asked = state.asked.as_ref();
        f.debug_struct("GrowthBook")
            .field("user", &asked.map(|asked| &asked.user))
            .field("has_scope", &asked.is_some_and(|it| it.scope.is_some()))
            .field("sticky", &self.inner.sticky)
            .field("track", &self.inner.track)
            .finish_non_exhaustive()
    }
}

fn request(options: &WebOptions, head: &RequestHead<'_>) -> RequestContext {
    let scheme = options.scheme.as_deref().or(head.scheme);
    let mut request = RequestContext::new().with_url(head.url(scheme.unwrap_or("https")));
    if let Some(user_agent) = head.user_agent {
        request = request.with_user_agent(user_agent);
    }
    match &options.request {
        Some(change) => change(request),
        None => request,
    }
}

/// What every browser keeps of a cookie's name and value.
const MOST_BYTES: usize = 4_093;

/// An id that is null or empty buckets nobody.
fn is_missing(user: &UserContext, attribute: &str) -> bool {
    match user.attributes().get(attribute) {
        None | Some(AttributeValue::Null) => true,
        Some(AttributeValue::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_the_programs_then_the_requests_then_https() {
        let own = WebOptions::new().scheme("https");
        let plain = RequestHead::new("/a").with_host("shop.example");
        let named = RequestHead::new("/a")
            .with_host("shop.example")
            .with_scheme("http");
        for (options, head, expected) in [
            (&own, &named, "https://shop.example/a"),
            (&WebOptions::new(), &named, "http://shop.example/a"),
            (&WebOptions::new(), &plain, "https://shop.example/a"),
        ] {
            let attributes = request(options, head).attributes();
            assert_eq!(attributes.get("url"), Some(&AttributeValue::from(expected)));
        }
    }
}
