//! Carrying out commands: what one transaction decides, appends, saves and owes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::people::{self, Person, Roster};
use super::quotes::{self, Half};
use super::texts::Echoes;
use super::{
    Outcome, Rules, StoreError, deployments, inbox, log, offers, outbox, redaction, register, texts,
};
use crate::domain::change::{
    Actor, Command, EmergencyChange, Event, Given, MessageRef, Recorded, Refusal, Source, Stage,
    Submission, Verdict, decide, declare,
};
use crate::domain::effect::{concerned, effects};
use crate::domain::id::{ChangeNumber, UserId, WorkspaceId};
use crate::domain::likeness::much_alike;
use crate::domain::text::{Commitment, Text};
use crate::domain::ticket::{Field, choice};
use crate::gesture::{Ask, Gesture};

/// How near in time two requests of a channel are asked about as perhaps the same.
const NEAR: TimeDelta = TimeDelta::minutes(10);

/// Which change a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One that begins with it; or the one that its message began before.
    New,
    /// This one.
    Change(ChangeNumber),
}

/// A deployment that was stated along with a request, and that is taken up by
/// itself: as if it was told right afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Afterwards {
    /// When it was, in words that were kept with the gesture.
    pub words: Commitment,
    /// Who deployed.
    pub by: UserId,
    /// Whether only if one of the commands is refused; it is among them, and
    /// comes to nothing then.
    pub if_refused: bool,
}

/// A command to carry out.
#[derive(Debug, Clone)]
pub struct Execution {
    /// For which change.
    pub target: Target,
    /// What is asked, by whom, when: one after the other, in one transaction. If
    /// one is refused, those before it stand, and those after it aren't tried.
    pub submissions: Vec<Submission>,
    /// Texts that the commands commit to and that weren't kept with the gesture.
    /// Those that come to nothing aren't kept.
    pub texts: Vec<Text>,
    /// The gesture that it answers.
    pub gesture: Option<Gesture>,
    /// What was learned of people on the way.
    pub met: Vec<Person>,
    /// A time in the gesture's words that isn't recorded before the person has
    /// said that they mean it, with the question.
    pub asks_back: Option<(DateTime<Utc>, String)>,
    /// The deployment that is taken up by itself, in the same transaction: a crash
    /// in between would lose it.
    pub afterwards: Option<Afterwards>,
}

/// What the commands of one execution came to.
struct Carried {
    concluded: Result<(), Refusal>,
    /// The change as it stands after them.
    change: Option<EmergencyChange>,
    /// Whether it began with them.
    is_new: bool,
    /// Whether its request was on record before.
    was_known: bool,
    /// Every event that they brought about.
    recorded: Vec<Recorded>,
}

/// Carries out an execution, and settles the gesture that it answers.
pub(super) fn execute(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
    let echoes = Echoes::default();
    execute_knowing(connection, workspace, execution, &echoes, rules, now)
}

/// The same, where a reader has looked for what repeats the words that it takes out.
pub(super) fn execute_knowing(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    echoes: &Echoes,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(Outcome, Option<ChangeNumber>), StoreError> {
    if let Some(gesture) = &execution.gesture
        && let Some(known) = inbox::outcome(connection, workspace, &gesture.key)?
    {
        return Ok(known);
    }
    for person in &execution.met {
        people::meet(connection, workspace, person)?;
    }
    // What Slack has just said of those who act counts before what it said earlier.
    for submission in &execution.submissions {
        for member in submission.command.members() {
            people::is_seen(connection, workspace, member, now)?;
        }
    }
    texts::keep(connection, workspace, &execution.texts)?;
    let carried = carry(connection, workspace, execution, rules, now)?;
    if let Some(change) = &carried.change {
        let (number, recorded) = (change.number, &carried.recorded);
        redaction::take_out(connection, workspace, number, recorded, echoes, rules, now)?;
    }
    let freed = close_offers(connection, workspace, execution, &carried, now)?;
    let number = carried.change.as_ref().map(|change| change.number);
    let overheard = execution
        .gesture
        .as_ref()
        .is_some_and(Gesture::is_overheard);
    let outcome = match (&carried.concluded, &execution.asks_back) {
        (Err(refusal), _) => Outcome::Refused(refusal.to_string()),
        (Ok(()), Some((at, sentence))) => Outcome::AskedBack {
            at: *at,
            sentence: sentence.clone(),
        },
        // It was all on record before: whoever asked for it is shown that.
        (Ok(()), None) if carried.was_known && carried.recorded.is_empty() && !overheard => {
            Outcome::Answered
        }
        (Ok(()), None) => Outcome::Done,
    };
    if let (Some(gesture), Some(afterwards), Some(number)) =
        (&execution.gesture, &execution.afterwards, number)
        && (!afterwards.if_refused || carried.concluded.is_err())
    {
        let deployment = deployment_of(gesture, number, afterwards);
        inbox::keep(connection, workspace, &deployment, now)?;
    }
    if let Some(gesture) = &execution.gesture {
        inbox::settle(connection, workspace, gesture, &outcome, number)?;
        let twin = twin(connection, workspace, gesture, &carried)?;
        if let Some(twin) = twin {
            inbox::keep_twin(connection, workspace, &gesture.key, twin)?;
        }
        if is_answered(gesture, &carried, &outcome) || twin.is_some() {
            outbox::owe_reply(connection, workspace, gesture, now)?;
        }
    }
    let overheard_words = execution
        .gesture
        .as_ref()
        .filter(|_| overheard)
        .map(Gesture::commitments)
        .unwrap_or_default();
    let unclear = execution
        .texts
        .iter()
        .map(Text::commitment)
        .chain(overheard_words)
        .chain(freed);
    let kept: BTreeSet<Commitment> = carried
        .change
        .iter()
        .flat_map(EmergencyChange::commitments)
        .collect();
    let unused = unclear.filter(|text| {
        !kept.contains(text) && !is_committed_to(workspace, &carried.recorded, *text)
    });
    forget(connection, workspace, unused)?;
    Ok((outcome, number))
}

/// What was stated along with a request, as a gesture of its own about the change
/// that it became.
fn deployment_of(gesture: &Gesture, change: ChangeNumber, afterwards: &Afterwards) -> Gesture {
    Gesture {
        key: format!("{}/deployed", gesture.key),
        ask: Ask::RecordDeployment {
            change: Some(change),
            when: Some(afterwards.words),
            at: None,
            by: Some(afterwards.by.clone()),
        },
        ..gesture.clone()
    }
}

/// Decides and records one submission after the other.
fn carry(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Carried, StoreError> {
    let known = known_request(connection, workspace, execution)?;
    // What was asked for in that message is asked for already.
    let n_known = usize::from(known.is_some());
    let (number, mut change) = match known.map_or(execution.target, Target::Change) {
        Target::New => (register::next_number(connection, workspace)?, None),
        Target::Change(number) => match log::load(connection, workspace, number)? {
            Some((change, _)) => (number, Some(change)),
            None => {
                return Ok(Carried {
                    concluded: Err(Refusal::NoSuchChange(number)),
                    change: None,
                    is_new: false,
                    was_known: false,
                    recorded: Vec::new(),
                });
            }
        },
    };
    let was_there = change.is_some();
    let mut concluded = Ok(());
    let mut all = Vec::new();
    for submission in execution.submissions.iter().skip(n_known) {
        let decided = match &change {
            None => declare(number, submission, rules.newest()),
            Some(change) => {
                let roster = roster(connection, workspace, rules);
                decide(change, submission, rules.of(change), &roster, now)
            }
        };
        match decided {
            Ok(recorded) => {
                let before = change.as_ref();
                let after = record(connection, workspace, number, before, &recorded, rules, now)?;
                change = Some(after);
                all.extend(recorded);
            }
            Err(refusal) => {
                concluded = Err(as_read(refusal, execution, submission));
                break;
            }
        }
    }
    for submission in &execution.submissions {
        let recorded = note_elsewhere(
            connection,
            workspace,
            execution,
            (number, submission),
            rules,
            now,
        )?;
        all.extend(recorded);
    }
    Ok(Carried {
        concluded,
        is_new: !was_there && change.is_some(),
        was_known: known.is_some(),
        change,
        recorded: all,
    })
}

/// What stands against somebody's answer is told of them to whoever captured it.
fn as_read(refusal: Refusal, execution: &Execution, submission: &Submission) -> Refusal {
    match (&execution.gesture, &submission.actor) {
        (Some(gesture), Actor::Person(author)) if *author != gesture.actor => refusal.of(author),
        _ => refusal,
    }
}

/// Returns the change that the messages of a new request began before: the one
/// that asks, or, where one of the two names none, the one that answers.
fn known_request(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
) -> Result<Option<ChangeNumber>, StoreError> {
    let (Target::New, Some(first)) = (execution.target, execution.submissions.first()) else {
        return Ok(None);
    };
    let Command::Request { said, .. } = &first.command else {
        return Ok(None);
    };
    if let Some(message) = said {
        let name = (&message.channel, &message.ts);
        let known = quotes::changes_of(connection, workspace, name, Half::Request)?;
        if let Some(known) = known.first() {
            return Ok(Some(*known));
        }
    }
    let Some(answer) = answer_of(execution) else {
        return Ok(None);
    };
    let name = (&answer.channel, &answer.ts);
    for known in quotes::changes_of(connection, workspace, name, Half::Answer)? {
        if said.is_none() {
            return Ok(Some(known));
        }
        if let Some((change, _)) = log::load(connection, workspace, known)?
            && change.said.is_none()
        {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// Returns the message that answers a new request in the same breath.
fn answer_of(execution: &Execution) -> Option<&MessageRef> {
    execution
        .submissions
        .iter()
        .find_map(|one| match &one.command {
            Command::Authorize {
                given: Given::Message { message, .. },
                ..
            }
            | Command::Deny {
                given: Given::Message { message, .. },
                ..
            } => Some(message),
            _ => None,
        })
}

/// One message may be part of several records: what happened to it is noted in
/// all of them. A record that it changes nothing in says no, and that is all.
fn note_elsewhere(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    (number, submission): (ChangeNumber, &Submission),
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Vec<Recorded>, StoreError> {
    let concerned: BTreeSet<ChangeNumber> = match &submission.command {
        Command::NoteEdit { channel, ts, .. } | Command::NoteDeletion { channel, ts } => {
            quotes::captured(connection, workspace, (channel, ts))?
        }
        Command::NoteReactionRemoved { channel, ts, .. } => {
            let name = (channel, ts);
            let changes = quotes::changes_of(connection, workspace, name, Half::Emoji)?;
            changes.into_iter().collect()
        }
        // One meeting reviews several; what it says no to stays as it is, and
        // whoever sent the form is shown which.
        Command::RecordMeeting { .. } => meant(execution),
        _ => BTreeSet::new(),
    };
    let mut all = Vec::new();
    for other in concerned.into_iter().filter(|other| *other != number) {
        let Some((change, _)) = log::load(connection, workspace, other)? else {
            continue;
        };
        let roster = roster(connection, workspace, rules);
        let decided = decide(&change, submission, rules.of(&change), &roster, now);
        if let Ok(recorded) = decided {
            let before = Some(&change);
            record(connection, workspace, other, before, &recorded, rules, now)?;
            all.extend(recorded);
        }
    }
    Ok(all)
}

/// The changes that a meeting's form names.
fn meant(execution: &Execution) -> BTreeSet<ChangeNumber> {
    match execution.gesture.as_ref().map(|gesture| &gesture.ask) {
        Some(Ask::RecordMeeting { changes, .. }) => changes.iter().copied().collect(),
        _ => BTreeSet::new(),
    }
}

/// Closes the offers of what is on record now. Returns their texts.
fn close_offers(
    connection: &Connection,
    workspace: &WorkspaceId,
    execution: &Execution,
    carried: &Carried,
    now: DateTime<Utc>,
) -> Result<Vec<Commitment>, StoreError> {
    let (Some(change), true) = (&carried.change, carried.is_new || carried.was_known) else {
        return Ok(Vec::new());
    };
    let mut freed = Vec::new();
    for message in change.said.iter().chain(answer_of(execution)) {
        freed.extend(offers::take(
            connection,
            workspace,
            message,
            change.number,
            now,
        )?);
    }
    Ok(freed)
}

/// Whether somebody is told what became of their gesture: that nothing did, or
/// how a time in their words was understood. All else shows on the card.
fn is_answered(gesture: &Gesture, carried: &Carried, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Refused(_) => {
            let is_news = !matches!(carried.concluded, Err(Refusal::NothingAltered { .. }));
            is_news && !is_silent(gesture, carried.change.as_ref())
        }
        Outcome::Answered | Outcome::AskedBack { .. } => true,
        Outcome::Done => match &gesture.ask {
            Ask::RecordDeployment { when, at, .. } => when.is_some() || at.is_some(),
            Ask::Request { deployed, .. } => {
                let in_vain = |change: &EmergencyChange| gesture.asked_in_vain(&change.asked);
                deployed.is_some()
                    || carried.is_new
                        && carried
                            .change
                            .as_ref()
                            .is_some_and(|it| !in_vain(it).is_empty())
            }
            Ask::Capture { deployed, .. } => deployed.is_some(),
            // Who wrote too little, or into what asks for more, sees it at once.
            Ask::Document { .. } => {
                let by_circumstance = carried.change.as_ref().is_some_and(asks_for_a_fix);
                carried.recorded.iter().any(|one| match &one.event {
                    Event::FieldWritten { vague: Some(_), .. } | Event::TicketReopened { .. } => {
                        true
                    }
                    Event::FieldWritten { field, .. } => {
                        *field == Field::Permanence && by_circumstance
                    }
                    _ => false,
                })
            }
            // The whisper gives its buttons up; a meeting reviews more than one card
            // shows, and what is still to be done about a leak stands nowhere else.
            Ask::TakeOffer { .. }
            | Ask::RecordMeeting { .. }
            | Ask::Redact { .. }
            | Ask::TakeOver { .. } => true,
            _ => false,
        },
    }
}

/// Whether it doesn't stay, and nobody has said what takes its place.
fn asks_for_a_fix(change: &EmergencyChange) -> bool {
    let stays = !matches!(
        change.choice(Field::Permanence),
        Some(choice::TEMPORARY | choice::WORKAROUND)
    );
    !stays && !change.fields.contains_key(&Field::PermanentFix)
}

/// Whether a refusal would only disturb: the person asked for nothing, and
/// either did nothing to the record or said what is known.
fn is_silent(gesture: &Gesture, change: Option<&EmergencyChange>) -> bool {
    let verdict = match &gesture.ask {
        Ask::Unreact { .. } | Ask::NoteEdit { .. } | Ask::NoteDeletion { .. } => return true,
        // Who shares a file wants it to be seen; an address is soon pasted.
        Ask::Attach { files, .. } => return files.is_empty(),
        Ask::Overhear { verdict, .. } => *verdict,
        Ask::React { .. } => Verdict::Grant,
        _ => return false,
    };
    change.is_some_and(|change| {
        let said_before = match verdict {
            Verdict::Grant => change.authorization.is_some() || change.second.is_some(),
            Verdict::Refuse => change.stage == Stage::Denied,
        };
        change.requester == gesture.actor || said_before
    })
}

/// Returns the open change that a new one is much like. Only whoever asked for
/// the new one can say whether it is the same, so nobody else is asked.
fn twin(
    connection: &Connection,
    workspace: &WorkspaceId,
    gesture: &Gesture,
    carried: &Carried,
) -> Result<Option<ChangeNumber>, StoreError> {
    let (Some(change), true) = (&carried.change, carried.is_new) else {
        return Ok(None);
    };
    if change.requester != gesture.actor {
        return Ok(None);
    }
    let Some(what) = texts::find(connection, workspace, change.what)? else {
        return Ok(None);
    };
    for number in register::asked_near(connection, workspace, change, NEAR)? {
        let Some((other, _)) = log::load(connection, workspace, number)? else {
            continue;
        };
        // A rehearsal is never the same as what it rehearses.
        if other.drill == change.drill
            && let Some(theirs) = texts::find(connection, workspace, other.what)?
            && much_alike(what.body(), theirs.body())
        {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Whether one of the events commits to a text. An event's bytes hold every
/// commitment of it, whatever the event is.
fn is_committed_to(workspace: &WorkspaceId, recorded: &[Recorded], text: Commitment) -> bool {
    let name = text.to_string();
    recorded.iter().any(|one| {
        let leaf = log::encode(workspace, 0, ChangeNumber::FIRST, one);
        leaf.windows(name.len()).any(|part| part == name.as_bytes())
    })
}

/// Deletes texts that no event refers to, unless an open offer or a gesture that
/// still waits needs them. What was overheard and came to nothing isn't kept.
pub(super) fn forget(
    connection: &Connection,
    workspace: &WorkspaceId,
    unused: impl IntoIterator<Item = Commitment>,
) -> Result<(), StoreError> {
    for text in unused {
        if !offers::needs(connection, workspace, text)?
            && !inbox::needs(connection, workspace, text)?
        {
            texts::forget(connection, workspace, text)?;
        }
    }
    Ok(())
}

/// Appends events, saves the state that they lead to, and owes their effects.
pub(super) fn record(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    before: Option<&EmergencyChange>,
    recorded: &[Recorded],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<EmergencyChange, StoreError> {
    let mut log = log::Appender::begin(connection, workspace)?;
    let version = before.map_or(0, |change| change.version);
    log.append(number, version, recorded)?;
    log.save()?;
    quotes::keep(connection, workspace, number, recorded)?;
    let after = match before {
        None => EmergencyChange::replay(number, recorded)
            .ok_or(StoreError::Corrupt("a change's beginning"))?,
        Some(before) => {
            let mut change = before.clone();
            for one in recorded {
                change.apply(one);
            }
            change
        }
    };
    let roster = roster(connection, workspace, rules);
    let policy = rules.of(&after);
    register::save(connection, workspace, &after, policy, &roster, now)?;
    let owed = effects(before, &after, recorded, policy);
    outbox::owe_effects(connection, workspace, &after, recorded, &owed, &roster, now)?;
    let concerned = concerned(before, &after, policy);
    outbox::redraw_homes(connection, workspace, &concerned, now)?;
    // The ticket may name what was told of before.
    let told = deployments::learn(connection, workspace, &after, recorded, rules, now)?;
    deployments::look_around(connection, workspace, &after, recorded, now)?;
    Ok(told.unwrap_or(after))
}

pub(super) fn roster<'c>(
    connection: &'c Connection,
    workspace: &'c WorkspaceId,
    rules: &Rules,
) -> Roster<'c> {
    Roster {
        connection,
        workspace,
        house: rules.house(),
    }
}

/// Does what the clock finds due for a change.
pub(super) fn tick(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let submission = Submission {
        actor: Actor::Clock,
        at: now,
        source: Source::Clock,
        command: Command::Tick,
    };
    carry_out(connection, workspace, number, &submission, rules, now)
}

/// Lets what can't stay with its owner pass on, in each of these changes. No miss is
/// noticed here: somebody's act that came in time may be waiting to be taken in,
/// and only the sweep knows of that.
pub(super) fn pass_on(
    connection: &Connection,
    workspace: &WorkspaceId,
    changes: &[ChangeNumber],
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for number in changes {
        by_the_bot(connection, workspace, *number, Command::Tick, rules, now)?;
    }
    Ok(())
}

/// Records what the bot did for a change.
pub(super) fn by_the_bot(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    command: Command,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let submission = Submission {
        actor: Actor::Bot,
        at: now,
        source: Source::Clock,
        command,
    };
    carry_out(connection, workspace, number, &submission, rules, now)
}

/// Records what a source says of a change, unless a rule says no. Returns the change
/// as it stands then.
pub(super) fn if_the_rules_allow(
    (connection, workspace): (&Connection, &WorkspaceId),
    change: &EmergencyChange,
    source: Source,
    command: Command,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<Option<EmergencyChange>, StoreError> {
    let submission = Submission {
        actor: Actor::Bot,
        at: now,
        source,
        command,
    };
    let number = change.number;
    let people = roster(connection, workspace, rules);
    match decide(change, &submission, rules.of(change), &people, now) {
        Ok(recorded) => {
            let before = Some(change);
            record(connection, workspace, number, before, &recorded, rules, now).map(Some)
        }
        Err(refusal) => {
            tracing::info!(change = %number, refusal = %refusal, "a source told of a deployment that the register doesn't take");
            Ok(None)
        }
    }
}

/// Carries out a command that nobody waits for and no rule refuses.
fn carry_out(
    connection: &Connection,
    workspace: &WorkspaceId,
    number: ChangeNumber,
    submission: &Submission,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (change, _) = log::load(connection, workspace, number)?
        .ok_or(StoreError::Corrupt("a change that is due"))?;
    let roster = roster(connection, workspace, rules);
    let recorded = decide(&change, submission, rules.of(&change), &roster, now)
        .map_err(|_| StoreError::Corrupt("the rules' answer to the clock"))?;
    record(
        connection,
        workspace,
        number,
        Some(&change),
        &recorded,
        rules,
        now,
    )?;
    Ok(())
}
