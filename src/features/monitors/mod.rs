//! Monitors: pages and feeds that are looked at again and again, and wake an agent when they have
//! something new.
//!
//! A page wakes it with what changed in its words, a feed with the items that were not there before,
//! each once. The first look only remembers. What was read is text from outside; what is to be done
//! about it, the owner's words say alone. The rest of a monitor is a trigger like any other.

mod api;
mod input;
mod job;
mod look;
mod news;
mod page;
mod service;
mod store;

use jiff::Timestamp;

use super::Feature;
use crate::error::Result;
use crate::features::triggers::Trigger;
use crate::outside::fetch::Version;
use crate::schedule::{self, Schedule};
use crate::web::shell::{Entry, Group};

pub use store::is_place_free;

pub const FEATURE: Feature = Feature {
    name: "monitors",
    nav: &[Entry {
        group: Group::Reaches,
        label: "Monitors",
        url: page::HERE,
        icon: "globe",
        thumb: false,
        admin: false,
    }],
    pages: page::routes,
    api: api::routes,
    jobs: job::ALL,
    ..Feature::NOTHING
};

#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    pub trigger: Trigger,
    pub watch: Watch,
}

/// What is watched, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    pub new: NewWatch,
    pub anchor_at: Timestamp,
    pub next_at: Timestamp,
    pub version: Version,
    /// What the page said last.
    pub page_text: Option<String>,
    pub looked_at: Option<Timestamp>,
    /// The first look was taken.
    pub primed: bool,
    /// What came of the last look, in a sentence.
    pub outcome: String,
    /// Looks that failed, in a row.
    pub misses: u32,
    /// The first of them.
    pub failing_since: Option<Timestamp>,
}

/// What a person says of it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewWatch {
    pub url: String,
    /// As `schedule` stores it.
    pub schedule: String,
    pub zone: String,
}

impl Watch {
    /// As one that was never looked at.
    pub fn fresh(new: NewWatch, now: Timestamp) -> Watch {
        Watch {
            new,
            anchor_at: now,
            next_at: now,
            version: Version::default(),
            page_text: None,
            looked_at: None,
            primed: false,
            outcome: String::new(),
            misses: 0,
            failing_since: None,
        }
    }

    /// The looks that failed no longer count.
    pub fn forgive(&mut self) {
        (self.misses, self.failing_since) = (0, None);
    }

    pub fn schedule(&self) -> Result<Schedule> {
        Schedule::parse(&self.new.schedule, schedule::zone(&self.new.zone)?, self.anchor_at)
    }

    /// The schedule in plain words; as it is written where it can no longer be read.
    pub fn sentence(&self) -> String {
        let written = |_| format!("{}, {}", self.new.schedule, self.new.zone);
        self.schedule().map_or_else(written, |schedule| schedule.sentence())
    }
}
