use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{HeaderValue, SET_COOKIE};
use actix_web::http::uri::Authority;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError};
use growthbook_core::{Attributes, GrowthBookClient};

use crate::LOG;
use crate::growthbook::GrowthBook;
use crate::head::RequestHead;
use crate::options::WebOptions;
use crate::scope::{NotInstalled, Scope};
use crate::settings::Settings;

/// Puts a [`GrowthBook`] into the extensions of each request, and its cookies into the answer: for
/// [`App::wrap`](actix_web::App::wrap).
///
/// An `Err` of middleware within gets no cookies; that of a handler is an answer like others.
///
/// # Example
///
/// ```
/// use actix_web::{App, web};
/// use growthbook_core::{Attributes, GrowthBookClient};
/// use growthbook_web::{GrowthBookMiddleware, Scope, WebOptions};
///
/// async fn cart(scope: Scope) -> String {
///     scope.value("checkout-layout", "classic").to_owned()
/// }
///
/// let client = GrowthBookClient::builder().build()?;
/// let growthbook = GrowthBookMiddleware::new(client)
///     .attributes(|request| Attributes::new().with("beta", request.path().starts_with("/beta/")))
///     .options(WebOptions::new().anonymous_id("id"));
/// let app = App::new().wrap(growthbook.clone()).route("/cart", web::get().to(cart));
/// # let _ = app;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "middleware does nothing until an app is wrapped in it"]
pub struct GrowthBookMiddleware {
    settings: Arc<Settings<ServiceRequest>>,
}

impl GrowthBookMiddleware {
    /// Middleware that knows of users what their requests say.
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
        find: impl Fn(&ServiceRequest) -> Attributes + Send + Sync + 'static,
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

impl<S, B> Transform<S, ServiceRequest> for GrowthBookMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = GrowthBookMiddlewareService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let settings = Arc::clone(&self.settings);
        ready(Ok(GrowthBookMiddlewareService { inner, settings }))
    }
}

/// A service with [`GrowthBookMiddleware`] around it.
#[derive(Debug)]
pub struct GrowthBookMiddlewareService<S> {
    inner: S,
    settings: Arc<Settings<ServiceRequest>>,
}

impl<S, B> Service<ServiceRequest> for GrowthBookMiddlewareService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Local<Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let growthbook = self.settings.begin(&request, &head(&request));
        request.extensions_mut().insert(growthbook.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            for cookie in growthbook.set_cookies() {
                match HeaderValue::try_from(cookie) {
                    Ok(cookie) => response.headers_mut().append(SET_COOKIE, cookie),
                    Err(_) => log::debug!(target: LOG, "a cookie cannot stand in a header"),
                }
            }
            Ok(response)
        })
    }
}

impl FromRequest for GrowthBook {
    type Error = NotInstalled;
    type Future = Ready<Result<Self, NotInstalled>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(found(request))
    }
}

impl FromRequest for Scope {
    type Error = NotInstalled;
    type Future = Local<Result<Self, NotInstalled>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let growthbook = found(request);
        Box::pin(async move { Ok(growthbook?.loaded().await) })
    }
}

/// With its text and status 500, as actix-web answers errors.
impl ResponseError for NotInstalled {}

/// What one of actix-web's threads waits for.
type Local<T> = Pin<Box<dyn Future<Output = T>>>;

fn found(request: &HttpRequest) -> Result<GrowthBook, NotInstalled> {
    request.extensions().get().cloned().ok_or(NotInstalled)
}

fn head(request: &ServiceRequest) -> RequestHead<'_> {
    let uri = request.uri();
    let authority = uri.authority().map(Authority::as_str);
    let target = uri.path_and_query().map_or("/", |it| it.as_str());
    RequestHead::of((uri.scheme_str(), authority, target), |name| {
        request.headers().get_all(name).map(HeaderValue::as_bytes)
    })
}
