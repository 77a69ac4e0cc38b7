//! The kinds of things in a change's record, each with its name there.

use chrono::TimeDelta;

named! {
    /// Where a change stands.
    pub enum Stage {
        /// Asked for; nobody has answered.
        Requested = "requested",
        /// Permitted; not deployed as far as we know.
        Authorized = "authorized",
        /// Refused, and not deployed as far as we know.
        Denied = "denied",
        /// Taken back by whoever asked.
        Withdrawn = "withdrawn",
        /// Permitted and never deployed.
        Lapsed = "lapsed",
        /// In production; the paperwork is owed.
        Deployed = "deployed",
        /// The ticket is complete; the decision is owed.
        Documented = "documented",
        /// Approved in retrospect; something else is still owed.
        Approved = "approved",
        /// Rejected in retrospect; the remedy is owed.
        Rejected = "rejected",
        /// Nothing that closing needs is owed.
        Closed = "closed",
    }
}

named! {
    /// Which of the guide's five kinds of genuine emergency it was.
    pub enum Criterion {
        /// A critical security vulnerability needs immediate patching.
        Vulnerability = "vulnerability",
        /// Production is down and needs a fix deployed.
        ProductionDown = "production_down",
        /// Data loss is imminent without intervention.
        DataLoss = "data_loss",
        /// A customer-impacting bug requires immediate resolution.
        CustomerImpact = "customer_impact",
        /// An external dependency's failure requires a configuration change.
        ExternalFailure = "external_failure",
    }
}

named! {
    /// A control that was not met. Never erased.
    pub enum Exception {
        /// Went ahead although nobody with authority had permitted it.
        NotAuthorized = "not_authorized",
        /// Permitted by the requester, who holds the role.
        SelfAuthorized = "self_authorized",
        /// Deployed before the authorization came.
        DeployedBeforeAuthorization = "deployed_before_authorization",
        /// Deployed although it had been denied.
        DeployedAgainstDenial = "deployed_against_denial",
        /// The ticket wasn't complete at its deadline.
        DocumentedLate = "documented_late",
        /// The retrospective decision wasn't made by its deadline.
        ApprovedLate = "approved_late",
        /// The commander's authorization was missing at its deadline.
        CommanderLate = "commander_late",
        /// A second person's authorization was missing at its deadline.
        SecondPersonLate = "second_person_late",
        /// Rejected in retrospect.
        Rejected = "rejected",
        /// The reason that was stated is none of the five of a genuine emergency, or
        /// somebody who decided on it says that it was none.
        NotGenuine = "not_genuine",
        /// Put on record more than a day after it was asked for.
        CapturedLate = "captured_late",
        /// Whoever is said to have authorized it hadn't confirmed that by the deadline.
        ConfirmedLate = "confirmed_late",
        /// The ticket says why it names no incident, instead of naming one.
        NoIncident = "no_incident",
        /// The security group's review was missing at its deadline.
        SecurityReviewLate = "security_review_late",
        /// The database administrator's approval was missing at its deadline.
        DatabaseApprovalLate = "database_approval_late",
    }
}

named! {
    /// A review beside the approver's decision, which a circumstance asks for.
    pub enum Review {
        /// The security group's, of a security incident's change.
        Security = "security",
        /// The database administrator's, of a change of a database.
        Database = "database",
    }
}

named! {
    /// How long somebody may put off what they owe.
    pub enum Nap {
        /// Half an hour.
        HalfAnHour = "half_an_hour",
        /// An hour.
        Hour = "hour",
        /// Two hours.
        TwoHours = "two_hours",
    }
}

impl Nap {
    /// Returns how long it is.
    pub const fn length(self) -> TimeDelta {
        match self {
            Self::HalfAnHour => TimeDelta::minutes(30),
            Self::Hour => TimeDelta::hours(1),
            Self::TwoHours => TimeDelta::hours(2),
        }
    }
}

named! {
    /// Why somebody else owes something now.
    pub enum Handover {
        /// Whoever owed it, or answers for the process, asked them to.
        Delegated = "delegated",
        /// Whoever owed it is away.
        Away = "away",
        /// Whoever owed it is no longer in the workspace.
        Left = "left",
        /// Whoever owed it may no longer do it.
        Ineligible = "ineligible",
    }
}

named! {
    /// How a rejected change is put right.
    pub enum Remedy {
        /// It is taken out of production.
        RollBack = "roll_back",
        /// It is done again through the normal process.
        Redo = "redo",
        /// It stays, and somebody accepts the risk by name.
        AcceptRisk = "accept_risk",
    }
}

named! {
    /// What an answer to a request for authorization does.
    pub enum Verdict {
        /// It permits.
        Grant = "grant",
        /// It refuses.
        Refuse = "refuse",
    }
}

named! {
    /// A reason that somebody stated and that is none of a genuine emergency:
    /// the guide's three, and whatever else people say.
    pub enum NotGenuine {
        /// To launch something faster.
        FasterLaunch = "faster_launch",
        /// A deadline of today.
        DeadlineToday = "deadline_today",
        /// To skip the normal process.
        SkippingProcess = "skipping_process",
        /// Another reason, in the person's own words.
        Other = "other",
    }
}

named! {
    /// How an authorization was given.
    pub enum Method {
        /// The button on the card.
        Button = "button",
        /// A message in the authorizer's own words.
        Message = "message",
        /// An emoji on the request.
        Reaction = "reaction",
        /// By word of mouth, as somebody attests.
        Spoken = "spoken",
    }
}

named! {
    /// How much a record of an authorization proves.
    pub enum Strength {
        /// The authorizer's own act in Slack.
        Direct = "direct",
        /// Somebody else says that it was given.
        Attested = "attested",
    }
}

named! {
    /// Where an instant comes from.
    pub enum Source {
        /// The timestamp that Slack gave the act.
        Slack = "slack",
        /// When the act reached us; Slack gives a slash command no time.
        Receipt = "receipt",
        /// A person says so.
        Attested = "attested",
        /// A delivery pipeline says so.
        Webhook = "webhook",
        /// Our own clock.
        Clock = "clock",
    }
}
