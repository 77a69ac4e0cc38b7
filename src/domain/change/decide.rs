//! What a command brings about: the rules of the life of a change.
//!
//! [`decide`] works on a copy of the change that takes in each event as it is
//! decided, and hands back the events; nothing else changes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ActOf, Actor, Command, Criterion, EmergencyChange, Event, Evidence, Exception, Given,
    LONGEST_TEXT, Method, NotGenuine, Recorded, Refusal, Source, Stage, Strength, Submission,
    Waiting,
};
use crate::domain::authorization::{Act, Ground, Member, holds_the_role, judge};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::obligation::{
    Duty, Obligation, People, made_good_at, needs_second_person, obligations,
};
use crate::domain::policy::{Party, Policy};
use crate::domain::text::Text;
use crate::domain::ticket::{ContentHash, Section, content_hash, gaps};

/// How far into the future a stated deployment may lie: nobody's clock is exact.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(2);

/// Two deployments by one person within this time are one, told twice.
const SAME_DEPLOYMENT: TimeDelta = TimeDelta::minutes(5);

/// A copy of the change that takes in each event as it is decided, so that the
/// next decision sees it.
struct Draft<'a> {
    change: EmergencyChange,
    policy: &'a Policy,
    now: DateTime<Utc>,
    submission: &'a Submission,
    recorded: Vec<Recorded>,
}

impl Draft<'_> {
    /// Records what the submitter brought about.
    fn record(&mut self, event: Event) {
        self.push(Recorded {
            at: self.submission.at,
            source: self.submission.source,
            actor: self.submission.actor.clone(),
            event,
        });
    }

    /// Records an act that needs authority as the act of whoever had it, even if
    /// somebody else handed it in.
    fn record_by(&mut self, by: &UserId, event: Event) {
        self.push(Recorded {
            at: self.submission.at,
            source: self.submission.source,
            actor: Actor::Person(by.clone()),
            event,
        });
    }

    /// Whether the gesture came before the first deployment known. What was
    /// looked up late is judged by when it was done.
    fn is_before_deployment(&self) -> bool {
        self.change
            .deployed_at()
            .is_none_or(|deployed_at| self.submission.at <= deployed_at)
    }

    /// Records what follows by rule, at the present.
    fn follow(&mut self, event: Event) {
        self.push(Recorded {
            at: self.now,
            source: Source::Clock,
            actor: Actor::Clock,
            event,
        });
    }

    fn push(&mut self, recorded: Recorded) {
        self.change.apply(&recorded);
        self.recorded.push(recorded);
    }

    fn except(&mut self, exception: Exception) {
        if !self.change.exceptions.contains_key(&exception) {
            self.record(Event::ExceptionRecorded { exception });
        }
    }

    fn owed(&self) -> Vec<Obligation> {
        obligations(&self.change, self.policy)
    }
}

/// Decides what a request brings about: the first events of a new change.
pub fn declare(
    number: ChangeNumber,
    submission: &Submission,
    policy: &Policy,
) -> Result<Vec<Recorded>, Refusal> {
    let Command::Request {
        what,
        verbatim,
        asked,
        place,
        criterion,
        said,
        captured,
        drill,
    } = &submission.command
    else {
        return Err(Refusal::NoSuchChange(number));
    };
    within_bounds(what)?;
    let Actor::Person(requester) = &submission.actor else {
        return Err(Refusal::Bot {
            act: Act::Authorize,
        });
    };
    // Whom the policy names is asked where nobody else is; never the requester.
    let but_the_requester = |parties: &[Party]| -> Vec<Party> {
        parties
            .iter()
            .filter(|party| **party != Party::Person(requester.clone()))
            .cloned()
            .collect()
    };
    let mut asked = but_the_requester(asked);
    if asked.is_empty() {
        asked = but_the_requester(&policy.approvers);
    }
    let record = |event| Recorded {
        at: submission.at,
        source: submission.source,
        actor: submission.actor.clone(),
        event,
    };
    let mut recorded = vec![record(Event::Requested {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked,
        place: place.clone(),
        policy: policy.version,
        said: said.clone(),
        captured: captured.clone(),
        drill: *drill,
    })];
    if let Some(criterion) = criterion {
        recorded.push(record(Event::CriterionStated {
            criterion: *criterion,
        }));
    }
    if let Some(capture) = captured
        && capture.at - submission.at > Policy::DOCUMENTATION
    {
        recorded.push(Recorded {
            at: capture.at,
            source: Source::Slack,
            actor: Actor::Person(capture.by.clone()),
            event: Event::ExceptionRecorded {
                exception: Exception::CapturedLate,
            },
        });
    }
    Ok(recorded)
}

/// Decides what a command brings about. Changes nothing.
pub fn decide(
    change: &EmergencyChange,
    submission: &Submission,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Result<Vec<Recorded>, Refusal> {
    let mut draft = Draft {
        change: change.clone(),
        policy,
        now,
        submission,
        recorded: Vec::new(),
    };
    match &submission.command {
        Command::Request { .. } => return Err(Refusal::NothingSaid),
        Command::StateCriterion { criterion } => state_criterion(&mut draft, *criterion)?,
        Command::AskSomeoneElse { asked } => ask_someone_else(&mut draft, asked)?,
        Command::Authorize { by, given } => authorize(&mut draft, by, given)?,
        Command::StandIn { by } => stand_in(&mut draft, by)?,
        Command::Deny { by, given } => deny(&mut draft, by, given)?,
        Command::ConfirmAttestation => confirm_attestation(&mut draft)?,
        Command::DisputeAttestation => dispute_attestation(&mut draft)?,
        Command::GoAhead { by } => go_ahead(&mut draft, by)?,
        Command::TakeCommand { by } => take_command(&mut draft, by)?,
        Command::NameCommander { commander } => name_commander(&mut draft, commander)?,
        Command::RecordDeployment { at, source, by } => {
            record_deployment(&mut draft, *at, *source, by)?;
        }
        Command::CorrectDeployment { from, to, reason } => {
            correct_deployment(&mut draft, *from, *to, reason)?;
        }
        Command::StateReason { reason, text } => {
            state_reason(&mut draft, *reason, text.as_ref())?;
        }
        Command::LinkAsDuplicate { of } => link_as_duplicate(&mut draft, *of)?,
        Command::NoteEdit { channel, ts, to } => note_edit(&mut draft, channel, ts, to)?,
        Command::NoteDeletion { channel, ts } => note_deletion(&mut draft, channel, ts)?,
        Command::NoteReactionRemoved { name, channel, ts } => {
            note_reaction_removed(&mut draft, name, channel, ts)?;
        }
        Command::Lapse => lapse(&mut draft)?,
        Command::Withdraw => withdraw(&mut draft)?,
        Command::Document { sections } => document(&mut draft, sections)?,
        Command::Approve { by, seen } => approve(&mut draft, by, *seen)?,
        Command::Reject { by, reason } => reject(&mut draft, by, reason)?,
        Command::Remediate { how } => remediate(&mut draft, how)?,
        Command::AnswerExceptions {
            exceptions,
            cause,
            remedy,
            owner,
        } => answer_exceptions(&mut draft, exceptions, cause, remedy, owner)?,
        Command::Tick => {}
        Command::RecordDelivery {
            key,
            channel,
            ts,
            payload,
            showed,
        } => draft.record(Event::Delivered {
            key: key.clone(),
            channel: channel.clone(),
            ts: ts.clone(),
            payload: *payload,
            showed: *showed,
        }),
        Command::RecordFailure { key, error } => draft.record(Event::Undelivered {
            key: key.clone(),
            error: error.clone(),
        }),
    }
    complete(&mut draft);
    notice_misses(&mut draft);
    remind(&mut draft, people);
    close(&mut draft);
    Ok(draft.recorded)
}

fn within_bounds(text: &Text) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(Refusal::NothingSaid);
    }
    let length = text.body().chars().count();
    if length > LONGEST_TEXT {
        return Err(Refusal::TooLong { length });
    }
    Ok(())
}

fn reason_given(text: &Text) -> Result<(), Refusal> {
    if text.is_blank() {
        return Err(Refusal::NoReason);
    }
    within_bounds(text)
}

fn state_criterion(draft: &mut Draft<'_>, criterion: Criterion) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.criterion == Some(criterion) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    // It is part of what was approved, and stays that.
    refuse_if_approved(&draft.change)?;
    draft.record(Event::CriterionStated { criterion });
    Ok(())
}

fn ask_someone_else(draft: &mut Draft<'_>, asked: &[Party]) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if !gives_way(&draft.change, Strength::Attested) {
        already_authorized(&draft.change)?;
    }
    let requester = Party::Person(draft.change.requester.clone());
    if asked.contains(&requester) {
        return Err(Refusal::AskedThemselves);
    }
    if asked.is_empty() {
        return Err(Refusal::NobodyAsked);
    }
    draft.record(Event::AskedAnew {
        asked: asked.to_vec(),
    });
    Ok(())
}

fn already_authorized(change: &EmergencyChange) -> Result<(), Refusal> {
    // An authorizer who deployed in the end leaves room for a second person.
    let deployed = !change.deployments.is_empty();
    if deployed && needs_second_person(change) && made_good_at(change).is_none() {
        return Ok(());
    }
    let standing = change
        .authorization
        .as_ref()
        .map(|given| (&given.by, given.at))
        .or_else(|| change.second.as_ref().map(|act| (&act.by, act.at)));
    match standing {
        Some((by, at)) => Err(Refusal::AlreadyAuthorized {
            number: change.number,
            by: by.clone(),
            at,
        }),
        None => Ok(()),
    }
}

impl Given {
    fn method(&self) -> Method {
        match self {
            Self::Button => Method::Button,
            Self::Message { .. } => Method::Message,
            Self::Reaction { .. } => Method::Reaction,
            Self::Spoken { .. } => Method::Spoken,
        }
    }

    fn strength(&self) -> Strength {
        match self {
            Self::Button | Self::Message { .. } | Self::Reaction { .. } => Strength::Direct,
            Self::Spoken { .. } => Strength::Attested,
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Button => None,
            Self::Message { text, message } => Some(Evidence::Words {
                text: text.commitment(),
                message: message.clone(),
            }),
            Self::Reaction { name, on } => Some(Evidence::Emoji {
                name: name.clone(),
                on: on.clone(),
            }),
            Self::Spoken { account, .. } => account.as_ref().map(|account| Evidence::Account {
                text: account.commitment(),
            }),
        }
    }
}

fn authorize(draft: &mut Draft<'_>, by: &Member, given: &Given) -> Result<(), Refusal> {
    let number = draft.change.number;
    draft.change.refuse_if_over()?;
    let before = draft.is_before_deployment();
    let said_of_them = draft.change.awaits_confirmation() == Some(&by.id);
    if said_of_them && !before && given.strength() == Strength::Direct {
        // Their own act bears out what somebody said of them.
        draft.record_by(&by.id, Event::AttestationConfirmed);
        return Ok(());
    }
    let gives_way = before && gives_way(&draft.change, given.strength());
    if !gives_way {
        already_authorized(&draft.change)?;
    }
    let beforehand = before && (gives_way || draft.change.authorization.is_none());
    let act = if beforehand {
        Act::Authorize
    } else {
        Act::SecondAuthorize
    };
    let judged = judge(act, by, &draft.change, draft.policy);
    let (ground, attested) = match given {
        Given::Spoken { attested, .. } if attested.by == by.id => {
            judged?;
            return Err(Refusal::OwnWord { number });
        }
        Given::Spoken { .. } if !beforehand => return Err(Refusal::SpokenTooLate { number }),
        // The one who reads the refusal isn't the one whom it is about.
        Given::Spoken { attested, .. } => (
            judged.map_err(|refusal| refusal.of(&by.id))?,
            Some(attested.clone()),
        ),
        Given::Button | Given::Message { .. } | Given::Reaction { .. } => (judged?, None),
    };
    let (method, strength, evidence) = (given.method(), given.strength(), given.evidence());
    if beforehand {
        draft.record(Event::Authorized {
            by: by.id.clone(),
            method,
            strength,
            ground,
            evidence,
            attested,
        });
    } else {
        let event = Event::SecondAuthorized {
            method,
            strength,
            ground,
            evidence,
        };
        draft.record_by(&by.id, event);
    }
    // Nobody becomes the commander by anybody's word for what was said.
    if strength == Strength::Direct {
        command_by_the_same_act(draft, by, method);
    }
    Ok(())
}

/// Whether the authorization that stands gives way to one that was given before
/// the deployment: what rests on seniority to anybody's with the authority, what
/// is only said of somebody to anybody's own act.
fn gives_way(change: &EmergencyChange, to: Strength) -> bool {
    let stood_in = change.stood_in().is_some() && made_good_at(change).is_none();
    let hearsay = change.awaits_confirmation().is_some();
    stood_in || (hearsay && to == Strength::Direct)
}

/// Commander and authorizer may be one person, and then one act serves both. The
/// requester's word makes nobody a commander whom the policy doesn't.
fn command_by_the_same_act(draft: &mut Draft<'_>, by: &Member, method: Method) {
    let named = draft
        .change
        .commander
        .as_ref()
        .is_some_and(|commander| commander.who == by.id && commander.authorized_at.is_none());
    if named && judge(Act::Command, by, &draft.change, draft.policy).is_ok() {
        let event = Event::CommanderAuthorized {
            method,
            strength: Strength::Direct,
            ground: Ground::Commander,
        };
        draft.record_by(&by.id, event);
    }
}

/// Permits it on nobody's authority but that of being the most senior engineer
/// at hand, which is the person's own word. Whoever has the authority uses that.
fn stand_in(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    let number = draft.change.number;
    draft.change.refuse_if_over()?;
    if judge(Act::StandIn, by, &draft.change, draft.policy)? != Ground::MostSenior {
        return authorize(draft, by, &Given::Button);
    }
    already_authorized(&draft.change)?;
    if !draft.is_before_deployment() {
        return Err(Refusal::Deployed {
            number,
            what: "authorized by the most senior engineer",
        });
    }
    // Somebody with the authority permitted it, if only to deploy it themselves.
    if let Some(given) = &draft.change.authorization {
        return Err(Refusal::AlreadyAuthorized {
            number,
            by: given.by.clone(),
            at: given.at,
        });
    }
    // Somebody with the authority was at hand, and said no.
    refuse_if_denied(&draft.change)?;
    draft.record(Event::Authorized {
        by: by.id.clone(),
        method: Method::Button,
        strength: Strength::Attested,
        ground: Ground::MostSenior,
        evidence: None,
        attested: Some(ActOf {
            by: by.id.clone(),
            at: draft.submission.at,
        }),
    });
    command_by_the_same_act(draft, by, Method::Button);
    Ok(())
}

/// Refuses all but the one who is said to have authorized it.
fn refuse_unless_named(draft: &Draft<'_>) -> Result<(), Refusal> {
    let number = draft.change.number;
    let Some(by) = draft.change.awaits_confirmation() else {
        return Err(Refusal::NothingToConfirm { number });
    };
    if draft.submission.actor != Actor::Person(by.clone()) {
        return Err(Refusal::NotTheOneNamed {
            number,
            by: by.clone(),
        });
    }
    Ok(())
}

fn confirm_attestation(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    refuse_unless_named(draft)?;
    draft.record(Event::AttestationConfirmed);
    Ok(())
}

fn dispute_attestation(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    refuse_unless_named(draft)?;
    draft.record(Event::AttestationDisputed);
    // It went into production on nobody's word.
    let passed_by = draft
        .change
        .deployed_at()
        .and_then(|at| exception_of_deployment(&draft.change, at, false));
    match passed_by {
        Some(Exception::DeployedBeforeAuthorization) => draft.except(Exception::NotAuthorized),
        Some(exception) => draft.except(exception),
        None => {}
    }
    Ok(())
}

fn deny(draft: &mut Draft<'_>, by: &Member, given: &Given) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if let Given::Spoken { .. } = given {
        return Err(Refusal::DeniedByWord {
            number: draft.change.number,
            by: by.id.clone(),
        });
    }
    let said_of_them = draft.change.awaits_confirmation() == Some(&by.id);
    let overrules = said_of_them || gives_way(&draft.change, Strength::Attested);
    if !overrules {
        already_authorized(&draft.change)?;
    }
    if !draft.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "denied",
        });
    }
    // Who was asked anew may deny, too.
    if draft.change.stage != Stage::Requested && !overrules {
        refuse_if_denied(&draft.change)?;
    }
    let ground = judge(Act::Deny, by, &draft.change, draft.policy)?;
    let evidence = given.evidence();
    draft.record_by(&by.id, Event::Denied { ground, evidence });
    if !draft.change.deployments.is_empty() {
        draft.except(Exception::DeployedAgainstDenial);
    }
    Ok(())
}

fn refuse_if_denied(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.denial {
        Some(denial) => Err(Refusal::AlreadyDenied {
            number: change.number,
            by: denial.by.clone(),
            at: denial.at,
        }),
        None => Ok(()),
    }
}

fn go_ahead(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    already_authorized(&draft.change)?;
    if draft.change.went_ahead.is_some() {
        return Err(Refusal::AlreadyWentAhead {
            number: draft.change.number,
        });
    }
    if !draft.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "gone ahead with",
        });
    }
    draft.record_by(&by.id, Event::WentAhead);
    draft.except(if holds_the_role(by, draft.policy) {
        Exception::SelfAuthorized
    } else {
        Exception::NotAuthorized
    });
    Ok(())
}

fn take_command(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if let Some(commander) = &draft.change.commander
        && commander.authorized_at.is_some()
    {
        return Err(Refusal::AlreadyCommanded {
            number: draft.change.number,
            by: commander.who.clone(),
        });
    }
    let ground = judge(Act::Command, by, &draft.change, draft.policy)?;
    let event = Event::CommanderAuthorized {
        method: Method::Button,
        strength: Strength::Direct,
        ground,
    };
    draft.record_by(&by.id, event);
    Ok(())
}

fn name_commander(draft: &mut Draft<'_>, commander: &UserId) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if let Some(known) = &draft.change.commander {
        if known.authorized_at.is_some() {
            return Err(Refusal::AlreadyCommanded {
                number: draft.change.number,
                by: known.who.clone(),
            });
        }
        if known.who == *commander {
            return Err(Refusal::AlreadyStated {
                number: draft.change.number,
            });
        }
    }
    draft.record(Event::CommanderNamed {
        commander: commander.clone(),
    });
    Ok(())
}

fn record_deployment(
    draft: &mut Draft<'_>,
    at: DateTime<Utc>,
    source: Source,
    by: &UserId,
) -> Result<(), Refusal> {
    if let Some(of) = draft.change.duplicate_of {
        return Err(Refusal::Duplicate {
            number: draft.change.number,
            of,
        });
    }
    let withdrawn = draft.change.stage == Stage::Withdrawn;
    // What was withdrawn or lapsed and deployed after all has to be seen.
    // A rehearsal that was ended has nothing to show.
    if (!withdrawn || draft.change.drill) && draft.change.stage != Stage::Lapsed {
        draft.change.refuse_if_over()?;
    }
    if at > draft.now + CLOCK_TOLERANCE {
        return Err(Refusal::InTheFuture { at });
    }
    let permitted_at = draft.change.authorization.as_ref().map(|given| given.at);
    // Told twice is known once, unless the second telling lies before the
    // authorization and the first doesn't.
    let same = draft.change.deployments.iter().find(|known| {
        known.by == *by
            && (known.at - at).abs() < SAME_DEPLOYMENT
            && !permitted_at.is_some_and(|given_at| at < given_at && given_at <= known.at)
    });
    if let Some(known) = same {
        return Err(Refusal::AlreadyDeployed {
            number: draft.change.number,
            by: known.by.clone(),
            at: known.at,
        });
    }
    draft.record(Event::Deployed {
        deployed_at: at,
        known_from: source,
        implementer: by.clone(),
    });
    if draft.change.approval.is_some() {
        // What was done is more than what was approved.
        draft.record(Event::ApprovalTakenBack { section: None });
    }
    if let Some(exception) = exception_of_deployment(&draft.change, at, withdrawn) {
        draft.except(exception);
    }
    let authorizers = [
        draft.change.authorization.as_ref().map(|given| &given.by),
        draft.change.second.as_ref().map(|act| &act.by),
    ];
    if authorizers.contains(&Some(by)) {
        draft.except(Exception::SelfAuthorized);
    }
    Ok(())
}

/// Which control a deployment at `at` passed by.
fn exception_of_deployment(
    change: &EmergencyChange,
    at: DateTime<Utc>,
    withdrawn: bool,
) -> Option<Exception> {
    if withdrawn {
        return Some(Exception::NotAuthorized);
    }
    match &change.authorization {
        Some(given) if given.at > at => Some(Exception::DeployedBeforeAuthorization),
        Some(_) => None,
        // A denial stands until somebody authorizes, even if others were asked since.
        None if change.denial.as_ref().is_some_and(|act| act.at <= at) => {
            Some(Exception::DeployedAgainstDenial)
        }
        // Going ahead has left its own exception, and so has a deployment under
        // what was withdrawn or disputed.
        None if change.went_ahead.is_some()
            || change.exceptions.contains_key(&Exception::NotAuthorized) =>
        {
            None
        }
        None => Some(Exception::DeployedBeforeAuthorization),
    }
}

fn correct_deployment(
    draft: &mut Draft<'_>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    reason: &Text,
) -> Result<(), Refusal> {
    let change = &draft.change;
    let number = change.number;
    change.refuse_if_over()?;
    let involved = match &draft.submission.actor {
        Actor::Person(who) => change.requester == *who || change.implementers().any(|by| by == who),
        Actor::Clock | Actor::Bot => false,
    };
    if !involved {
        return Err(Refusal::NotInvolved { number });
    }
    if !change.deployments.iter().any(|known| known.at == from) {
        return Err(Refusal::NoSuchDeployment { number, at: from });
    }
    if to > draft.now + CLOCK_TOLERANCE {
        return Err(Refusal::InTheFuture { at: to });
    }
    if to == from {
        return Err(Refusal::AlreadyStated { number });
    }
    reason_given(reason)?;
    draft.record(Event::DeploymentCorrected {
        from,
        to,
        reason: reason.commitment(),
    });
    if draft.change.approval.is_some() {
        draft.record(Event::ApprovalTakenBack { section: None });
    }
    if let Some(exception) = exception_of_deployment(&draft.change, to, false) {
        draft.except(exception);
    }
    Ok(())
}

fn state_reason(
    draft: &mut Draft<'_>,
    reason: NotGenuine,
    text: Option<&Text>,
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    refuse_if_approved(&draft.change)?;
    let text = text.filter(|text| !text.is_blank());
    match text {
        Some(text) => within_bounds(text)?,
        None if reason == NotGenuine::Other => return Err(Refusal::NoReason),
        None => {}
    }
    let known = draft.change.reason.as_ref();
    if text.is_none() && known.is_some_and(|stated| stated.reason == reason) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    draft.record(Event::ReasonStated {
        reason,
        text: text.map(Text::commitment),
    });
    draft.except(Exception::NotGenuine);
    Ok(())
}

fn link_as_duplicate(draft: &mut Draft<'_>, of: ChangeNumber) -> Result<(), Refusal> {
    let number = draft.change.number;
    draft.change.refuse_if_over()?;
    if of == number {
        return Err(Refusal::OwnDuplicate { number });
    }
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number,
            what: "linked as a duplicate",
        });
    }
    draft.change.refuse_unless_requester(
        &draft.submission.actor,
        "say that it is the same as another",
    )?;
    // Were both to name the other, neither would stand.
    if of > number {
        return Err(Refusal::CameAfter { number, of });
    }
    // A denial isn't made unseen by pointing to another request.
    if draft.change.stage == Stage::Denied {
        refuse_if_denied(&draft.change)?;
    }
    draft.record(Event::LinkedAsDuplicate { of });
    Ok(())
}

fn note_edit(
    draft: &mut Draft<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
    to: &Text,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let Some(quote) = draft.change.quote(channel, ts) else {
        return Err(Refusal::NothingAltered { number });
    };
    let (message, from) = (quote.message.clone(), quote.stands);
    draft.record(Event::MessageEdited {
        message,
        from,
        to: to.commitment(),
    });
    Ok(())
}

fn note_deletion(
    draft: &mut Draft<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let Some(quote) = draft
        .change
        .quote(channel, ts)
        .filter(|one| !one.is_deleted)
    else {
        return Err(Refusal::NothingAltered { number });
    };
    let (message, from) = (quote.message.clone(), quote.stands);
    draft.record(Event::MessageDeleted { message, from });
    Ok(())
}

fn note_reaction_removed(
    draft: &mut Draft<'_>,
    name: &str,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<(), Refusal> {
    let number = draft.change.number;
    let captured = draft.change.reactions.iter().find(|reacted| {
        reacted.name == name
            && reacted.on.is(channel, ts)
            && draft.submission.actor == Actor::Person(reacted.by.clone())
            && !reacted.is_removed
    });
    let Some(reacted) = captured else {
        return Err(Refusal::NothingAltered { number });
    };
    let (name, on) = (reacted.name.clone(), reacted.on.clone());
    draft.record(Event::ReactionRemoved { name, on });
    Ok(())
}

fn lapse(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if !draft.change.is_before_deployment() {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "marked as never deployed",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "say that it was never deployed")?;
    if draft.change.authorization.is_none() && draft.change.went_ahead.is_none() {
        return Err(Refusal::NotPermitted {
            number: draft.change.number,
        });
    }
    draft.record(Event::Lapsed);
    Ok(())
}

fn withdraw(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    // A rehearsal may end at any time; it counts nowhere.
    if !draft.change.is_before_deployment() && !draft.change.drill {
        return Err(Refusal::Deployed {
            number: draft.change.number,
            what: "withdrawn",
        });
    }
    draft
        .change
        .refuse_unless_requester(&draft.submission.actor, "withdraw it")?;
    // A denial isn't made unseen by taking back what was denied.
    if draft.change.stage == Stage::Denied && !draft.change.drill {
        refuse_if_denied(&draft.change)?;
    }
    draft.record(Event::Withdrawn);
    Ok(())
}

fn document(draft: &mut Draft<'_>, sections: &[(Section, Text)]) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    let written: Vec<_> = sections
        .iter()
        .filter(|(_, text)| !text.is_blank())
        .collect();
    for (_, text) in &written {
        within_bounds(text)?;
    }
    for (section, text) in written {
        draft.record(Event::SectionWritten {
            section: *section,
            text: text.commitment(),
        });
        if draft.change.approval.is_some() {
            draft.record(Event::ApprovalTakenBack {
                section: Some(*section),
            });
        }
    }
    Ok(())
}

fn approve(draft: &mut Draft<'_>, by: &Member, seen: ContentHash) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_if_approved(change)?;
    refuse_after_rejection(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    let ground = judge(Act::Approve, by, change, draft.policy)?;
    let waiting: Vec<String> = gaps(change)
        .iter()
        .map(ToString::to_string)
        .chain(
            draft
                .owed()
                .iter()
                .filter(|one| {
                    one.met_at.is_none()
                        && one.duty.is_needed_for_approval()
                        && one.duty != Duty::Ticket
                })
                .map(|one| one.duty.to_string()),
        )
        .collect();
    if !waiting.is_empty() {
        return Err(Refusal::NotReady {
            number: change.number,
            waiting: Waiting(waiting),
        });
    }
    let content = content_hash(change);
    if content != seen {
        return Err(Refusal::ContentChanged {
            number: change.number,
        });
    }
    draft.record_by(&by.id, Event::Approved { content, ground });
    Ok(())
}

fn refuse_if_approved(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.approval {
        Some(approval) => Err(Refusal::AlreadyApproved {
            number: change.number,
            by: approval.by.clone(),
            at: approval.at,
        }),
        None => Ok(()),
    }
}

fn refuse_after_rejection(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.rejection {
        Some(rejection) => Err(Refusal::AlreadyRejected {
            number: change.number,
            by: rejection.by.clone(),
            at: rejection.at,
        }),
        None => Ok(()),
    }
}

fn reject(draft: &mut Draft<'_>, by: &Member, reason: &Text) -> Result<(), Refusal> {
    let change = &draft.change;
    refuse_after_rejection(change)?;
    refuse_if_approved(change)?;
    change.refuse_if_over()?;
    if change.deployments.is_empty() {
        return Err(Refusal::NotDeployed {
            number: change.number,
        });
    }
    reason_given(reason)?;
    let ground = judge(Act::Reject, by, change, draft.policy)?;
    let reason = reason.commitment();
    draft.record_by(&by.id, Event::Rejected { reason, ground });
    draft.except(Exception::Rejected);
    Ok(())
}

fn remediate(draft: &mut Draft<'_>, how: &Text) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    if draft.change.rejection.is_none() {
        return Err(Refusal::NotRejected {
            number: draft.change.number,
        });
    }
    reason_given(how)?;
    draft.record(Event::Remediated {
        how: how.commitment(),
    });
    Ok(())
}

fn answer_exceptions(
    draft: &mut Draft<'_>,
    exceptions: &BTreeSet<Exception>,
    cause: &Text,
    remedy: &Text,
    owner: &UserId,
) -> Result<(), Refusal> {
    reason_given(cause)?;
    reason_given(remedy)?;
    let open: Vec<Exception> = draft
        .change
        .unanswered()
        .filter(|exception| exceptions.contains(exception))
        .collect();
    if open.is_empty() {
        return Err(Refusal::NothingToAnswer {
            number: draft.change.number,
        });
    }
    for exception in open {
        draft.record(Event::ExceptionAnswered {
            exception,
            cause: cause.commitment(),
            remedy: remedy.commitment(),
            owner: owner.clone(),
        });
    }
    Ok(())
}

/// The ticket becomes complete with its last part, whoever wrote that; whoever
/// writes it ahead of the deployment isn't late when that is told late.
fn complete(draft: &mut Draft<'_>) {
    if !draft.change.is_over()
        && draft.change.documented_at.is_none()
        && gaps(&draft.change).is_empty()
    {
        draft.record(Event::Documented);
    }
}

/// A deadline that has passed is recorded, once and for ever, even if what was
/// owed has come in since.
fn notice_misses(draft: &mut Draft<'_>) {
    for obligation in draft.owed() {
        let Some(due_at) = obligation.due_at else {
            continue;
        };
        let in_time = obligation.met_at.is_some_and(|met_at| met_at <= due_at);
        let known = draft.change.has_missed(obligation.duty, due_at);
        if in_time || known || due_at > draft.now {
            continue;
        }
        draft.follow(Event::DeadlineMissed {
            duty: obligation.duty,
            owner: obligation.owner.clone(),
            due_at,
        });
        if let Some(exception) = obligation.duty.exception_when_missed()
            && !draft.change.exceptions.contains_key(&exception)
        {
            draft.follow(Event::ExceptionRecorded { exception });
        }
    }
}

/// Each chase climbs to the latest rung that is due; those slept through count
/// as climbed.
fn remind(draft: &mut Draft<'_>, people: &dyn People) {
    for obligation in draft.owed() {
        let chase = draft
            .change
            .chases
            .get(&(obligation.duty, obligation.owner.clone()))
            .cloned()
            .unwrap_or_default();
        if let Some(rung) = obligation.due_rung(&chase, people, draft.now) {
            draft.follow(Event::Reminded {
                duty: obligation.duty,
                owner: obligation.owner.clone(),
                due_at: obligation.due_at,
                rung,
            });
        }
    }
}

fn close(draft: &mut Draft<'_>) {
    let decided = match draft.change.stage {
        Stage::Approved | Stage::Rejected => true,
        Stage::Requested
        | Stage::Authorized
        | Stage::Denied
        | Stage::Withdrawn
        | Stage::Lapsed
        | Stage::Deployed
        | Stage::Documented
        | Stage::Closed => false,
    };
    let owes = |one: &Obligation| one.met_at.is_none() && one.duty.is_needed_to_close();
    if decided && !draft.owed().iter().any(owes) {
        draft.follow(Event::Closed);
    }
}
