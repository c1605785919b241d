use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use growthbook_core::{Attributes, GrowthBookClient};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::LOG;
use crate::growthbook::GrowthBook;
use crate::head::RequestHead;
use crate::options::WebOptions;
use crate::settings::Settings;

/// Puts a [`GrowthBook`] into the extensions of each request, and its cookies into the answer.
///
/// For axum, for tonic, and for whatever else is a tower service over the types of the crate `http`. Put it around the
/// outermost router: a nested one sees only the rest of the path.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, GrowthBookClient};
/// use growthbook_web::{GrowthBook, GrowthBookLayer, WebOptions};
///
/// let client = GrowthBookClient::builder().build()?;
/// let layer = GrowthBookLayer::new(client)
///     .attributes(|request| {
///         // What an earlier layer found out, say.
///         let is_beta = request.headers.contains_key("x-beta");
///         Attributes::new().with("beta", is_beta)
///     })
///     .options(WebOptions::new().anonymous_id("id"));
///
/// fn handle(request: &http::Request<()>) -> bool {
///     let growthbook = request.extensions().get::<GrowthBook>();
///     growthbook.is_some_and(|growthbook| growthbook.scope().is_on("new-checkout"))
/// }
/// # let _ = (layer, handle(&http::Request::new(())));
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a service is in it"]
pub struct GrowthBookLayer {
    settings: Arc<Settings<Parts>>,
}

impl GrowthBookLayer {
    /// A layer that knows of users what their requests say.
    pub fn new(client: GrowthBookClient) -> Self {
        Self {
            settings: Arc::new(Settings::new(client)),
        }
    }

    /// What the program knows of a request's user. It wins over what the request says.
    ///
    /// `find` is called once for each request, before the handler, and must not wait.
    pub fn attributes(
        mut self,
        find: impl Fn(&Parts) -> Attributes + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.settings).set_attributes(find);
        self
    }

    /// What is done for each request.
    pub fn options(mut self, options: WebOptions) -> Self {
        Arc::make_mut(&mut self.settings).set_options(options);
        self
    }
}

impl<S> Layer<S> for GrowthBookLayer {
    type Service = GrowthBookService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let settings = Arc::clone(&self.settings);
        GrowthBookService { inner, settings }
    }
}

/// A service with [`GrowthBookLayer`] around it.
#[derive(Clone, Debug)]
pub struct GrowthBookService<S> {
    inner: S,
    settings: Arc<Settings<Parts>>,
}

impl<S, B, A> Service<Request<B>> for GrowthBookService<S>
where
    S: Service<Request<B>, Response = Response<A>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let growthbook = self.settings.begin(&parts, &head(&parts));
        parts.extensions.insert(growthbook.clone());
        let answer = self.inner.call(Request::from_parts(parts, body));
        ResponseFuture {
            answer: Box::pin(answer),
            growthbook,
        }
    }
}

/// An answer that gets its cookies when its head is there.
pub struct ResponseFuture<F> {
    /// In a place of its own, so that it can be polled without `unsafe`.
    answer: Pin<Box<F>>,
    growthbook: GrowthBook,
}

impl<F, A, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<A>, E>>,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.answer.as_mut().poll(context);
        polled.map_ok(|mut response| {
            for cookie in self.growthbook.set_cookies() {
                match HeaderValue::try_from(cookie) {
                    Ok(cookie) => drop(response.headers_mut().try_append(SET_COOKIE, cookie)),
                    Err(_) => log::debug!(target: LOG, "a cookie cannot stand in a header"),
                }
            }
            response
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

fn head(parts: &Parts) -> RequestHead<'_> {
    let authority = parts.uri.authority().map(Authority::as_str);
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    RequestHead::of((parts.uri.scheme_str(), authority, target), |name| {
        parts
            .headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
    })
}
