//! How a program that calls proves who it is, in one of three ways.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::features::tasks::Words;
use crate::seal;
use crate::secret::Secret;

/// The secret itself, for programs that can't sign.
pub const SECRET_HEADER: &str = "x-webhook-secret";
const HUB_SIGNATURE: &str = "x-hub-signature-256";
const STANDARD_ID: &str = "webhook-id";
const STANDARD_TIME: &str = "webhook-timestamp";
const STANDARD_SIGNATURE: &str = "webhook-signature";
/// What senders of the other two kinds name a delivery by.
const EVENT_HEADERS: [&str; 3] = ["x-github-delivery", STANDARD_ID, "idempotency-key"];
const EVENT_ID_BYTES_MAX: usize = 200;
/// A signed time further away than this, ahead or back, is somebody playing an old delivery again.
const REPLAY_WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Signatures that one delivery may carry, as during a change of secrets.
const SIGNATURES_MAX: usize = 10;
const STANDARD_PREFIX: &str = "whsec_";
const SECRET_BYTES: usize = 32;
const SECRET_CHARS_MIN: usize = 16;
const SECRET_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    SharedSecret,
    /// `X-Hub-Signature-256`: an HMAC over the body.
    Github,
    /// Standard Webhooks: an HMAC over id, time and body.
    Standard,
}

/// Why a delivery was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Signature,
    Stale,
    TooMany,
    TooLarge,
    Unreadable,
    Off,
    Full,
    Ping,
    Repeated,
}

impl Auth {
    pub const WORDS: Words<Auth> = &[
        (Auth::SharedSecret, "shared_secret"),
        (Auth::Github, "github"),
        (Auth::Standard, "standard"),
    ];

    /// A fresh secret of the kind that its senders take.
    pub fn make_secret(self) -> Result<Secret> {
        let bytes = seal::random::<SECRET_BYTES>()?;
        Ok(match self {
            Auth::Standard => {
                let text = Zeroizing::new(STANDARD.encode(bytes.as_ref()));
                Secret::new(format!("{STANDARD_PREFIX}{}", *text))
            }
            Auth::SharedSecret | Auth::Github => Secret::new(hex::encode(bytes.as_ref())),
        })
    }

    /// One that the sender made.
    pub fn check_secret(self, secret: &Secret) -> Result<()> {
        let text = secret.expose();
        let fits = (SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&text.len());
        if !fits || !text.chars().all(|letter| letter.is_ascii_graphic()) {
            let message = format!(
                "A secret has {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} letters, digits and signs, \
                 without blanks. Leave it out, and one is made."
            );
            return Err(Error::invalid("secret", message));
        }
        if self == Auth::Standard && standard_key(secret).is_none() {
            let message = "A secret of Standard Webhooks is whsec_ and base64. Copy it whole.";
            return Err(Error::invalid("secret", message));
        }
        Ok(())
    }

    /// Whether the holder of the secret sent exactly this, and what they call it.
    pub fn verify(
        self,
        secret: &Secret,
        (headers, body): (&HeaderMap, &[u8]),
        now: Timestamp,
    ) -> Result<Option<String>, Reason> {
        match self {
            Auth::SharedSecret => shared(secret, headers)?,
            Auth::Github => hub(secret, headers, body)?,
            Auth::Standard => return standard(secret, headers, body, now).map(Some),
        }
        let named = EVENT_HEADERS.iter().find_map(|name| text(headers, name));
        match named {
            Some(id) if id.is_empty() || EVENT_ID_BYTES_MAX < id.len() => Err(Reason::Unreadable),
            named => Ok(named.map(str::to_owned)),
        }
    }
}

/// Digests of equal length are compared, so that not even the secret's length shows.
fn shared(secret: &Secret, headers: &HeaderMap) -> Result<(), Reason> {
    let sent = text(headers, SECRET_HEADER).ok_or(Reason::Signature)?;
    let (sent, own) = (Sha256::digest(sent), Sha256::digest(secret.expose()));
    if bool::from(sent.as_slice().ct_eq(own.as_slice())) { Ok(()) } else { Err(Reason::Signature) }
}

fn hub(secret: &Secret, headers: &HeaderMap, body: &[u8]) -> Result<(), Reason> {
    let sent = text(headers, HUB_SIGNATURE).and_then(|it| it.strip_prefix("sha256="));
    let sent = sent.and_then(|it| hex::decode(it).ok()).ok_or(Reason::Signature)?;
    signed(secret.expose().as_bytes(), &[body], &sent)
}

fn standard(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<String, Reason> {
    let id = text(headers, STANDARD_ID).ok_or(Reason::Signature)?;
    let time = text(headers, STANDARD_TIME).ok_or(Reason::Signature)?;
    let signatures = text(headers, STANDARD_SIGNATURE).ok_or(Reason::Signature)?;
    if id.is_empty() || EVENT_ID_BYTES_MAX < id.len() {
        return Err(Reason::Signature);
    }
    let key = standard_key(secret).ok_or(Reason::Signature)?;
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    let versions = signatures.split(' ').take(SIGNATURES_MAX);
    let sent = versions.filter_map(|it| STANDARD.decode(it.strip_prefix("v1,")?).ok());
    let good = sent.map(|sent| signed(&key, &parts, &sent)).any(|it| it.is_ok());
    if !good {
        return Err(Reason::Signature);
    }
    let at = time.parse::<i64>().ok().and_then(|at| Timestamp::from_second(at).ok());
    let at = at.ok_or(Reason::Signature)?;
    if REPLAY_WINDOW < now.duration_since(at).abs() {
        return Err(Reason::Stale);
    }
    Ok(id.to_owned())
}

/// Compares in constant time.
fn signed(key: &[u8], parts: &[&[u8]], sent: &[u8]) -> Result<(), Reason> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.verify_slice(sent).map_err(|_| Reason::Signature)
}

fn standard_key(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = secret.expose();
    let text = text.strip_prefix(STANDARD_PREFIX).unwrap_or(text);
    STANDARD.decode(text).ok().filter(|key| !key.is_empty()).map(Zeroizing::new)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

impl Reason {
    pub const WORDS: Words<Reason> = &[
        (Reason::Signature, "signature"),
        (Reason::Stale, "stale"),
        (Reason::TooMany, "too_many"),
        (Reason::TooLarge, "too_large"),
        (Reason::Unreadable, "unreadable"),
        (Reason::Off, "off"),
        (Reason::Full, "full"),
        (Reason::Ping, "ping"),
        (Reason::Repeated, "repeated"),
    ];

    /// To the owner: what such calls were.
    pub fn about(self) -> &'static str {
        match self {
            Reason::Signature => "without the right secret or signature",
            Reason::Stale => "signed more than 5 minutes before or after it came",
            Reason::TooMany => "past 100 in a minute",
            Reason::TooLarge => "larger than 1 MB",
            Reason::Unreadable => "no JSON, or no usable name for the delivery",
            Reason::Off => "while it was switched off or paused",
            Reason::Full => "while too many waited",
            Reason::Ping => "only asked whether it is there",
            Reason::Repeated => "came before, and not done twice",
        }
    }
}
