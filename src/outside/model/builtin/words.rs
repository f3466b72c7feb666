//! What the built-in model itself says.

use super::phrase::Phrase;
use crate::label::boundary;

pub(super) const HELP: &[&str] = &[
    "help",
    "?",
    "commands",
    "what can you do",
    "what can you do for me",
    "what do you understand",
    "what can i say",
    "help me",
    "show help",
];
/// A question about one command is answered with those of its group, else with all.
pub(super) const HELP_WITH: &[&str] =
    &["help with", "help me with", "help on", "help", "how do i", "how can i", "how to"];
pub(super) const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "hi there",
    "hello there",
    "good morning",
    "good evening",
    "start",
    "who are you",
];
pub(super) const THANKS: &[&str] = &["thanks", "thank you", "thx", "thank you very much"];
pub(super) const NEVER_MIND: &[&str] = &[
    "never mind",
    "nevermind",
    "forget it",
    "cancel",
    "cancel that",
    "cancel it",
    "stop",
    "nothing",
    "leave it",
];
pub(super) const STOP: &[&str] = &["stop", "stop it", "stop that"];
pub(super) const YES: &[&str] =
    &["yes", "y", "yes i did", "yep", "yeah", "sure", "ok", "do it", "right"];
pub(super) const NO: &[&str] = &["no", "n", "nope"];

pub(super) const LEFT_IT: &str = "All right, I left it.";
pub(super) const NOTHING_TO_STOP: &str =
    "Nothing is under way in this chat. To stop everything everywhere, say \"pause\".";
pub(super) const WELCOME: &str = "You're welcome.";
pub(super) const NOTHING_SAID: &str =
    "I take commands only in your own words. Type one, or \"help\" to see what I understand.";
pub(super) const NO_FILES: &str = "I take short commands and can't look into a file that comes with a \
     message; \"read file plan.txt\" reads one that lies in your folder. A language model can read \
     what is attached: add one under Models, or choose it for this chat.";
/// Stands below what a command did.
pub(super) const FILE_LEFT: &str = "I did nothing with the file that came along: commands take words \
     alone.";

/// An answer as it was given: what was said beside a file counts as from outside and is wrapped so.
pub(super) fn without_file_left(answer: &str) -> &str {
    let answer = boundary::unwrapped(answer).unwrap_or(answer).trim();
    answer.strip_suffix(FILE_LEFT).map_or(answer, str::trim_end)
}

/// The longest usage shows best what may be said.
fn example(phrases: &[Phrase]) -> &str {
    let length = |phrase: &&Phrase| phrase.usage.split(' ').count();
    phrases.iter().max_by_key(length).map_or("help", |phrase| phrase.usage)
}

pub(super) fn hello(phrases: &[Phrase]) -> String {
    let example = example(phrases);
    format!(
        "Hello. Tell me what to do, for example \"{example}\". \"help\" lists all that I understand."
    )
}

pub(super) fn did_you_mean(corrected: &str) -> String {
    format!("I don't know that command. Did you mean \"{corrected}\"?")
}

/// What it can do, in a sentence; and what is nearest, else an example.
pub(super) fn not_understood(
    nearest: Option<&str>,
    phrases: &[Phrase],
    is_offered: impl Fn(&str) -> bool,
) -> String {
    let about = groups(phrases, is_offered).into_iter().map(str::to_lowercase);
    let about = match about.collect::<Vec<_>>() {
        names if names.len() < 2 => names.concat(),
        mut names => {
            let last = names.pop().unwrap_or_default();
            format!("{} and {last}", names.join(", "))
        }
    };
    let try_this = match nearest {
        Some(usage) => format!("The nearest is \"{usage}\""),
        None => format!("Try \"{}\"", example(phrases)),
    };
    format!(
        "I don't understand that. I take short commands about {about}. {try_this}; \"help\" lists \
         them all."
    )
}

pub(super) const AT_THE_CAP: &str =
    "I may call no more tools in this run. Say it again, and a new one begins.";

pub(super) fn unavailable(tool: &str) -> String {
    format!(
        "That needs the tool {tool}, which is not available here. Tick it in the agent's settings to allow it."
    )
}

/// A tool's result is a sentence for a person already.
pub(super) fn result(content: &str, is_error: bool) -> String {
    // The boundary around text from outside is there for models that could be fooled by it.
    // A line of warning may stand above it, for the same models.
    let below = || content.split_once('\n').and_then(|(_, rest)| boundary::unwrapped(rest));
    let content = boundary::unwrapped(content).or_else(below).unwrap_or(content).trim();
    match (content.is_empty(), is_error) {
        (true, false) => "Done.".to_owned(),
        (true, true) => "That did not work.".to_owned(),
        (false, true) => format!("That did not work: {content}"),
        (false, false) => content.to_owned(),
    }
}

/// The headings under which there is something to say, in order.
fn groups(phrases: &[Phrase], is_offered: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for phrase in phrases.iter().filter(|phrase| is_offered(phrase.tool)) {
        if !groups.contains(&phrase.group) {
            groups.push(phrase.group);
        }
    }
    groups
}

/// The phrases by group, in Markdown, only those whose tool is there; `only` of one group.
pub(super) fn help(
    phrases: &[Phrase],
    only: Option<&str>,
    is_offered: impl Fn(&str) -> bool,
) -> String {
    let offered: Vec<&Phrase> = phrases.iter().filter(|phrase| is_offered(phrase.tool)).collect();
    let mut groups = groups(phrases, is_offered);
    let only = only.filter(|it| groups.contains(it));
    groups.retain(|group| only.is_none_or(|it| it == *group));
    let mut text =
        "This is what I understand. The words can be your own; the openings count.\n".to_owned();
    for group in groups {
        text.push_str(&format!("\n**{group}**\n\n"));
        for phrase in offered.iter().filter(|phrase| phrase.group == group) {
            text.push_str(&format!("- `{}`: {}\n", phrase.usage, phrase.about));
        }
    }
    if only.is_some() {
        text.push_str("\n\"help\" lists all that I understand.");
        return text;
    }
    text.push_str(
        "\nSeveral commands go on lines of their own. \"never mind\" drops a question I asked.",
    );
    text
}
