//! Who sends a push: a signed note for the push service (RFC 8292), under a key that a browser was
//! shown when it subscribed, so that nobody else can say things to it.

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::net::WebUrl;
use crate::secret::Secret;

/// The standard allows a day.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(12);
const HEADER: &str = r#"{"typ":"JWT","alg":"ES256"}"#;

pub struct Signer(EcdsaKeyPair);

impl Signer {
    /// A new key, as it is kept.
    pub fn new_key() -> Result<Secret> {
        let made =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| broken())?;
        Ok(Secret::new(URL_SAFE_NO_PAD.encode(made.as_ref())))
    }

    pub fn open(kept: &Secret) -> Result<Signer> {
        let bytes =
            URL_SAFE_NO_PAD.decode(kept.expose()).map(Zeroizing::new).map_err(|_| broken())?;
        let rng = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes, &rng);
        Ok(Signer(pair.map_err(|_| broken())?))
    }

    /// What a browser is shown.
    pub fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// The header `Authorization` for a push to this address. `contact` is where the service may
    /// complain.
    pub fn authorization(
        &self,
        endpoint: &WebUrl,
        contact: Option<&str>,
        now: Timestamp,
    ) -> Result<Secret> {
        let origin = endpoint.to_url().origin().ascii_serialization();
        let mut claims = json!({"aud": origin, "exp": (now + GOOD_FOR).as_second()});
        if let Some(contact) = contact {
            claims["sub"] = contact.into();
        }
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let note = format!("{}.{}", encode(HEADER), encode(&claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), note.as_bytes()).map_err(|_| broken())?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        Ok(Secret::new(format!("vapid t={note}.{signature}, k={}", self.public_key())))
    }
}

fn broken() -> Error {
    Error::internal(anyhow!("the key for pushes can't be used"))
}
