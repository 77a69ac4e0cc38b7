//! Replies that only the person who asked sees.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use slack_morphism::prelude::{SlackBlock, SlackBlockButtonElement};

use crate::domain::authorization::Act;
use crate::domain::change::{EmergencyChange, Refusal};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::offer::{Offer, Quoted};
use crate::domain::text::Commitment;
use crate::domain::ticket::{Field, gaps, takeable};
use crate::gesture::Which;
use crate::slack::control::{self, Control};
use crate::slack::inbound::grammar::{self, Verb};
use crate::slack::inbound::period;
use crate::store::{OrderedPack, PackStage};

use super::blocks::{
    actions, button_of, context, fits, message, one_line, paragraphs, plain, primary, section,
};
pub use super::status::{status, status_in_full};

use super::{Message, Said, Showing, Typed, Words, facts, moves, say, ticket};

/// How many changes a list shows.
const MOST_LISTED: usize = 20;

/// How much of *what* a line of a list shows.
const ROOM_IN_A_LIST: usize = 100;

/// How many undeclared pairs it shows.
const MOST_UNDECLARED: usize = 5;

/// How much of each *what* is shown where two are compared.
const ROOM_FOR_A_TWIN: usize = 300;

/// The longest value that Slack lets a button have.
const LONGEST_VALUE: usize = 2000;

/// How much of a file's name is shown.
const ROOM_FOR_A_COPY: usize = 200;

/// Returns a rule's no, with what was typed, so that nothing is lost; what one
/// message can't hold follows in others.
///
/// `sentence` is the bot's own and may hold Slack's markup.
pub fn refused(sentence: &str, typed: &[Typed]) -> Vec<Message> {
    refusal(sentence, typed, Vec::new())
}

/// Returns a rule's no about a change. Whoever can't authorize it because the
/// policy doesn't name them may be the most senior engineer available, and can
/// say so at once.
pub fn refused_about(sentence: &str, typed: &[Typed], showing: &Showing<'_>) -> Vec<Message> {
    let act = Act::Authorize;
    let is_about_the_role = sentence == Refusal::NotAnApprover { act }.to_string();
    let way_out = if is_about_the_role && moves::may_stand_in(showing.change) {
        vec![actions(vec![moves::stand_in(showing).into()])]
    } else {
        Vec::new()
    };
    refusal(sentence, typed, way_out)
}

/// What happened stands in a line of its own; what to do follows it.
fn on_lines(sentences: &str) -> String {
    sentences.replacen(". ", ".\n", 1)
}

fn refusal(sentence: &str, typed: &[Typed], way_out: Vec<SlackBlock>) -> Vec<Message> {
    let first = vec![section(&on_lines(sentence))];
    with_typed(sentence, first, typed, way_out)
}

/// Messages that say `text`, give back what was typed, and end with `last`.
pub(super) fn with_typed(
    text: &str,
    first: Vec<SlackBlock>,
    typed: &[Typed],
    last: Vec<SlackBlock>,
) -> Vec<Message> {
    let mut messages = vec![first];
    if !typed.is_empty() {
        append(&mut messages, vec![context("You typed:")]);
    }
    for one in typed {
        for part in given_back(one) {
            append(&mut messages, part);
        }
    }
    append(&mut messages, last);
    let titled = |(n, blocks)| match n {
        0 => message(text, blocks),
        _ => message("What you typed, further", blocks),
    };
    messages.into_iter().enumerate().map(titled).collect()
}

/// Puts blocks that stand together into the last message, or, where that has no
/// room for them, into a new one.
fn append(messages: &mut Vec<Vec<SlackBlock>>, blocks: Vec<SlackBlock>) {
    let whole = messages.last().map(|last| {
        let mut whole = last.clone();
        whole.extend(blocks.iter().cloned());
        whole
    });
    match (whole, messages.last_mut()) {
        (Some(whole), Some(last)) if fits(&whole) => *last = whole,
        _ => messages.push(blocks),
    }
}

/// One thing that was typed, in parts of which each fits a message.
fn given_back(one: &Typed) -> Vec<Vec<SlackBlock>> {
    let quoted = say::quoted(&one.words);
    let labelled = one
        .label
        .as_ref()
        .map_or_else(|| quoted.clone(), |label| format!("*{label}*\n{quoted}"));
    if say::width(&labelled) <= super::blocks::LONGEST_TEXT {
        return vec![vec![section(&labelled)]];
    }
    // A quotation would be torn where a paragraph ends.
    let whole = one.label.as_ref().map_or_else(
        || one.words.clone(),
        |label| format!("*{label}*\n{}", one.words),
    );
    let parts = paragraphs(&whole).into_iter();
    parts.map(|part| vec![part]).collect()
}

/// Asks whether a deployment was really so long ago. One tap records it; whoever
/// meant another time says it again.
pub fn asked_back(
    sentence: &str,
    change: Option<ChangeNumber>,
    at: DateTime<Utc>,
    by: Option<&UserId>,
) -> Message {
    let mut blocks = vec![section(sentence)];
    let number = if let Some(change) = change {
        let value = control::time_value(change, at, by);
        let yes = primary(button_of(Control::DeployedAt, "Yes, record it", &value));
        blocks.push(actions(vec![yes.into()]));
        format!(" {change}")
    } else {
        String::new()
    };
    blocks.push(context(&format!(
        "No deployment is recorded yet. If it was at another time, say it again: `/emergency deployed{number} 20 min ago`."
    )));
    message(sentence, blocks)
}

/// Says how a time that was stated in words was understood, with the way to put
/// it right.
pub fn deployed_at(showing: &Showing<'_>, at: DateTime<Utc>) -> Message {
    let change = showing.change;
    let title = say::title(change);
    let ago = say::span(showing.now - at);
    let value = control::time_value(change.number, at, None);
    let fix = button_of(Control::CorrectDeployment, "Fix the time", &value);
    message(
        &format!("{title}: recorded as deployed {ago} ago"),
        vec![
            section(&format!(
                "*{title}*  Recorded as deployed {}, {ago} ago.",
                say::at(at)
            )),
            actions(vec![fix.into()]),
        ],
    )
}

/// Says who was named in a request and can't answer it, and who is asked instead.
pub fn asked_in_vain(change: &EmergencyChange, people: &[UserId]) -> Option<Message> {
    let own = people.contains(&change.requester);
    let others: Vec<String> = people
        .iter()
        .filter(|who| **who != change.requester)
        .map(say::person)
        .collect();
    let mut sentences = Vec::new();
    if own {
        sentences.push("You can't authorize your own change.".to_owned());
    }
    if !others.is_empty() {
        sentences.push(format!(
            "{} can't authorize: that takes a full member of this workspace.",
            say::listed(others)
        ));
    }
    if sentences.is_empty() {
        return None;
    }
    let asked = if change.asked.is_empty() {
        "whoever may authorize".to_owned()
    } else {
        say::parties(&change.asked)
    };
    sentences.push(format!("{} asks {asked}.", say::title(change)));
    let line = sentences.join("\n");
    Some(message(&line, vec![section(&line)]))
}

/// Asks whether a new change is the same as an open one that it is much like.
pub fn twin(new: &Showing<'_>, old: &Showing<'_>) -> Message {
    let (title, first) = (say::title(new.change), say::title(old.change));
    let line = format!(
        "*{title}* reads much like *{first}*, which {} asked for {}. The same?",
        say::person(&old.change.requester),
        say::at(old.change.requested_at)
    );
    let value = control::same_value(new.change.number, old.change.number);
    let row = vec![
        button_of(Control::Same, "The same", &value).into(),
        button_of(Control::NotSame, "Another one", &value).into(),
    ];
    message(
        &format!("{title} reads much like {first}. The same?"),
        vec![
            section(&line),
            section(&format!(
                "{first}:\n{}\n{title}:\n{}",
                say::quoted(&old.what_in_a_line(ROOM_FOR_A_TWIN)),
                say::quoted(&new.what_in_a_line(ROOM_FOR_A_TWIN))
            )),
            actions(row),
            context(&format!(
                "Nothing waits for your answer: {title} stands until you say that it is the same; then it goes on as {first}."
            )),
        ],
    )
}

/// Offers to take over what other changes of the incident say already, section by
/// section; nothing if there is nothing to take.
pub fn siblings(showing: &Showing<'_>, others: &[&EmergencyChange]) -> Option<Message> {
    let change = showing.change;
    let mut blocks = Vec::new();
    let mut offered = Vec::new();
    for other in others {
        let parts = takeable(change, other);
        if parts.is_empty() {
            continue;
        }
        let value = control::same_value(change.number, other.number);
        let row = parts
            .keys()
            .map(|part| {
                let label = format!("Take over {part}");
                button_of(Control::TakeOver(*part), &label, &value).into()
            })
            .collect();
        offered.push(other.number.to_string());
        blocks.push(section(&format!(
            "*{}* is of the same incident. What is the same needn't be written twice:",
            say::title(other)
        )));
        blocks.push(actions(row));
    }
    if offered.is_empty() {
        return None;
    }
    blocks.push(context(
        "What is taken over is marked as such, and you can write over it. What stands here already stays.",
    ));
    let line = format!("Sections can be taken over from {}", say::listed(offered));
    Some(message(&line, blocks))
}

/// Says what was removed, and where the words still stand that the bot can't
/// reach.
pub fn redacted(showing: &Showing<'_>, texts: &[Commitment], copies: &[String]) -> Message {
    let change = showing.change;
    let title = say::title(change);
    let mut passages: Vec<String> = texts
        .iter()
        .filter_map(|text| Some(change.texts.get(text)?.passage.to_string()))
        .collect();
    passages.sort();
    passages.dedup();
    let mut left = Vec::new();
    for quote in &change.quotes {
        if texts.contains(&quote.captured) || texts.contains(&quote.stands) {
            left.push(format!(
                "• {} in Slack: its author or an owner of the workspace can delete it",
                say::link(&quote.message, "The message itself")
            ));
        }
    }
    for attachment in &change.attachments {
        if texts.contains(&attachment.name) {
            left.push(format!(
                "• The file or address in {} in Slack: whoever shared it can delete it",
                say::link(&attachment.message, "the message")
            ));
        }
    }
    for copy in copies {
        left.push(format!(
            "• The backup `{}` beside the database: delete it, or keep it where nobody reads it",
            say::safe(copy, ROOM_FOR_A_COPY).words
        ));
    }
    left.push(
        "• What I said to one person alone, in a Slack that has been open since: it goes when they start Slack anew"
            .to_owned(),
    );
    left.push(
        "• Backups and packs that were taken elsewhere before now: I don't know of them".to_owned(),
    );
    let line = format!(
        "{title}: removed from the record: {}.",
        say::listed(passages)
    );
    message(
        &line,
        vec![
            section(&format!(
                "{line} My messages and everybody's Home are being drawn anew, the log still verifies, and an approval stays valid."
            )),
            section(&format!("*It may still stand in*\n{}", left.join("\n"))),
            context("If it is a secret that still works, change it: whoever read it has it."),
        ],
    )
}

/// Says what became of what somebody wrote into the ticket: which of it says too
/// little, and what is still asked for.
pub fn saved(showing: &Showing<'_>, written: &[Field]) -> Message {
    let change = showing.change;
    let title = say::title(change);
    let mut lines = vec![format!("*{title}*  Saved.")];
    lines.extend(
        change
            .vague()
            .filter(|(field, _)| written.contains(field))
            .map(|(field, vague)| {
                format!(
                    ":warning: *{}* {vague}. It is kept as it is, and the approver sees this mark; say more and it goes.",
                    say::field(field)
                )
            }),
    );
    if !gaps(change, showing.policy).is_empty() {
        lines.push(format!("Still missing: {}.", ticket::missing(showing)));
    }
    let text = lines.join("\n");
    message(
        &text,
        vec![
            section(&text),
            actions(vec![moves::document(change).into()]),
        ],
    )
}

/// A pair of messages that reads like an authorization and that nobody declared.
#[derive(Clone, Copy)]
pub struct Undeclared<'a> {
    /// The offer that was never answered.
    pub offer: &'a Offer,
    /// Its words; [`Withheld`](super::Withheld) for whoever reads outside the
    /// private channel in which they were said.
    pub texts: &'a dyn Words,
}

impl fmt::Debug for Undeclared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undeclared")
            .field("offer", &self.offer.id)
            .finish_non_exhaustive()
    }
}

/// Returns a list of changes, the newest first as they are handed over, and after
/// them what nobody declared.
pub fn list(changes: &[Showing<'_>], which: Which, undeclared: &[Undeclared<'_>]) -> Message {
    let mut whole = declared(changes, which);
    if undeclared.is_empty() {
        return whole;
    }
    whole.text = format!("{} (undeclared: {})", whole.text, undeclared.len());
    whole.blocks.push(section(&format!(
        "*Undeclared* ({})\nThese read like a request and its answer, and nobody has put them on record.",
        undeclared.len()
    )));
    whole.blocks.extend(
        undeclared
            .iter()
            .take(MOST_UNDECLARED)
            .map(|pair| section(&undeclared_pair(pair))),
    );
    let more = undeclared.len().saturating_sub(MOST_UNDECLARED);
    let hint = "The answer's message menu has *Record authorization*, also later.";
    whole.blocks.push(context(&if more > 0 {
        format!("And {more} more. {hint}")
    } else {
        hint.to_owned()
    }));
    whole
}

/// One pair, in two lines: who asked what, who answered what.
pub(super) fn undeclared_pair(pair: &Undeclared<'_>) -> String {
    let Undeclared { offer, texts } = pair;
    if texts.said(&offer.request.text) == Said::Withheld {
        // A private channel keeps who said what; that something is missing isn't
        // a secret.
        let when = say::at(offer.offered_at);
        return format!("A pair of messages in a private channel, {when}");
    }
    let line = |half: &Quoted, label: &str| {
        let said = say::wrote_in_a_line(&texts.said(&half.text), ROOM_IN_A_LIST);
        let when = half
            .message
            .ts
            .at()
            .map_or_else(String::new, |at| format!(" {}", say::at(at)));
        let by = say::person(&half.by);
        format!("{by} {}{when}: “{said}”", say::link(&half.message, label))
    };
    format!(
        "{}\n{}",
        line(&offer.request, "asked"),
        line(&offer.answer, "answered")
    )
}

fn declared(changes: &[Showing<'_>], which: Which) -> Message {
    if changes.is_empty() {
        return one_line(match which {
            Which::Mine => {
                "You have no part in an open change. `/emergency Deploy … @morgan` asks Morgan for authorization; `/emergency list open` shows everybody's."
            }
            Which::Open => {
                "No emergency change is open. `/emergency Deploy … @morgan` begins one and asks Morgan for authorization."
            }
            Which::Overdue => {
                "Nothing is overdue. `/emergency list open` shows what is still owed."
            }
        });
    }
    let heading = match which {
        Which::Mine => "Your emergency changes",
        Which::Open => "Open emergency changes",
        Which::Overdue => "Overdue emergency changes",
    };
    let mut blocks = vec![section(&format!("*{heading}* ({})", changes.len()))];
    blocks.extend(
        changes
            .iter()
            .take(MOST_LISTED)
            .map(|showing| section(&listed(showing))),
    );
    let more = changes.len().saturating_sub(MOST_LISTED);
    let hint = "`/emergency status CHG-…` shows one in full.";
    blocks.push(context(&if more > 0 {
        format!("And {more} more. {hint}")
    } else {
        hint.to_owned()
    }));
    message(&format!("{heading}: {}", changes.len()), blocks)
}

pub(super) fn listed(showing: &Showing<'_>) -> String {
    let change = showing.change;
    let title = say::title(change);
    let standing = facts::standing(change);
    // What is due first, of what has a clock.
    let due = facts::owed(showing)
        .iter()
        .filter_map(|one| Some((one.due_at?, one.duty)))
        .min_by_key(|(due_at, _)| *due_at)
        .map_or_else(String::new, |(due_at, duty)| {
            format!(" · {duty}, {}", say::due(due_at, showing.now))
        });
    if showing.is_withheld() {
        return format!("*{title}*  in a private channel\n{standing}{due}");
    }
    format!(
        "*{title}*  {}\n{} · {standing}{due}",
        showing.what_in_a_line(ROOM_IN_A_LIST),
        say::person(&change.requester),
    )
}

/// Returns what can be said, by example.
pub fn help() -> Message {
    let examples = [
        "*Ask for authorization*",
        "`/emergency Deploy WAF rule to block SQL injection @morgan`",
        "`/emergency` alone opens a form",
        "`/emergency drill Deploy WAF rule @morgan` rehearses it and counts nowhere",
        "",
        "*Answer*",
        "*Authorize* on the card, `approved` in its thread, or your team's emoji (mostly :white_check_mark:) on the request",
        "",
        "*Said in messages already?*",
        "The menu of the answer (or of the request) has *Record authorization*",
        "",
        "*Say that it is deployed*",
        "`/emergency deployed`",
        "`/emergency deployed CHG-1042 20 min ago`",
        "",
        "*Record a normal change that no other system tells of*",
        "`/emergency normal Rotated the certificates at 14:00 system auth-api`",
        "",
        "*Do the paperwork*",
        "`/emergency document CHG-1042`",
        "",
        "*A secret got into the record?*",
        "`/emergency redact CHG-1042`, for administrators",
        "",
        "*See where things stand*",
        "`/emergency status CHG-1042`",
        "`/emergency list`, `/emergency list open`, `/emergency list overdue`",
        "`/emergency exceptions`, `/emergency agenda`",
        "`/emergency rate`, `/emergency rate month`, `/emergency rate quarter`",
        "`/emergency evidence last quarter`, the auditor's pack, for those whom the policy names",
    ];
    message(
        "What you can say to /emergency",
        vec![
            section(&examples.join("\n")),
            context(
                "Everything else you type is taken as a request: the fix comes first. Mentioning the bot does the same as the command.",
            ),
        ],
    )
}

/// Asks whether a subcommand was meant. One more tap asks for authorization, in
/// case it wasn't; what was `typed` is in its form already.
pub fn unsure(meant: &str, typed: Option<&str>) -> Message {
    let line = format!(
        "Did you mean `/emergency {}`? Nothing was recorded.",
        say::safe(meant, 40).words
    );
    if meant == Verb::Normal.as_str() {
        return unsure_of_a_change(typed);
    }
    let label = "No, ask for authorization";
    let mut request = SlackBlockButtonElement::new(plain(label))
        .with_action_id(Control::Declare.action_id().into());
    if let Some(typed) = typed.map(str::trim).filter(|typed| !typed.is_empty()) {
        request = request.with_value(say::beginning(typed, LONGEST_VALUE));
    }
    message(&line, vec![section(&line), actions(vec![request.into()])])
}

/// Asks whether words list a normal change. Nobody is asked for anything before that
/// is clear, and one tap asks.
fn unsure_of_a_change(typed: Option<&str>) -> Message {
    let typed = typed.map(str::trim).unwrap_or_default();
    let listed = grammar::as_normal(&say::safe(typed, usize::MAX).words);
    let Some(listed) = listed.filter(|_| say::width(typed) <= LONGEST_VALUE) else {
        return one_line(
            "A normal change needs a few words: `/emergency normal Rotated the certificates at 14:00 system auth-api`. Nothing was recorded.",
        );
    };
    let line =
        "Did you mean to record a normal change? Nothing was recorded, and nobody was asked.";
    let what = say::quoted(&say::safe(&listed.what, ROOM_FOR_A_TWIN).words);
    let row = vec![
        button_of(Control::Declare, "No, ask for authorization", typed).into(),
        button_of(Control::ListNormal, "Yes, a normal change", typed).into(),
    ];
    message(
        line,
        vec![
            section(&format!("{line}\n{what}")),
            actions(row),
            context(
                "Say when it was, as in `… at 14:00`, or begin with `normal change:`, and I won't ask.",
            ),
        ],
    )
}

/// Says that a change was listed. Who meant an emergency asks with one tap.
pub fn listed_normal(typed: &[Typed]) -> Message {
    let line = "Recorded as a normal change. It counts in the emergency rate.";
    let mut facts: Vec<String> = Vec::new();
    for one in typed {
        let label = one.label.as_deref().unwrap_or("What");
        facts.push(format!("*{label}:* {}", one.words));
    }
    let what = typed.first().map_or("", |one| one.words.as_str());
    let mut request = SlackBlockButtonElement::new(plain("No, it's an emergency"))
        .with_action_id(Control::Declare.action_id().into());
    if !what.is_empty() {
        request = request.with_value(say::beginning(what, LONGEST_VALUE));
    }
    let mut blocks = vec![section(line)];
    blocks.extend(paragraphs(&facts.join("\n")));
    blocks.push(actions(vec![request.into()]));
    message(line, blocks)
}

/// Says what has become of a pack that somebody asked for.
pub fn pack(order: &OrderedPack) -> Message {
    let wish = &order.wish;
    let what = match wish.change {
        Some(number) => format!("The auditor's pack of {number}"),
        None => format!(
            "The auditor's pack, {} to {},",
            wish.first_day, wish.last_day
        ),
    };
    one_line(&match &order.stage {
        PackStage::Owed => {
            format!("{what} is being made, and comes to you by direct message.")
        }
        PackStage::Delivered => format!("{what} came to you by direct message."),
        PackStage::GivenUp(why) => format!(
            "{what} couldn't be sent: {}. Ask again; if that doesn't help, whoever runs Breakglass makes it with `breakglass evidence --from {} --to {}{} --out PACK.zip`.",
            say::safe(why, ROOM_FOR_A_TWIN).words,
            wish.first_day,
            wish.last_day,
            wish.change
                .map_or_else(String::new, |number| format!(" --change {number}")),
        ),
    })
}

/// Says that the same pack is on its way already.
pub fn pack_under_way() -> Message {
    one_line(
        "You asked for that pack already. It is being made, and comes to you by direct message.",
    )
}

/// Says which packs can be asked for, with the last quarter for an example.
pub fn which_pack(today: NaiveDate) -> Message {
    let (from, to) = period::last_quarter(today).unwrap_or((today, today));
    let examples = [
        format!("`/emergency evidence {from} {to}`: these days"),
        "`/emergency evidence last quarter`, `… this quarter`, `… q3 2026`, `… october`".to_owned(),
        "`/emergency evidence last quarter sample 25 seed 7`: so many samples, by the auditor's seed".to_owned(),
        "`/emergency evidence CHG-1042`: one change".to_owned(),
    ];
    message(
        "Which pack?",
        vec![
            section(&format!(
                "*The auditor's pack comes to you by direct message. Say for when:*\n{}",
                examples.join("\n")
            )),
            context("It holds what was said in private channels, too."),
        ],
    )
}

/// Says that a subcommand isn't there yet, and that nothing was recorded.
pub fn not_yet(word: &str) -> Message {
    one_line(&format!(
        "`{}` isn't there yet, so nothing was done. `/emergency help` shows what is.",
        say::safe(word, 40).words
    ))
}
