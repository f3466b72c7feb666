//! What stands around every page: navigation, header, the line that says what just happened.
//!
//! A page's template extends `layout.html` and holds a [`Shell`] in its field `shell`. Which
//! entries the navigation has is handed down by the features; see [`Nav`].

use std::sync::Arc;

use crate::web::flash::Flash;
use crate::web::keys::Keys;
use crate::web::theme::Theme;

/// One line of the navigation.
#[derive(Clone, Copy)]
pub struct Entry {
    pub group: Group,
    pub label: &'static str,
    pub url: &'static str,
    pub icon: &'static str,
    /// Stands in the bar at the bottom of a phone, too.
    pub thumb: bool,
    /// Only for who may see it.
    pub admin: bool,
}

/// The four groups, by the person's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Daily,
    Knows,
    Reaches,
    Runs,
}

impl Group {
    pub const ALL: [Group; 4] = [Group::Daily, Group::Knows, Group::Reaches, Group::Runs];

    pub fn label(self) -> &'static str {
        match self {
            Group::Daily => "Daily",
            Group::Knows => "Knows",
            Group::Reaches => "Reaches",
            Group::Runs => "Runs",
        }
    }
}

/// The navigation: built once, in the order given.
#[derive(Default)]
pub struct Nav(Vec<Entry>);

impl Nav {
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Nav {
        Nav(entries.into_iter().collect())
    }

    /// The groups that have something in them for an admin, or for anybody else.
    pub fn groups(&self, admin: bool) -> impl Iterator<Item = (&'static str, Vec<&Entry>)> {
        Group::ALL.into_iter().filter_map(move |group| {
            let own = self.0.iter().filter(|it| it.group == group && (admin || !it.admin));
            let entries: Vec<&Entry> = own.collect();
            (!entries.is_empty()).then_some((group.label(), entries))
        })
    }

    pub fn thumbs(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| entry.thumb)
    }
}

pub struct Shell {
    pub nav: Arc<Nav>,
    /// The page's heading; also the tab's title.
    pub title: String,
    /// The `url` of the navigation entry that this page belongs to.
    pub here: &'static str,
    pub theme: Theme,
    pub keys: Keys,
    pub user: String,
    /// May turn the house's own switches.
    pub admin: bool,
    /// Approvals that wait for this person.
    pub waiting: usize,
    pub paused: bool,
    /// "$0.12", or nothing where no model costs anything.
    pub spent_today: Option<String>,
    pub flash: Option<Flash>,
    /// Where the page listens for what happens; see `static/app.js`.
    pub stream: String,
}

impl Shell {
    /// The navigation of whose page this is.
    pub fn groups(&self) -> impl Iterator<Item = (&'static str, Vec<&Entry>)> {
        self.nav.groups(self.admin)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use askama::Template;

    use super::{Entry, Group, Nav, Shell};
    use crate::web::flash::Flash;
    use crate::web::keys::Keys;
    use crate::web::theme::Theme;

    #[derive(Template)]
    #[template(
        ext = "html",
        source = "{% extends \"layout.html\" %}{% block main %}<p>Hello</p>{% endblock %}"
    )]
    struct Hello {
        shell: Shell,
    }

    fn shell() -> Shell {
        let entry =
            |group, label, url, icon, thumb| Entry { group, label, url, icon, thumb, admin: false };
        Shell {
            nav: Arc::new(Nav::new([
                entry(Group::Runs, "Models", "/models", "models", false),
                entry(Group::Daily, "Chat", "/chat", "chat", true),
                entry(Group::Daily, "Approvals", "/approvals", "approvals", true),
            ])),
            title: "Notes <b>".to_owned(),
            here: "/chat",
            theme: Theme::Dark,
            keys: Keys::Off,
            user: "ada".to_owned(),
            admin: true,
            waiting: 2,
            paused: true,
            spent_today: None,
            flash: Some(Flash {
                text: "Note deleted.".to_owned(),
                undo: Some("/undo/1".to_owned()),
                failed: false,
            }),
            stream: "/live".to_owned(),
        }
    }

    #[test]
    fn a_page_stands_in_its_frame() {
        let html = Hello { shell: shell() }.render().unwrap();
        for part in [
            "data-theme=\"dark\"",
            "data-keys=\"off\"",
            "<title>(2) Notes &#60;b&#62; · Steward</title>",
            "<a href=\"/chat\" aria-current=\"page\">",
            "action=\"/undo/1\"",
            "Everything is paused.",
            "<p>Hello</p>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        let daily = html.find("Daily").unwrap();
        assert!(daily < html.find("/models").unwrap() && !html.contains("Reaches"));
    }
}
