use std::future::{Future, ready};

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::growthbook::GrowthBook;
use crate::scope::{NotInstalled, Scope};

impl<S: Sync> FromRequestParts<S> for GrowthBook {
    type Rejection = NotInstalled;

    fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> impl Future<Output = Result<Self, NotInstalled>> + Send {
        ready(found(parts))
    }
}

impl<S: Sync> FromRequestParts<S> for Scope {
    type Rejection = NotInstalled;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotInstalled> {
        let growthbook = found(parts)?;
        Ok(growthbook.loaded().await)
    }
}

impl IntoResponse for NotInstalled {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

fn found(parts: &Parts) -> Result<GrowthBook, NotInstalled> {
    parts.extensions.get().cloned().ok_or(NotInstalled)
}
