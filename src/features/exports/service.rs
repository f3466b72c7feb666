//! A whole list, read as its own reader would read it: page after page from the API.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Map, Value};
use tower::ServiceExt as _;

use crate::app::App;
use crate::error::{Error, Result};
use crate::features;
use crate::web::caller::Caller;

/// One file holds no more rows.
const ROWS_MAX: usize = 50_000;
const PER_PAGE: usize = 200;
const PAGE_BYTES_MAX: usize = 64 << 20;

pub type Rows = Vec<Map<String, Value>>;

/// The rows of `/api/{list}`.
pub async fn read(app: &App, caller: &Caller, list: &str) -> Result<Rows> {
    let api = features::api(app.clone());
    let mut rows = Rows::new();
    let mut query = String::new();
    loop {
        let mut request = Request::get(format!("/{list}{query}"))
            .body(Body::empty())
            .map_err(|_| Error::NotFound("list"))?;
        request.extensions_mut().insert(caller.clone());
        let Ok(answer) = api.clone().oneshot(request).await;
        let status = answer.status();
        let body = to_bytes(answer.into_body(), PAGE_BYTES_MAX).await.map_err(Error::internal)?;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| Error::NotFound("list"))?;
        if status != StatusCode::OK {
            return Err(refused(status, &answer));
        }
        let Some(page) = Page::of(&answer) else { return Err(Error::NotFound("list")) };
        // The first question only finds out how the list is paged.
        if query.is_empty() && page.is_one_of_several() {
            query = format!("?per_page={PER_PAGE}");
            continue;
        }
        rows.extend(page.rows.iter().filter_map(|row| row.as_object().cloned()));
        if ROWS_MAX < rows.len() {
            let message = format!(
                "This list has more than {ROWS_MAX} rows, too many for one file. \
                 Read /api/{list} page by page."
            );
            return Err(Error::Conflict(message));
        }
        match page.next(rows.len()) {
            Some(next) => query = next,
            None => return Ok(rows),
        }
    }
}

fn refused(status: StatusCode, answer: &Value) -> Error {
    let sentence = answer["error"].as_str().unwrap_or_default().to_owned();
    match status {
        StatusCode::FORBIDDEN => Error::Denied(sentence),
        StatusCode::NOT_FOUND => Error::NotFound("list"),
        _ => Error::Conflict(sentence),
    }
}

/// An answer that holds exactly one array: a bare one, or one with its paging beside it.
struct Page<'a> {
    answer: &'a Value,
    rows: &'a [Value],
}

impl Page<'_> {
    fn of(answer: &Value) -> Option<Page<'_>> {
        if let Value::Array(rows) = answer {
            return Some(Page { answer, rows });
        }
        let mut arrays = answer.as_object()?.values().filter_map(Value::as_array);
        let rows = arrays.next()?;
        arrays.next().is_none().then_some(Page { answer, rows })
    }

    fn is_one_of_several(&self) -> bool {
        let more = |it: &Value| it.as_u64().is_some_and(|it| (self.rows.len() as u64) < it);
        self.answer.get("next").is_some_and(|it| !it.is_null())
            || self.answer.get("total").is_some_and(more)
    }

    /// The question for the page after this one, when `read` rows are there.
    fn next(&self, read: usize) -> Option<String> {
        if self.rows.is_empty() {
            return None;
        }
        if let Some(next) = self.answer.get("next").and_then(Value::as_str) {
            return Some(format!("?per_page={PER_PAGE}&before={next}"));
        }
        let total = self.answer.get("total").and_then(Value::as_u64)?;
        let page = self.answer.get("page").and_then(Value::as_u64)?;
        ((read as u64) < total).then(|| format!("?per_page={PER_PAGE}&page={}", page + 1))
    }
}
