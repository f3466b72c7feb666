//! Passwords: Argon2id with 19 MiB, two passes, one lane (OWASP's choice), one at a time, so that a
//! flood of tries costs the house neither its memory nor both of its processors.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::secret::Secret;

pub const CHARS_MIN: usize = 12;
const BYTES_MAX: usize = 1_024;
const AT_ONCE_MAX: usize = 1;

/// Compared with when there is no such person, so that the answer takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRub2JvZHk$\
    aDQ0bGV6YXNkZmdoamtsw7ZxcXdlcnR6dWlvcMO8MTI";

static TURN: Semaphore = Semaphore::const_new(AT_ONCE_MAX);

/// Whether a password may be chosen.
pub fn check(password: &Secret) -> Result<()> {
    let text = password.expose();
    if text.chars().count() < CHARS_MIN {
        let message = format!("Choose a password of at least {CHARS_MIN} characters.");
        return Err(Error::invalid("password", message));
    }
    if BYTES_MAX < text.len() {
        let message = format!("Choose a password of at most {BYTES_MAX} bytes.");
        return Err(Error::invalid("password", message));
    }
    Ok(())
}

/// The PHC string that is stored.
pub async fn hash(password: Secret) -> Result<String> {
    check(&password)?;
    on_the_side(move || {
        let hash = Argon2::default().hash_password(password.expose().as_bytes());
        hash.map(|hash| hash.to_string())
            .map_err(|err| Error::internal(anyhow::anyhow!("hashing a password: {err}")))
    })
    .await?
}

/// Whether it is the password behind `hash`; none stands for a person who isn't there.
pub async fn matches(password: Secret, hash: Option<String>) -> Result<bool> {
    if BYTES_MAX < password.expose().len() {
        return Ok(false);
    }
    on_the_side(move || {
        let against = hash.as_deref().unwrap_or(NOBODY);
        let same = Argon2::default().verify_password(password.expose().as_bytes(), against);
        same.is_ok() && hash.is_some()
    })
    .await
}

async fn on_the_side<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = TURN.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, hash, matches};
    use crate::secret::Secret;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let stored = hash(Secret::new("correct horse battery")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let right = Secret::new("correct horse battery");
        assert!(matches(right.clone(), Some(stored.clone())).await.unwrap());
        assert!(!matches(Secret::new("correct horse"), Some(stored)).await.unwrap());
        assert!(!matches(right, None).await.unwrap());
        // What stands in for nobody has to cost as much, so it has to be readable.
        assert!(argon2::PasswordHash::new(NOBODY).is_ok());
    }
}
