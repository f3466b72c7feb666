//! Everything that talks to the world. It holds no product rules.

pub mod fetch;
pub mod model;
pub mod sandbox;
pub mod search;

use std::sync::{Arc, RwLock};

use model::catalog::Catalog;

/// The ways out, built once. What the owner can change is replaced as a whole.
#[derive(Clone)]
pub struct Outside {
    models: Arc<RwLock<Catalog>>,
}

impl Outside {
    pub fn new(models: Catalog) -> Outside {
        Outside { models: Arc::new(RwLock::new(models)) }
    }

    /// The models as they are set up just now.
    pub fn models(&self) -> Catalog {
        self.models.read().expect("nobody panics while replacing the models").clone()
    }

    pub fn set_models(&self, models: Catalog) {
        *self.models.write().expect("nobody panics while replacing the models") = models;
    }
}
