//! Sealing: bytes that only the holder of a key can read, and that can't be changed or moved.
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a fresh random nonce each time. A sealed
//! value is `format byte, 24 bytes of nonce, ciphertext with tag`.

use anyhow::anyhow;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Comes first in each sealed value, so that another cipher can follow one day.
const FORMAT: u8 = 1;

pub type Key = Zeroizing<[u8; KEY_BYTES]>;

pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut())
        .map_err(|err| Error::internal(anyhow!("the system gives no random bytes: {err}")))?;
    Ok(bytes)
}

/// Seals `plain`. It opens only with the same `bound` bytes, which say what the value is and where
/// it belongs.
pub fn seal(key: &Key, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let nonce = random::<NONCE_BYTES>()?;
    let payload = Payload { msg: plain, aad: bound };
    let ciphertext = cipher(key)
        .encrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| Error::internal(anyhow!("a value is too long to be sealed")))?;
    let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

/// `None` when the key is another one, or a byte of `sealed` or `bound` is.
pub fn open(key: &Key, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (format, rest) = sealed.split_first()?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
    if *format != FORMAT {
        return None;
    }
    let payload = Payload { msg: ciphertext, aad: bound };
    cipher(key).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}

/// HMAC-SHA-256 (RFC 2104) over `parts`, under a key derived for `purpose` alone.
pub fn sign(key: &Key, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let derived = Zeroizing::new(mac(key.as_ref(), &[b"steward/", purpose.as_bytes()]));
    mac(derived.as_ref(), parts)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(key.as_ref()).expect("the key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_changed_byte_or_place_does_not_open(
            plain: Vec<u8>, bound: Vec<u8>, at: prop::sample::Index, bit in 0..8u32,
        ) {
            let key = random().unwrap();
            let sealed = seal(&key, &bound, &plain).unwrap();
            prop_assert_eq!(open(&key, &bound, &sealed).unwrap().to_vec(), plain);
            let mut changed = sealed.clone();
            changed[at.index(sealed.len())] ^= 1u8 << bit;
            prop_assert!(open(&key, &bound, &changed).is_none());
            prop_assert!(open(&key, &[&bound[..], b"x"].concat(), &sealed).is_none());
            prop_assert!(open(&random().unwrap(), &bound, &sealed).is_none());
        }
    }
}
