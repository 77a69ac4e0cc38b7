//! The small words that every view is made of: people, instants, spans, and
//! what somebody wrote, made safe to show.
//!
//! Whatever a person wrote passes through here before it is shown, and nothing
//! they wrote may ping a channel or a group.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::change::{
    Actor, Criterion, EmergencyChange, Exception, MessageRef, NotGenuine, Remedy, Shown, Verdict,
};
use crate::domain::id::{ChannelId, UserId};
use crate::domain::obligation::Duty;
use crate::domain::policy::{Party, Policy};
use crate::domain::ticket::{Field, Kind};

use super::Said;

/// Words that ping everybody where Slack is told to look for names.
const LOUD: [&str; 3] = ["@here", "@channel", "@everyone"];

/// Invisible, and enough to make a name no name.
const JOINER: char = '\u{2060}';

/// How many lines of a message a short quotation has.
const MOST_LINES: usize = 6;

/// Returns the name of a change as every heading shows it: nobody shall take a
/// rehearsal for an emergency, wherever they read of it.
pub(super) fn title(change: &EmergencyChange) -> String {
    if change.drill {
        format!("Drill · {}", change.number)
    } else {
        change.number.to_string()
    }
}

/// Returns a conversation, shown by Slack under its name.
pub(super) fn channel(channel: &ChannelId) -> String {
    format!("<#{channel}>")
}

/// Returns `label` as a link to a message, where its address is known.
pub(super) fn link(message: &MessageRef, label: &str) -> String {
    match &message.permalink {
        // What isn't an address would tear the markup.
        Some(permalink) if !permalink.as_str().contains(['<', '>', '|']) => {
            let address = permalink.as_str().replace('&', "&amp;");
            format!("<{address}|{label}>")
        }
        Some(_) | None => label.to_owned(),
    }
}

/// Returns a person, shown by Slack under their name.
pub(super) fn person(who: &UserId) -> String {
    format!("<@{who}>")
}

/// Returns a person or a group, pinging them.
pub(super) fn party(party: &Party) -> String {
    match party {
        Party::Person(who) => person(who),
        Party::Group(group) => format!("<!subteam^{group}>"),
    }
}

/// Returns people and groups as a list in words.
pub(super) fn parties(parties: &[Party]) -> String {
    listed(parties.iter().map(party))
}

/// Returns things as a list in words: `a, b and c`.
pub(super) fn listed(things: impl IntoIterator<Item = String>) -> String {
    let mut things: Vec<String> = things.into_iter().collect();
    match things.pop() {
        None => String::new(),
        Some(last) if things.is_empty() => last,
        Some(last) => format!("{} and {last}", things.join(", ")),
    }
}

/// Returns an instant, shown by Slack in the reader's zone.
pub(super) fn at(instant: DateTime<Utc>) -> String {
    Shown(instant).to_string()
}

/// Returns how long something takes, as exactly as people say it.
pub(super) fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().abs();
    let minutes = (seconds + 30) / 60;
    match (minutes / 60, minutes % 60) {
        (0, _) if seconds < 60 => "under a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) if hours < 48 => format!("{hours} h"),
        (hours, minutes) if hours < 48 => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", (hours + 12) / 24),
    }
}

/// Returns words as the beginning of a sentence.
pub(super) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Returns how large a file is, as people say it.
pub(super) fn size(n_bytes: u64) -> String {
    match n_bytes {
        0..1_000 => format!("{n_bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", n_bytes.div_ceil(1_000)),
        1_000_000.. => format!("{} MB", n_bytes.div_ceil(1_000_000)),
    }
}

/// Returns a deadline as an instant and in relative words.
pub(super) fn due(due_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if due_at > now {
        format!("due {} (in {})", at(due_at), span(due_at - now))
    } else {
        format!("overdue since {} ({})", at(due_at), span(now - due_at))
    }
}

/// Returns a deadline in relative words alone, for where Slack shows no dates.
pub(super) fn due_shortly(due_at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if due_at > now {
        format!("due in {}", span(due_at - now))
    } else {
        format!("overdue for {}", span(now - due_at))
    }
}

/// How much is shown of why words were removed, in each place that they stood.
const LONGEST_REASON: usize = 200;

/// What was left of a text, and whether that is all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The words, safe to show.
    pub(super) words: String,
    /// Whether some were left out.
    pub(super) is_cut: bool,
}

/// Returns what somebody wrote, safe to show, in at most `room` characters.
pub(super) fn wrote(said: &Said, room: usize) -> Excerpt {
    match said {
        Said::Words(words) => safe(words.trim(), room),
        Said::Redacted => Excerpt {
            words: "_redacted_".to_owned(),
            is_cut: false,
        },
        Said::Removed(removal) => {
            let reason = removal
                .reason
                .as_deref()
                .map_or_else(String::new, |reason| {
                    let line: Vec<&str> = reason.split_whitespace().collect();
                    format!(
                        ": {}",
                        safe(&line.join(" "), room.min(LONGEST_REASON)).words
                    )
                });
            Excerpt {
                words: format!(
                    "_removed by {} on {}{reason}_",
                    remover(&removal.by),
                    at(removal.at)
                ),
                is_cut: false,
            }
        }
        Said::Withheld => Excerpt {
            words: "_said in a private channel, and kept there_".to_owned(),
            is_cut: false,
        },
    }
}

/// Who took words out of the record.
fn remover(by: &Actor) -> String {
    match by {
        Actor::Person(who) => person(who),
        Actor::Clock | Actor::Bot => "the retention rule".to_owned(),
    }
}

/// Returns what somebody wrote as one line, safe to show.
pub(super) fn wrote_in_a_line(said: &Said, room: usize) -> String {
    match said {
        Said::Words(words) => {
            let line: Vec<&str> = words.split_whitespace().collect();
            safe(&line.join(" "), room).words
        }
        Said::Redacted | Said::Removed(_) | Said::Withheld => wrote(said, room).words,
    }
}

/// Returns what somebody wrote as Slack shows quotations.
pub(super) fn quoted(words: &str) -> String {
    let lines: Vec<String> = words.lines().map(|line| format!("> {line}")).collect();
    lines.join("\n")
}

/// Returns what somebody wrote as a quotation of at most `room` characters
/// before it is indented, and of a few lines; what is left out stands behind
/// the link beside it.
pub(super) fn quotation(said: &Said, room: usize) -> String {
    let words = wrote(said, room).words;
    let n_lines = words.lines().count();
    if n_lines <= MOST_LINES {
        return quoted(&words);
    }
    let lines: Vec<&str> = words.lines().take(MOST_LINES).collect();
    format!("{} …", quoted(&lines.join("\n")))
}

/// Escapes `words` and cuts them so that what is returned has at most `room`
/// characters, as Slack counts them.
///
/// People who are named stay names; everything else that could ping is made
/// inert.
pub(super) fn safe(words: &str, room: usize) -> Excerpt {
    let mut out = String::new();
    let mut used = 0;
    let mut rest = words;
    while let Some(first) = rest.chars().next() {
        let (piece, taken) = if let Some((mention, taken)) = mention(rest) {
            (mention, taken)
        } else if LOUD.iter().any(|loud| starts_with(rest, loud)) {
            (format!("@{JOINER}"), 1)
        } else {
            let piece = match first {
                '&' => "&amp;".to_owned(),
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                // It would end a mention or a date that follows it oddly.
                '\0' => String::new(),
                other => other.to_string(),
            };
            (piece, first.len_utf8())
        };
        let after = rest.get(taken..).unwrap_or_default();
        let length = width(&piece);
        // The ellipsis needs its place unless this is the end.
        let reserve = usize::from(!after.is_empty());
        if used + length + reserve > room {
            return Excerpt {
                words: format!("{}…", out.trim_end()),
                is_cut: true,
            };
        }
        used += length;
        out.push_str(&piece);
        rest = after;
    }
    Excerpt {
        words: out,
        is_cut: false,
    }
}

/// Returns as much of `words` as fits, as it is: for inputs, which know no markup.
pub(super) fn beginning(words: &str, room: usize) -> String {
    let mut used = 0;
    words
        .chars()
        .take_while(|letter| {
            used += letter.len_utf16();
            used <= room
        })
        .collect()
}

/// Returns what somebody wrote for where Slack knows no markup: people by name.
pub(super) fn plainly(words: &str, name_of: impl Fn(&UserId) -> String) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some((before, _)) = rest.split_once('<') {
        out.push_str(before);
        rest = rest.get(before.len()..).unwrap_or_default();
        let taken = if let Some((mention, taken)) = mention(rest) {
            let id = mention.trim_matches(['<', '@', '>']);
            out.push('@');
            out.push_str(&name_of(&UserId::new(id)));
            taken
        } else {
            // What pings elsewhere shall not even look as if it did.
            if !rest.starts_with("<!") {
                out.push('<');
            }
            1
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Slack counts as JavaScript does, in units of UTF-16.
pub(super) fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns the person whom `rest` begins by naming, and how long that is.
fn mention(rest: &str) -> Option<(String, usize)> {
    let inner = rest.strip_prefix("<@")?;
    let (id, _) = inner.split_once('>')?;
    let is_person = id.starts_with(['U', 'W'])
        && (2..=20).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_person.then(|| (format!("<@{id}>"), id.len() + 3))
}

fn starts_with(rest: &str, word: &str) -> bool {
    rest.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Returns why it was an emergency, as a sentence.
pub(super) const fn criterion(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Vulnerability => "A critical vulnerability needs patching at once.",
        Criterion::ProductionDown => "Production is down and needs a fix.",
        Criterion::DataLoss => "Data would be lost without intervention.",
        Criterion::CustomerImpact => "A bug hurts customers and can't wait.",
        Criterion::ExternalFailure => "An external dependency failed.",
    }
}

/// Returns the same as the label of a button.
pub(super) const fn criterion_label(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Vulnerability => "Vulnerability",
        Criterion::ProductionDown => "Production down",
        Criterion::DataLoss => "Data at risk",
        Criterion::CustomerImpact => "Customers hit",
        Criterion::ExternalFailure => "Dependency failed",
    }
}

/// Returns a field's name as a heading.
pub(super) fn field(field: Field) -> String {
    capitalised(&field.to_string())
}

/// Returns one of a field's choices, in words.
pub(super) fn choice(policy: &Policy, field: Field, name: &str) -> String {
    match field.row().kind {
        Kind::Category => policy
            .category(name)
            .map_or_else(|| name.to_owned(), |category| category.label.clone()),
        Kind::Recorded
        | Kind::Words
        | Kind::Choice(_)
        | Kind::Link
        | Kind::Links
        | Kind::Person
        | Kind::Instant
        | Kind::Systems => capitalised(&name.replace('_', " ")),
    }
}

/// Returns how a rejected change is put right, as a choice.
pub(super) const fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::RollBack => "Roll it back",
        Remedy::Redo => "Redo it through the normal process",
        Remedy::AcceptRisk => "It stays, and somebody accepts the risk by name",
    }
}

/// Returns a reason that is none of the five, as a person states it.
pub(super) const fn not_genuine(reason: NotGenuine) -> &'static str {
    match reason {
        NotGenuine::FasterLaunch => "To launch something faster",
        NotGenuine::DeadlineToday => "A deadline today",
        NotGenuine::SkippingProcess => "To skip the normal process",
        NotGenuine::Other => "Another reason",
    }
}

/// Returns what an answer does, as in "reads as if they … this".
pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Grant => "authorized",
        Verdict::Refuse => "refused",
    }
}

/// Returns the control that wasn't met, in plain words.
pub(super) const fn exception(exception: Exception) -> &'static str {
    match exception {
        Exception::NotAuthorized => "went ahead without authorization",
        Exception::SelfAuthorized => "authorized by the requester alone, who holds the role",
        Exception::DeployedBeforeAuthorization => "deployed before anybody authorized it",
        Exception::DeployedAgainstDenial => "deployed although it was denied",
        Exception::DocumentedLate => "ticket not complete by its deadline",
        Exception::ApprovedLate => "not decided by its deadline",
        Exception::CommanderLate => "commander's authorization missing at its deadline",
        Exception::SecondPersonLate => "second person's authorization missing at its deadline",
        Exception::Rejected => "rejected in retrospect",
        Exception::NotGenuine => {
            "no genuine emergency, by its stated reason or by who decided on it"
        }
        Exception::CapturedLate => "put on record more than a day after it was asked for",
        Exception::ConfirmedLate => "attested authorization not confirmed by its deadline",
        Exception::NoIncident => "names no incident",
        Exception::SecurityReviewLate => "security review missing at its deadline",
        Exception::DatabaseApprovalLate => {
            "database administrator's approval missing at its deadline"
        }
    }
}

/// Returns what is owed, as the beginning of a sentence.
pub(super) fn duty(duty: Duty) -> String {
    let words = match duty {
        Duty::AnswerRequest => "The answer to the request",
        Duty::ConfirmDeployment => "Word of the deployment",
        Duty::Ticket => "The ticket",
        Duty::CommanderAuthorization => "The incident commander's authorization",
        Duty::Confirmation => "The confirmation of the attested authorization",
        Duty::SecondAuthorization => "A second person's authorization",
        Duty::Approval => "The retrospective decision",
        Duty::Remediation => "Word of how it was put right",
        Duty::AnswerException(_) => "The answer to an exception",
        Duty::SecurityReview => "The security group's review",
        Duty::DatabaseApproval => "The database administrator's approval",
        Duty::GenuinenessReview => "The compliance lead's word on whether it was genuine",
        Duty::MeetingReview => "The review in a team meeting",
        Duty::PermanentFix => "The permanent fix",
        // Of several, each is told by its number.
        Duty::FollowUp(n) => return format!("Follow-up {n}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(words: &str) -> String {
        safe(words, 3000).words
    }

    #[test]
    fn nothing_a_person_wrote_pings_a_channel_or_a_group() {
        assert_eq!(shown("<!channel> help"), "&lt;!channel&gt; help");
        assert_eq!(shown("<!subteam^S123> help"), "&lt;!subteam^S123&gt; help");
        assert_eq!(shown("@here"), "@\u{2060}here");
        assert_eq!(shown("a @Channel b"), "a @\u{2060}Channel b");
        assert_eq!(shown("<@U1|<!here>>"), "&lt;@U1|&lt;!here&gt;&gt;");
        assert_eq!(shown("&lt;!here&gt;"), "&amp;lt;!here&amp;gt;");
    }

    #[test]
    fn people_who_are_named_stay_names() {
        assert_eq!(shown("what <@U123> deployed"), "what <@U123> deployed");
        assert_eq!(shown("<@x>"), "&lt;@x&gt;");
    }

    #[test]
    fn a_cut_never_falls_into_an_escape() {
        assert_eq!(safe("a<b", 5).words, "a…");
        assert_eq!(safe("a<b", 6).words, "a&lt;b");
        assert_eq!(safe("abc", 3).words, "abc");
        assert_eq!(safe("abcd", 3).words, "ab…");
        assert!(safe("abcd", 3).is_cut);
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = |seconds| span(TimeDelta::seconds(seconds));
        assert_eq!(said(5), "under a minute");
        assert_eq!(said(240), "4 min");
        assert_eq!(said(-240), "4 min");
        assert_eq!(said(3_599), "1 h");
        assert_eq!(said(17_340), "4 h 49 min");
        assert_eq!(said(86_400), "24 h");
        assert_eq!(said(7 * 86_400 - 40), "7 days");
    }

    proptest! {
        #[test]
        fn what_is_shown_keeps_its_room_and_holds_no_foreign_markup(
            words in "[a-z<>&!@|^UC0-9 😀é\n]{0,60}",
            room in 1usize..80,
        ) {
            let excerpt = safe(&words, room);
            prop_assert!(width(&excerpt.words) <= room);
            for part in excerpt.words.split('<').skip(1) {
                prop_assert!(part.starts_with("@U"), "{}", excerpt.words);
            }
        }
    }
}
