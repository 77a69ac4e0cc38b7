//! What the names in the record mean, in words for an auditor.

use chrono::TimeDelta;

use super::Named;
use crate::domain::authorization::Ground;
use crate::domain::change::{
    Criterion, Exception, Handover, Method, NotGenuine, Remedy, Review, Source, Stage, Strength,
};
use crate::domain::deployment::{ChangeKind, Happening, Mark};
use crate::domain::obligation::{Deed, Duty, Moot, Rung};
use crate::domain::ticket::{Capacity, Field};

pub(super) fn named(name: impl Into<String>, words: impl Into<String>) -> Named {
    Named {
        name: name.into(),
        words: words.into(),
    }
}

/// Returns words as the beginning of a sentence.
pub(in crate::evidence) fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next();
    first
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Returns how long something takes, to the minute, or to the second if less.
pub(in crate::evidence) fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (1, 0, 0) => "1 day".to_owned(),
        (1, hours, 0) => format!("1 day {hours} h"),
        (1, hours, minutes) => format!("1 day {hours} h {minutes} min"),
        (days, 0, 0) => format!("{days} days"),
        (days, hours, 0) => format!("{days} days {hours} h"),
        (days, hours, minutes) => format!("{days} days {hours} h {minutes} min"),
    }
}

pub(super) fn stage(stage: Stage) -> Named {
    let words = match stage {
        Stage::Requested => "asked for; nobody has answered",
        Stage::Authorized => "authorized; not deployed as far as is known",
        Stage::Denied => "denied; not deployed as far as is known",
        Stage::Withdrawn => "withdrawn by whoever asked",
        Stage::Lapsed => "authorized and never deployed",
        Stage::Deployed => "deployed; documentation is owed",
        Stage::Documented => "documented; the decision is owed",
        Stage::Approved => "approved; something else is still owed",
        Stage::Rejected => "rejected; the remedy is owed",
        Stage::Closed => "closed; nothing that closing needs is owed",
    };
    named(stage.name(), words)
}

/// The guide's own words for its five kinds.
pub(super) fn criterion(criterion: Criterion) -> Named {
    let words = match criterion {
        Criterion::Vulnerability => "a critical security vulnerability needed immediate patching",
        Criterion::ProductionDown => "production was down and a fix had to be deployed",
        Criterion::DataLoss => "data loss was imminent without intervention",
        Criterion::CustomerImpact => "a customer-impacting bug required immediate resolution",
        Criterion::ExternalFailure => {
            "an external dependency's failure required a configuration change"
        }
    };
    named(criterion.name(), words)
}

pub(super) fn not_genuine(reason: NotGenuine) -> Named {
    let words = match reason {
        NotGenuine::FasterLaunch => "to launch something faster",
        NotGenuine::DeadlineToday => "a deadline of that day",
        NotGenuine::SkippingProcess => "to skip the normal process",
        NotGenuine::Other => "another reason",
    };
    named(reason.name(), words)
}

pub(super) fn source(source: Source) -> Named {
    let words = match source {
        Source::Slack => "Slack's timestamp of the act",
        Source::Receipt => "when it reached the bot",
        Source::Attested => "as a person attests",
        Source::Webhook => "as the delivery pipeline told",
        Source::Clock => "the bot's clock",
    };
    named(source.name(), words)
}

pub(super) fn method(method: Method) -> Named {
    let words = match method {
        Method::Button => "by pressing the button on the card in Slack",
        Method::Message => "by a message in their own words",
        Method::Reaction => "by an emoji on the request",
        Method::Spoken => "by word of mouth",
    };
    named(method.name(), words)
}

pub(super) fn strength(strength: Strength) -> Named {
    let words = match strength {
        Strength::Direct => "the authorizer's own act in Slack",
        Strength::Attested => "attested by somebody else",
    };
    named(strength.name(), words)
}

pub(super) fn ground(ground: Ground) -> Named {
    let words = match ground {
        Ground::Policy => "named by the policy, in person or by a group",
        Ground::Commander => "commanded the incident",
        Ground::NoPolicy => "full member, while the policy named nobody for it",
        Ground::MostSenior => {
            "most senior engineer available, nobody with the authority being at hand"
        }
        Ground::Involved => "asked for it or deployed it",
        Ground::Owner => "named as the owner",
        Ground::Member => "full member, as any may",
    };
    named(ground.name(), words)
}

pub(super) fn exception(exception: Exception) -> Named {
    let words = match exception {
        Exception::NotAuthorized => "went ahead without authorization",
        Exception::SelfAuthorized => "authorized by the requester alone, who holds the role",
        Exception::DeployedBeforeAuthorization => "deployed before it was authorized",
        Exception::DeployedAgainstDenial => "deployed although it had been denied",
        Exception::DocumentedLate => "ticket not complete at its deadline",
        Exception::ApprovedLate => "retrospective decision not made at its deadline",
        Exception::CommanderLate => "commander's authorization missing at its deadline",
        Exception::SecondPersonLate => "second person's authorization missing at its deadline",
        Exception::Rejected => "rejected in retrospect",
        Exception::NotGenuine => {
            "not a genuine emergency, by the stated reason or by whoever decided"
        }
        Exception::CapturedLate => "put on record more than a day after it was asked for",
        Exception::ConfirmedLate => "attested authorization not confirmed at its deadline",
        Exception::NoIncident => "names no incident",
        Exception::SecurityReviewLate => "security review missing at its deadline",
        Exception::DatabaseApprovalLate => {
            "database administrator's approval missing at its deadline"
        }
    };
    named(exception.name(), words)
}

pub(super) fn review(review: Review) -> Named {
    let words = match review {
        Review::Security => "the security group's review",
        Review::Database => "the database administrator's approval",
    };
    named(review.name(), words)
}

pub(super) fn remedy(remedy: Remedy) -> Named {
    let words = match remedy {
        Remedy::RollBack => "roll it back",
        Remedy::Redo => "do it again through the normal process",
        Remedy::AcceptRisk => "leave it, and have the risk accepted by name",
    };
    named(remedy.name(), words)
}

pub(super) fn capacity(capacity: Capacity) -> Named {
    let words = match capacity {
        Capacity::Requester => "asked for it",
        Capacity::Implementer => "deployed it",
        Capacity::Authorizer => "authorized it",
        Capacity::Commander => "commanded the incident",
        Capacity::Approver => "approved it afterwards",
    };
    named(capacity.name(), words)
}

pub(super) fn field(field: Field) -> Named {
    named(field.name(), capitalised(&field.to_string()))
}

pub(super) fn duty(duty: Duty) -> Named {
    let words = match duty {
        Duty::AnswerException(of) => {
            format!("the answer to the exception “{}”", exception(of).words)
        }
        other => other.to_string(),
    };
    named(duty.name(), words)
}

pub(super) fn rung(rung: Rung) -> Named {
    let words = match rung {
        Rung::Opening => "when it began to be owed".to_owned(),
        Rung::Ready => "when it could be done".to_owned(),
        Rung::Again(n) => format!("asked again, {n} times so far"),
        Rung::Before(minutes) => {
            format!(
                "{} before the deadline",
                span(TimeDelta::minutes(i64::from(minutes)))
            )
        }
        Rung::Overdue(n) => format!("overdue, reminder {n} after the deadline"),
        Rung::AfterNap(n) => format!("after being put off ({n} times)"),
    };
    named(rung.name(), words)
}

pub(super) const fn handover(why: Handover) -> &'static str {
    match why {
        Handover::Delegated => "asked to",
        Handover::Away => "because whoever owed it was away",
        Handover::Left => "because whoever owed it had left",
        Handover::Ineligible => "because whoever owed it could no longer do it",
    }
}

pub(super) const fn moot(why: Moot) -> &'static str {
    match why {
        Moot::Done => "not sent: it had been done by then",
        Moot::Passed => "not sent: it had passed to somebody else by then",
        Moot::Over => "not sent: nobody owed it any more",
    }
}

pub(super) const fn deed(deed: Deed) -> &'static str {
    match deed {
        Deed::Authorized => "authorized it",
        Deed::Denied => "denied it",
        Deed::Confirmed => "confirmed the authorization",
        Deed::Disputed => "disputed the authorization",
        Deed::NamedCommander => "said who commands",
        Deed::Deployed => "said that it was deployed",
        Deed::CalledOff => "called it off",
        Deed::Wrote => "wrote into the ticket",
        Deed::Attached => "attached evidence",
        Deed::Approved => "approved it",
        Deed::Rejected => "rejected it",
        Deed::Reviewed => "reviewed it",
        Deed::Judged => "said whether it was genuine",
        Deed::Met => "recorded the meeting",
        Deed::Done => "said that it is done",
        Deed::Answered => "answered the exception",
    }
}

pub(in crate::evidence) fn happening(happening: Happening) -> Named {
    let words = match happening {
        Happening::Deployment => "a deployment",
        Happening::Merge => "a merge",
        Happening::Run => "the end of a workflow, pipeline or job",
        Happening::Push => "a push to the deployed branch",
        Happening::Listed => "a line of a list",
        Happening::Review => "somebody's approval of a request to merge",
    };
    named(happening.name(), words)
}

pub(super) fn kind(kind: ChangeKind) -> Named {
    let words = match kind {
        ChangeKind::Normal => "normal change",
        ChangeKind::Standard => "standard change, approved in advance",
        ChangeKind::Emergency => "emergency change",
    };
    named(kind.name(), words)
}

pub(in crate::evidence) fn mark(mark: Mark) -> Named {
    let words = match mark {
        Mark::Unreviewed => "merged although nobody had reviewed it",
        Mark::Bypassed => "the branch's protection was bypassed",
        Mark::DirectPush => "pushed to the deployed branch without a request to merge",
        Mark::Hotfix => "its branch or title says hotfix",
        Mark::Revert => "takes an earlier change back",
        Mark::DuringIncident => "deployed to a system on which an incident was worked on",
        Mark::Unrecorded => "deployed shortly after an authorization that nobody recorded",
        Mark::Labelled => "its source calls it an emergency, and the register knows of none",
    };
    named(mark.name(), words)
}
