//! All the origins of a text: several, where it was made of several.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Origin;

/// What is made of more names these, and says that there are others.
pub const ORIGINS_MAX: usize = 8;

/// Never empty; each once, in the order in which they were put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    #[serde(flatten)]
    first: Origin,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<Origin>,
    /// There were more than are named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    others: bool,
}

impl From<Origin> for Origins {
    fn from(first: Origin) -> Origins {
        Origins { first, also: Vec::new(), others: false }
    }
}

impl Origins {
    /// The only one there is; `None`: there are several.
    pub fn single(&self) -> Option<&Origin> {
        (self.also.is_empty() && !self.others).then_some(&self.first)
    }

    pub fn named(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.first).chain(&self.also)
    }

    /// More than are named.
    pub fn has_others(&self) -> bool {
        self.others
    }

    /// Of a text made of both. What two had a hand in is no text that a site sent itself.
    pub fn and(self, more: &Origins) -> Origins {
        if self == *more {
            return self;
        }
        let (mut all, more) = (self.derived(), more.clone().derived());
        all.others |= more.others;
        for origin in more.named() {
            if all.named().any(|known| known == origin) {
                continue;
            }
            if all.named().count() < ORIGINS_MAX {
                all.also.push(origin.clone());
            } else {
                all.others = true;
            }
        }
        all
    }

    /// The same for what a model wrote that had read such a text.
    pub fn derived(self) -> Origins {
        let derived = |origin| match origin {
            Origin::Web(host) => Origin::Derived(host),
            origin => origin,
        };
        let also = self.also.into_iter().map(derived).collect();
        Origins { first: derived(self.first), also, ..self }
    }
}

/// "the website a.example, a mail by bob@b.example and others".
impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = if self.others { None } else { self.also.last() };
        let between = self.also.len() - usize::from(last.is_some());
        write!(f, "{}", self.first)?;
        for origin in &self.also[..between] {
            write!(f, ", {origin}")?;
        }
        match last {
            Some(last) => write!(f, " and {last}"),
            None if self.others => f.write_str(" and others"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(host: &str) -> Origins {
        Origin::Web(host.to_owned()).into()
    }

    #[test]
    fn all_are_named_once_up_to_a_limit_and_the_rest_is_said_to_be_there() {
        let two = site("a.example").and(&Origin::Mail("b@b.example".to_owned()).into());
        assert_eq!(two.to_string(), "the website a.example and a mail by b@b.example");
        assert_eq!(two.clone().and(&two), two);
        let many = (0..20).fold(two, |all, n| all.and(&site(&format!("{n}.example"))));
        assert_eq!(many.named().count(), ORIGINS_MAX);
        assert!(
            many.has_others() && many.to_string().ends_with("the website 5.example and others")
        );
        assert!(site("c.example").and(&many).has_others(), "that there are others is kept");
    }

    #[test]
    fn what_two_sites_had_a_hand_in_no_site_sent_itself() {
        let both = site("a.example").and(&site("b.example"));
        assert!(both.named().all(|it| matches!(it, Origin::Derived(_))), "{both:?}");
        assert_eq!(site("a.example").and(&site("a.example")), site("a.example"));
    }

    #[test]
    fn what_was_stored_with_one_origin_is_read_and_written_as_it_was() {
        for text in [r#"{"kind":"web","of":"a.example"}"#, r#"{"kind":"owner"}"#] {
            let read: Origins = serde_json::from_str(text).unwrap();
            assert!(read.single().is_some());
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        let both = site("a.example").and(&site("b.example"));
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Origins>(&text).unwrap(), both, "{text}");
    }
}
