//! What comes from the page's composer: words, a model, files.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};

use super::Channel;
use super::attachments::NewAttachment;
use super::message::NewChatMessage;
use super::service::ATTACHMENTS_MAX;
use crate::error::{Error, Result};
use crate::web::error::Refusal;

/// All fields and files together.
pub const BODY_BYTES_MAX: usize = 40 * 1024 * 1024;

pub struct Composed {
    pub message: NewChatMessage,
    /// A file that was refused; the words are kept.
    pub refused: Option<Error>,
}

impl<S: Send + Sync> FromRequest<S> for Composed {
    type Rejection = Refusal;
    async fn from_request(request: Request, state: &S) -> Result<Composed, Refusal> {
        let fields = Multipart::from_request(request, state)
            .await
            .map_err(|_| Error::invalid("Content-Type", "Send the form as multipart/form-data."))?;
        Ok(read(fields).await?)
    }
}

async fn read(mut fields: Multipart) -> Result<Composed> {
    let message = NewChatMessage::plain(String::new(), Channel::Web);
    let mut composed = Composed { message, refused: None };
    while let Some(field) = fields.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "text" => composed.message.content = text(field).await?.replace("\r\n", "\n"),
            "model" => {
                composed.message.model = Some(text(field).await?).filter(|it| !it.is_empty());
            }
            "file" => composed.take(field).await?,
            _ => return Err(Error::invalid(name, "The form has no such field.")),
        }
    }
    Ok(composed)
}

impl Composed {
    async fn take(&mut self, field: Field<'_>) -> Result<()> {
        let name = field.file_name().unwrap_or_default().to_owned();
        let media_type = field.content_type().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(broken)?;
        // Browsers send an empty part where no file was chosen.
        if name.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        if self.message.attachments.len() > ATTACHMENTS_MAX {
            return Ok(());
        }
        match NewAttachment::parse(&name, &media_type, bytes.to_vec()) {
            Ok(attachment) => self.message.attachments.push(attachment),
            Err(err) => self.refused = self.refused.take().or(Some(err)),
        }
        Ok(())
    }
}

async fn text(field: Field<'_>) -> Result<String> {
    field.text().await.map_err(broken)
}

fn broken(err: MultipartError) -> Error {
    match err.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
            let mb = BODY_BYTES_MAX / 1024 / 1024;
            Error::invalid("file", format!("That is more than {mb} MB at once. Send less."))
        }
        _ => Error::invalid("", "The form did not arrive whole. Send it again."),
    }
}
