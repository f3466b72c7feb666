//! What comes in: bodies, forms, queries and path values, refused in a sentence when they are wrong.
//!
//! Structs deny unknown fields; here serde's words become a person's.

mod objects;
mod words;

use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::web::error::{Failure, Refusal};
use crate::web::request::Current;

pub use words::Reason;

/// A JSON body in, or a JSON answer out. No body at all reads as `{}`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The body of what needs no more than being asked for: `Json<Nothing>` takes `{}` or no body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A form's fields, from a page.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form<T>(pub T);

/// What stands behind the `?`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// Values in the path. One that can't be read names nothing, so it is a 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Refusal> {
        let typed = content_type(request.headers()).map(is_json);
        let body = body(request, state).await?;
        if body.is_empty() {
            return Ok(Json(read_json(b"{}")?));
        }
        if typed != Some(true) {
            let message = "Send JSON, with the header Content-Type: application/json.";
            return Err(Error::invalid("Content-Type", message).into());
        }
        Ok(Json(read_json(&body)?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Form<T>, Refusal> {
        let typed = content_type(request.headers()).unwrap_or("").to_owned();
        let empty = request.method() == Method::GET;
        let body = body(request, state).await?;
        if !empty && !body.is_empty() && !typed.starts_with("application/x-www-form-urlencoded") {
            let message = "Send the form as application/x-www-form-urlencoded.";
            return Err(Error::invalid("Content-Type", message).into());
        }
        Ok(Form(read_pairs(&body, "field")?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Refusal> {
        if let Some(current) = Current::get() {
            current.query_read.store(true, Ordering::Relaxed);
        }
        Ok(Query(read_pairs(parts.uri.query().unwrap_or("").as_bytes(), "parameter")?))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Refusal> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(_) => {
                let message = "There is nothing at this address.";
                Err(Failure::new(StatusCode::NOT_FOUND, "not_found", message).into())
            }
        }
    }
}

/// Reads JSON as the extractor does; for bodies that come another way.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let objects = objects::Objects(&mut deserializer);
    let value = serde_path_to_error::deserialize(objects).map_err(|err| {
        let path = err.path().to_string();
        words::json(&path, err.inner(), bytes)
    })?;
    let ended = deserializer.end();
    ended.map_err(|_| Error::invalid("", "Something follows after the end of the JSON."))?;
    Ok(value)
}

/// `noun` is what one pair is called in a refusal.
fn read_pairs<T: DeserializeOwned>(bytes: &[u8], noun: &str) -> Result<T> {
    if let Some((name, _)) =
        url::form_urlencoded::parse(bytes).find(|(name, value)| garbled(name) || garbled(value))
    {
        let message = format!("The {noun} {name:?} is not valid UTF-8.");
        return Err(Error::invalid(name.into_owned(), message));
    }
    let pairs = url::form_urlencoded::parse(bytes);
    let deserializer = serde_urlencoded::Deserializer::new(pairs);
    serde_path_to_error::deserialize(deserializer)
        .map_err(|err| words::pairs(&err.path().to_string(), &err.inner().to_string(), noun))
}

/// The parser puts U+FFFD for bytes that are no UTF-8.
fn garbled(text: &str) -> bool {
    text.contains('\u{FFFD}')
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Refusal> {
    let told = request.headers().get(axum::http::header::CONTENT_LENGTH).cloned();
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(
            axum::extract::rejection::FailedToBufferBody::LengthLimitError(_),
        ) => {
            let bytes = told.and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
            Failure::too_large(bytes).into()
        }
        _ => Error::invalid("", "The body did not arrive whole. Send it again.").into(),
    })
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    media_type == "application/json" || media_type.ends_with("+json")
}

const PER_PAGE: u32 = 50;
const PER_PAGE_MAX: u32 = 200;

/// Which page of a list: from 1, 50 rows unless told, at most 200.
pub fn paging(page: Option<u32>, per_page: Option<u32>) -> Result<(u32, u32)> {
    let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(PER_PAGE));
    if page == 0 {
        return Err(Error::invalid("page", "Pages count from 1."));
    }
    if !(1..=PER_PAGE_MAX).contains(&per_page) {
        let message = format!("per_page is between 1 and {PER_PAGE_MAX}.");
        return Err(Error::invalid("per_page", message));
    }
    Ok((page, per_page))
}

/// The address of one page of a list, with what it is filtered by; what is "" is left out.
pub fn page_url(list: &str, filters: &[(&str, &str)], page: u32) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filters.iter().filter(|(_, value)| !value.is_empty()));
    format!("{list}?{}", query.append_pair("page", &page.to_string()).finish())
}

/// `?page=&per_page=`, for lists that take no other question.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    pub page: Option<u32>,
    pub per_page: Option<u32>,
}

/// One page of a short list that was read whole: `{noun: […], total, page, per_page}`.
pub fn paged<T: Serialize>(noun: &str, all: Vec<T>, wanted: &Paging) -> Result<Json<Value>> {
    let (page, per_page) = paging(wanted.page, wanted.per_page)?;
    let total = all.len();
    let skip = (page as usize - 1).saturating_mul(per_page as usize);
    let shown: Vec<T> = all.into_iter().skip(skip).take(per_page as usize).collect();
    Ok(Json(json!({noun: shown, "total": total, "page": page, "per_page": per_page})))
}

/// The field that a person can mend, "" for the whole form, and what is wrong with it. Any other
/// error is not the form's to show.
pub fn problem(err: Error) -> Result<(String, String)> {
    match err {
        Error::Invalid { field, message } => Ok((field.into_owned(), message)),
        Error::Denied(message) | Error::Conflict(message) => Ok((String::new(), message)),
        err => Err(err),
    }
}

/// A text that must be there, without the blanks around it; `ask` is "Give it a name".
pub fn check_text(field: &'static str, typed: &str, most: usize, ask: &str) -> Result<String> {
    let typed = typed.trim();
    if typed.is_empty() || most < typed.chars().count() {
        return Err(Error::invalid(field, format!("{ask}, in up to {most} characters.")));
    }
    Ok(typed.to_owned())
}

pub fn check_number(field: &'static str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("This is a whole number from {least} to {most}.")))
}

#[cfg(test)]
mod tests {
    use super::page_url;

    #[test]
    fn a_page_of_a_list_keeps_what_it_is_filtered_by() {
        let filters = [("state", "decided"), ("q", "a&b ü"), ("tool", "")];
        let url = page_url("/approvals", &filters, 2);
        assert_eq!(url, "/approvals?state=decided&q=a%26b+%C3%BC&page=2");
        assert_eq!(page_url("/notes", &[("q", "")], 3), "/notes?page=3");
    }
}
