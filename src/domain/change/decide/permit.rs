//! Who permits it, refuses it, goes ahead without, and commands.

use super::Draft;
use super::deploy::exception_of_deployment;
use crate::domain::authorization::{Act, Ground, Member, holds_the_role, judge};
use crate::domain::change::{
    ActOf, Actor, EmergencyChange, Event, Evidence, Exception, Given, Method, Refusal, Stage,
    Strength,
};
use crate::domain::id::UserId;
use crate::domain::obligation::{made_good_at, needs_second_person};
use crate::domain::policy::Party;
pub(super) fn ask_someone_else(draft: &mut Draft<'_>, asked: &[Party]) -> Result<(), Refusal> {
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

fn too_late_to_deny(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::AlreadyAuthorized { number, by, at } => Refusal::DeniedTooLate { number, by, at },
        other => other,
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
            Self::Button | Self::Message { read_so: None, .. } | Self::Reaction { .. } => {
                Strength::Direct
            }
            Self::Spoken { .. }
            | Self::Message {
                read_so: Some(_), ..
            } => Strength::Attested,
        }
    }

    /// Who says that it was given, where that is their word only.
    fn attested(&self) -> Option<&ActOf> {
        match self {
            Self::Spoken { attested, .. } => Some(attested),
            Self::Message { read_so, .. } => read_so.as_ref(),
            Self::Button | Self::Reaction { .. } => None,
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Button => None,
            Self::Message { text, message, .. } => Some(Evidence::Words {
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

pub(super) fn authorize(draft: &mut Draft<'_>, by: &Member, given: &Given) -> Result<(), Refusal> {
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
    let attested = given.attested().cloned();
    let ground = match &attested {
        Some(attested) if attested.by == by.id => {
            judged?;
            return Err(Refusal::OwnWord { number });
        }
        Some(_) if !beforehand => return Err(Refusal::SpokenTooLate { number }),
        // The one who reads the refusal isn't the one whom it is about.
        Some(_) => judged.map_err(|refusal| refusal.of(&by.id))?,
        None => judged?,
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
pub(super) fn stand_in(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
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

pub(super) fn confirm_attestation(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    refuse_unless_named(draft)?;
    draft.record(Event::AttestationConfirmed);
    Ok(())
}

pub(super) fn dispute_attestation(draft: &mut Draft<'_>) -> Result<(), Refusal> {
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

pub(super) fn deny(draft: &mut Draft<'_>, by: &Member, given: &Given) -> Result<(), Refusal> {
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
        already_authorized(&draft.change).map_err(too_late_to_deny)?;
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

pub(super) fn refuse_if_denied(change: &EmergencyChange) -> Result<(), Refusal> {
    match &change.denial {
        Some(denial) => Err(Refusal::AlreadyDenied {
            number: change.number,
            by: denial.by.clone(),
            at: denial.at,
        }),
        None => Ok(()),
    }
}

pub(super) fn go_ahead(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    judge(Act::GoAhead, by, &draft.change, draft.policy)?;
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

pub(super) fn take_command(draft: &mut Draft<'_>, by: &Member) -> Result<(), Refusal> {
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

pub(super) fn name_commander(
    draft: &mut Draft<'_>,
    by: &Member,
    commander: &UserId,
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    judge(Act::NameCommander, by, &draft.change, draft.policy)?;
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
