//! A message that only one browser can read, whoever carries it: RFC 8291, over the coding of RFC 8188.

use anyhow::anyhow;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use ring::rand::SystemRandom;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::seal;

const POINT_BYTES: usize = 65;
const AUTH_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// One record, which is what push services take at most.
const RECORD_BYTES: u32 = 4_096;
const HEADER_BYTES: usize = SALT_BYTES + 4 + 1 + POINT_BYTES;
/// With the byte that ends it and the tag.
const PLAIN_BYTES_MAX: usize = RECORD_BYTES as usize - HEADER_BYTES - 1 - TAG_BYTES;
/// Messages are as long as the next multiple of this, so that their length says little.
const STEP_BYTES: usize = 512;
/// Ends the last record.
const LAST: u8 = 2;

/// What a browser hands out, so that others may write to it.
pub struct Subscriber {
    key: [u8; POINT_BYTES],
    auth: Zeroizing<[u8; AUTH_BYTES]>,
}

impl Subscriber {
    /// Both in base64url, as browsers write them.
    pub fn parse(key: &str, auth: &str) -> Result<Subscriber> {
        let read = |text: &str| URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=')).ok();
        let key = read(key).and_then(|bytes| bytes.try_into().ok());
        let key = key.filter(|key: &[u8; POINT_BYTES]| key[0] == 4);
        let key = key.ok_or_else(|| not_one("keys.p256dh", "public key"))?;
        let auth = read(auth).and_then(|bytes| bytes.try_into().ok());
        let auth = auth.ok_or_else(|| not_one("keys.auth", "secret"))?;
        Ok(Subscriber { key, auth: Zeroizing::new(auth) })
    }

    /// The body of a push.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>> {
        if PLAIN_BYTES_MAX < plain.len() {
            return Err(Error::Denied("The message is too long for a push.".to_owned()));
        }
        let own =
            EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(failed)?;
        let own_key = own.compute_public_key().map_err(failed)?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, &self.key);
        let shared = agree_ephemeral(own, &theirs, |shared| Zeroizing::new(shared.to_vec()));
        let shared = shared.map_err(|_| {
            Error::Denied("The browser's key is none, so nothing can be said to it.".to_owned())
        })?;
        let salt = seal::random::<SALT_BYTES>()?;
        let length = plain.len().next_multiple_of(STEP_BYTES).min(PLAIN_BYTES_MAX);
        self.seal_with(own_key.as_ref(), &shared, &salt, (plain, length))
    }

    fn seal_with(
        &self,
        own_key: &[u8],
        shared: &[u8],
        salt: &[u8; SALT_BYTES],
        (plain, length): (&[u8], usize),
    ) -> Result<Vec<u8>> {
        let prk = Salt::new(HKDF_SHA256, self.auth.as_ref()).extract(shared);
        let secret = expand::<32>(&prk, &[b"WebPush: info\0", &self.key, own_key])?;
        let prk = Salt::new(HKDF_SHA256, salt).extract(secret.as_ref());
        let key = expand::<KEY_BYTES>(&prk, &[b"Content-Encoding: aes128gcm\0"])?;
        let nonce = expand::<NONCE_BYTES>(&prk, &[b"Content-Encoding: nonce\0"])?;

        let mut record = plain.to_vec();
        record.push(LAST);
        record.resize(1 + length.max(plain.len()), 0);
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key.as_ref()).map_err(failed)?);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).map_err(failed)?;

        let mut body = salt.to_vec();
        body.extend_from_slice(&RECORD_BYTES.to_be_bytes());
        body.push(u8::try_from(own_key.len()).map_err(Error::internal)?);
        body.extend_from_slice(own_key);
        body.extend_from_slice(&record);
        Ok(body)
    }
}

/// How many bytes are wanted.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    prk.expand(info, Length(N)).and_then(|it| it.fill(bytes.as_mut())).map_err(failed)?;
    Ok(bytes)
}

fn not_one(field: &'static str, what: &str) -> Error {
    Error::invalid(field, format!("That is not the {what} of a browser's subscription."))
}

fn failed(err: ring::error::Unspecified) -> Error {
    Error::internal(anyhow!("a push can't be sealed: {err}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out_to_the_byte() {
        let browser = Subscriber::parse(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        );
        let own_key = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let shared = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let plain = b"When I grow up, I want to be a watermelon";
        let body = browser.unwrap().seal_with(&own_key, &shared, &salt, (plain, 0)).unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY\
             WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS\
             gSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn short_messages_are_all_as_long_and_long_ones_fit() {
        let browser = Subscriber::parse(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "BTBZMqHH6r4Tts7J_aSIgg",
        )
        .unwrap();
        let length = |count: usize| browser.seal(&vec![b'a'; count]).map(|body| body.len()).ok();
        assert_eq!(length(1), length(512));
        assert!(length(1) < length(513));
        assert_eq!(length(PLAIN_BYTES_MAX), Some(RECORD_BYTES as usize));
        assert_eq!(length(PLAIN_BYTES_MAX + 1), None);
    }

    #[test]
    fn what_is_no_subscription_is_refused() {
        let point = URL_SAFE_NO_PAD.encode([4; POINT_BYTES]);
        assert!(Subscriber::parse("", "BTBZMqHH6r4Tts7J_aSIgg").is_err());
        assert!(Subscriber::parse(&point, "AAAA").is_err());
        // The right length, and no point of the curve.
        let nobody = Subscriber::parse(&point, "BTBZMqHH6r4Tts7J_aSIgg").unwrap();
        assert!(nobody.seal(b"hello").is_err());
    }
}
