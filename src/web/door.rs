//! The door: every layer that a request passes before a handler sees it, in this order.
//!
//! number and panics → headers → login cookie → who calls → other sites → the public list →
//! the key's rate → first answers → the handler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use jiff::Timestamp;

use crate::clock::Clock;
use crate::config::Live;
use crate::db::Db;
use crate::error::Result;
use crate::web::standing::Standing;
use crate::web::{caller, csrf, headers, idempotency, public, rate, request, session, store};

/// What the layers work with.
#[derive(Clone)]
pub struct Door {
    pub db: Db,
    pub clock: Clock,
    pub config: Live,
    pub counts: rate::Counts,
    /// When this program did.
    pub began: Timestamp,
    /// Told of logins that end.
    standing: Standing,
    /// Somebody has set the house up: true for good once it is.
    owned: Arc<AtomicBool>,
}

impl Door {
    pub fn new(db: Db, clock: Clock, config: Live) -> Door {
        let standing = Standing::new(db.clone(), clock.clone());
        let (counts, began) = (rate::Counts::default(), clock.now());
        Door { db, clock, config, counts, began, standing, owned: Arc::default() }
    }

    /// Who listens hears of logins that end at this door.
    pub fn telling(self, standing: Standing) -> Door {
        Door { standing, ..self }
    }

    pub async fn has_owner(&self) -> Result<bool> {
        if self.owned.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let owned = self.db.read(store::callers::anybody).await?;
        self.owned.store(owned, Ordering::Relaxed);
        Ok(owned)
    }

    /// Puts the door before all routes, which say themselves what is not there. What is added to the router afterwards stands outside.
    pub fn guard(&self, routes: Router) -> Router {
        let config = self.config.get();
        let (db, clock, standing) = (self.db.clone(), self.clock.clone(), self.standing.clone());
        let layer = session::layer(db, clock, standing, session::over_tls(&config));
        routes
            .layer(DefaultBodyLimit::max(config.limits.body_bytes_max))
            .layer(from_fn_with_state(self.clone(), idempotency::repeat))
            .layer(from_fn_with_state(self.clone(), rate::limit))
            .layer(from_fn_with_state(self.clone(), public::gate))
            .layer(from_fn_with_state(self.clone(), csrf::check))
            .layer(from_fn_with_state(self.clone(), caller::establish))
            .layer(layer)
            .layer(map_response(headers::secure))
            .layer(from_fn_with_state(self.clone(), request::begin))
    }
}
