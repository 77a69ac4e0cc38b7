//! The Home: what one person owes, what waits for them, and every open change.
//!
//! It holds no word of a private channel, whoever reads it: people open it on a
//! shared screen, too.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{SlackBlock, SlackHomeView, SlackView};

use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, GroupId, UserId};
use crate::domain::obligation::{Duty, Obligation, Rung};
use crate::domain::policy::Party;
use crate::domain::rate::{Budget, Corrected, Figures};
use crate::slack::control::Control;

use super::blocks::{actions, button, context, paragraphs, primary, section, section_with};
use super::direct::{self, Due};
use super::facts::Decision;
use super::reply::{self, Undeclared};
use super::{Message, Showing, facts, moves, report, say};

/// How many blocks Slack lets a Home have.
const MOST_BLOCKS: usize = 100;

/// How many blocks each of the first two parts may take, so that all three have
/// room.
const ROOM_FOR_TASKS: usize = 23;

/// How many open changes are shown, one block each.
const MOST_OPEN: usize = 40;

/// How many undeclared pairs are shown.
const MOST_UNDECLARED: usize = 5;

/// How much of *what* one thing shows.
const ROOM_FOR_WHAT: usize = 120;

/// How long the names of the systems of a private channel's change may be.
const ROOM_FOR_SYSTEMS: usize = 200;

// The parts with their headings, their "and more", and what stands around them.
const _: () = assert!(2 * (ROOM_FOR_TASKS + 2) + MOST_OPEN + 2 + 4 + 1 + 2 <= MOST_BLOCKS);

/// Whose Home it is.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Who.
    pub who: UserId,
    /// The groups that they are in, of those that anything waits for.
    pub groups: BTreeSet<GroupId>,
    /// Whether Slack couldn't say all of them.
    pub is_partial: bool,
    /// Whether they are a full member; others see what they have a part in.
    pub is_full: bool,
}

/// What a Home shows of the rate.
#[derive(Debug, Clone, Copy)]
pub struct Rate<'a> {
    /// The last week, as it was reported.
    pub week: &'a Figures,
    /// What is known of it beside that.
    pub corrected: Option<&'a Corrected>,
    /// What the quarter has room for.
    pub budget: Option<&'a Budget>,
}

/// All that a Home shows.
pub struct Home<'a> {
    /// Whose it is.
    pub reader: &'a Reader,
    /// The changes to which something is owed, oldest first.
    pub changes: &'a [Showing<'a>],
    /// What nobody declared.
    pub undeclared: &'a [Undeclared<'a>],
    /// The emergency rate.
    pub rate: Option<Rate<'a>>,
    /// Whether somebody has written down who may approve.
    pub has_policy: bool,
    /// The present.
    pub now: DateTime<Utc>,
}

impl fmt::Debug for Home<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("reader", &self.reader)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Whether something of theirs is owed to a change by this owner. Whoever asked
    /// for it or deployed it can't decide on it, though their group may.
    fn is(&self, one: &Obligation, change: &EmergencyChange) -> bool {
        let is_of = |party: &Party| match party {
            Party::Person(who) => *who == self.who,
            Party::Group(group) => self.groups.contains(group),
        };
        let is_owner = match one.duty {
            Duty::AnswerRequest => change.asked.iter().any(is_of),
            _ => one.owner.as_ref().is_some_and(is_of),
        };
        let is_involved =
            change.requester == self.who || change.implementers().any(|who| *who == self.who);
        is_owner && !(is_decision(one.duty) && is_involved)
    }
}

/// Whether it is somebody else's change that waits for a word on it, rather than
/// one's own that waits to be finished.
const fn is_decision(duty: Duty) -> bool {
    match duty {
        Duty::AnswerRequest
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::AnswerException(_)
        | Duty::GenuinenessReview => true,
        Duty::ConfirmDeployment
        | Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Remediation
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => false,
    }
}

/// Returns the view that Slack takes.
pub fn view(blocks: Vec<SlackBlock>) -> SlackView {
    SlackView::Home(SlackHomeView::new(blocks))
}

/// Returns what the Home says. It has no notification, so its text is for the
/// outbox alone.
pub fn home(home: &Home<'_>) -> Message {
    let tasks = tasks(home);
    let (waits, owes): (Vec<_>, Vec<_>) =
        tasks.into_iter().partition(|task| is_decision(task.duty));
    let mut blocks = Vec::new();
    if !home.has_policy {
        blocks.push(context(
            "No policy says yet who may authorize and approve: any full member may, but for whoever asked or deployed. `approvers` in `breakglass.toml` names them; `breakglass check-config` explains the rest.",
        ));
    }
    blocks.extend(part(
        "What you owe",
        &owes,
        "Nothing. Once you have deployed an emergency change, its ticket stands here with its clock and what it still misses.",
        home.now,
    ));
    blocks.extend(part(
        "What waits for you",
        &waits,
        "Nothing. When somebody asks you for authorization, or a ticket is ready for your decision, it stands here with its buttons.",
        home.now,
    ));
    if home.reader.is_partial {
        blocks.push(context(
            "Slack couldn't say just now which groups you are in, so what waits for a group of yours may be missing here. Open this tab again in a minute.",
        ));
    }
    blocks.extend(open(home));
    blocks.extend(undeclared(home.undeclared));
    let rate = home.rate;
    blocks.extend(rate.map(|rate| report::home(rate.week, rate.corrected, rate.budget)));
    blocks.push(context(&format!(
        "As of {}. Opening this tab draws it anew; `/emergency help` says what you can say.",
        say::at(home.now)
    )));
    // The parts are counted above; should one ever run over, the end gives way.
    blocks.truncate(MOST_BLOCKS);
    Message {
        text: "Home".to_owned(),
        blocks,
    }
}

/// Everything that the reader can do something about now, the most urgent first.
/// The exceptions of a change are one thing: one form answers them all.
fn tasks<'a>(home: &'a Home<'a>) -> Vec<Due<'a>> {
    let mut answered: BTreeSet<ChangeNumber> = BTreeSet::new();
    let mut tasks = Vec::new();
    for showing in home.changes {
        let change = showing.change;
        let owed = facts::owed(showing).into_iter();
        for one in owed.filter(|one| home.reader.is(one, change)) {
            // A decision that waits for the ticket waits for somebody else.
            let is_early = one.duty == Duty::Approval && one.ready_at.is_none();
            let is_more =
                matches!(one.duty, Duty::AnswerException(_)) && !answered.insert(change.number);
            if is_early || is_more {
                continue;
            }
            tasks.push(Due {
                showing: *showing,
                duty: one.duty,
                owner: &home.reader.who,
                due_at: one.due_at,
                rung: Rung::Opening,
                open: true,
            });
        }
    }
    // Whoever waits for an authorization waits now; other things have their hour.
    tasks.sort_by_key(|task| {
        (
            task.duty != Duty::AnswerRequest,
            task.due_at.is_none(),
            task.due_at,
        )
    });
    tasks
}

fn part(heading: &str, tasks: &[Due<'_>], empty: &str, now: DateTime<Utc>) -> Vec<SlackBlock> {
    if tasks.is_empty() {
        return vec![section(&format!("*{heading}*\n{empty}"))];
    }
    let mut blocks = vec![section(&format!("*{heading}* ({})", tasks.len()))];
    let mut n_shown = 0;
    for task in tasks {
        let said = task_blocks(task, now);
        if blocks.len() + said.len() > ROOM_FOR_TASKS {
            break;
        }
        blocks.extend(said);
        n_shown += 1;
    }
    if n_shown < tasks.len() {
        blocks.push(context(&format!(
            "And {} more, later due. They move up as you finish these.",
            tasks.len() - n_shown
        )));
    }
    blocks
}

fn task_blocks(task: &Due<'_>, now: DateTime<Utc>) -> Vec<SlackBlock> {
    let due = task.due_at.map_or_else(String::new, |due_at| {
        format!(", *{}*", say::due(due_at, now))
    });
    let mut blocks = vec![section(&format!(
        "*{}*  {}\n{}{due}",
        say::title(task.showing.change),
        what(&task.showing),
        say::capitalised(&direct::wanted(task)),
    ))];
    blocks.extend(match facts::decision(&task.showing) {
        // Here stands no word of what is decided on: it is read before.
        Decision::Ready(seen) if task.duty == Duty::Approval => {
            let read = moves::read_and_decide(task.showing.change, seen);
            vec![actions(vec![primary(read).into()])]
        }
        Decision::Ready(_) | Decision::Waits(_) | Decision::NotOwed => direct::buttons(task),
    });
    blocks
}

/// What is changed, or, where that was said in private, where it is.
pub(super) fn what(showing: &Showing<'_>) -> String {
    if !showing.is_withheld() {
        return showing.what_in_a_line(ROOM_FOR_WHAT);
    }
    match showing.change.systems() {
        [] => "in a private channel".to_owned(),
        systems => {
            let names = say::safe(&systems.join(", "), ROOM_FOR_SYSTEMS).words;
            format!("in a private channel, on {names}")
        }
    }
}

fn open(home: &Home<'_>) -> Vec<SlackBlock> {
    // What is closed may still be owed something, and is open no more.
    let mut open: Vec<&Showing<'_>> = home
        .changes
        .iter()
        .filter(|showing| !showing.change.is_over())
        .filter(|showing| home.reader.is_full || super::has_part(showing.change, &home.reader.who))
        .collect();
    open.sort_by_key(|showing| std::cmp::Reverse(showing.change.number));
    if open.is_empty() {
        return vec![section(
            "*Open emergency changes*\nNone. `/emergency Deploy … @morgan`, said in the incident's channel, begins one and asks Morgan for authorization; `/emergency drill …` rehearses it.",
        )];
    }
    let mut blocks = vec![section(&format!(
        "*Open emergency changes* ({})",
        open.len()
    ))];
    blocks.extend(open.iter().take(MOST_OPEN).map(|showing| {
        let show = button(Control::Status, "Show", showing.change.number);
        section_with(&reply::listed(showing), show)
    }));
    let more = open.len().saturating_sub(MOST_OPEN);
    if more > 0 {
        blocks.push(context(&format!(
            "And {more} older. `/emergency list overdue` shows what is late."
        )));
    }
    blocks
}

/// What reads like an authorization and isn't on record, in few blocks.
fn undeclared(pairs: &[Undeclared<'_>]) -> Vec<SlackBlock> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "*Undeclared* ({})\nThese read like a request and its answer, and nobody has put them on record. The answer's message menu has *Record authorization*, also later.",
        pairs.len()
    )];
    lines.extend(
        pairs
            .iter()
            .take(MOST_UNDECLARED)
            .map(reply::undeclared_pair),
    );
    let more = pairs.len().saturating_sub(MOST_UNDECLARED);
    if more > 0 {
        lines.push(format!("And {more} more: `/emergency list`."));
    }
    paragraphs(&lines.join("\n\n"))
}
