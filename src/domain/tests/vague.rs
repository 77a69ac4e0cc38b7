//! Words that say something and words that don't, as people write them.

use super::*;
use crate::domain::ticket::{Vague, vague};

use Field::{
    ControlsBypassed, CustomerImpact, IncidentLink, LessonsLearned, Outcome, PermanentFix,
    PrivacyImpact, RollbackPlan, Testing, WhatWasDone,
};
use Vague::{Copied, Elsewhere, Later, NoEvidence, SaysNothing, TooShort};

/// What says too little, and why.
const SAYS_TOO_LITTLE: &[(Field, &str, Vague)] = &[
    (WhatWasDone, "misc fixes", SaysNothing),
    (WhatWasDone, "Misc. fixes.", SaysNothing),
    (WhatWasDone, "update config", SaysNothing),
    (WhatWasDone, "updated the config", SaysNothing),
    (WhatWasDone, "hotfix", SaysNothing),
    (
        WhatWasDone,
        "Deployed the hotfix to production.",
        SaysNothing,
    ),
    (WhatWasDone, "fixed the bug", SaysNothing),
    (WhatWasDone, "Fixed it", SaysNothing),
    (WhatWasDone, "various small changes", SaysNothing),
    (WhatWasDone, "see PR", Elsewhere),
    (WhatWasDone, "See above.", Elsewhere),
    (WhatWasDone, "as discussed in Slack", Elsewhere),
    (WhatWasDone, "as described in the ticket", Elsewhere),
    (WhatWasDone, "Restarted pods", TooShort),
    (WhatWasDone, "-", SaysNothing),
    (WhatWasDone, "...", SaysNothing),
    (WhatWasDone, "👍", SaysNothing),
    (WhatWasDone, "x", SaysNothing),
    (WhatWasDone, "xxxx", SaysNothing),
    (WhatWasDone, "asdf", SaysNothing),
    (WhatWasDone, "sdfghjkl", SaysNothing),
    (WhatWasDone, "bla bla", SaysNothing),
    (Testing, "tested locally", SaysNothing),
    (Testing, "Tested locally, works.", SaysNothing),
    (Testing, "works on my machine", SaysNothing),
    (Testing, "ok", SaysNothing),
    (Testing, "OK!", SaysNothing),
    (Testing, "done", SaysNothing),
    (Testing, "n/a", SaysNothing),
    (Testing, "N/A", SaysNothing),
    (Testing, "n.a.", SaysNothing),
    (Testing, "none", SaysNothing),
    (Testing, "no", SaysNothing),
    (Testing, "not needed", SaysNothing),
    (Testing, "all tests passed", SaysNothing),
    (Testing, "looks good", SaysNothing),
    (Testing, "LGTM", SaysNothing),
    (Testing, "same as before", Elsewhere),
    (Testing, "TBD", Later),
    (Testing, "todo", Later),
    (Testing, "will be added later", Later),
    (Testing, "Tests to follow", Later),
    (Testing, "quick smoke", TooShort),
    (
        Testing,
        "Rule blocks the attack pattern without false positives",
        NoEvidence,
    ),
    (
        Testing,
        "Ran the integration suite against staging, all green",
        NoEvidence,
    ),
    (
        Testing,
        "curl shows 403 for the pattern and 200 for the front page",
        NoEvidence,
    ),
    (Testing, "Not tested because", NoEvidence),
    (Testing, "Could not be tested because of it", NoEvidence),
    (
        Testing,
        "Checked the dashboards since the deployment went out",
        NoEvidence,
    ),
    (RollbackPlan, "revert", SaysNothing),
    (RollbackPlan, "roll back", SaysNothing),
    (RollbackPlan, "Rollback the deployment", SaysNothing),
    (RollbackPlan, "revert the commit", SaysNothing),
    (RollbackPlan, "git revert", TooShort),
    (RollbackPlan, "standard", SaysNothing),
    (RollbackPlan, "the usual", SaysNothing),
    (RollbackPlan, "none needed", SaysNothing),
    (Outcome, "success", SaysNothing),
    (Outcome, "Resolved.", SaysNothing),
    (Outcome, "fixed", SaysNothing),
    (Outcome, "everything works as expected", SaysNothing),
    (Outcome, "Attack blocked", TooShort),
    (Outcome, "see thread", Elsewhere),
    (LessonsLearned, "none", SaysNothing),
    (LessonsLearned, "nothing", SaysNothing),
    (LessonsLearned, "No lessons learned", SaysNothing),
    (LessonsLearned, "be careful", TooShort),
    (LessonsLearned, "pending", Later),
    (PermanentFix, "tbd, will follow", Later),
    (IncidentLink, "none", SaysNothing),
    (IncidentLink, "no incident", TooShort),
    (ControlsBypassed, "tbd", Later),
    (CustomerImpact, "ok", SaysNothing),
];

/// What says enough.
const SAYS_ENOUGH: &[(Field, &str)] = &[
    (
        WhatWasDone,
        "Deployed WAF rule 1042 on the production load balancer",
    ),
    (
        WhatWasDone,
        "Raised max_connections from 200 to 400 on orders-db",
    ),
    (
        WhatWasDone,
        "Disabled the recommendations feature flag for all tenants",
    ),
    (WhatWasDone, "Merged https://github.com/acme/api/pull/4711"),
    (WhatWasDone, "PR 4711"),
    (
        WhatWasDone,
        "Misc fixes to the retry loop of the payment worker",
    ),
    (WhatWasDone, "Fixed the null check in InvoiceRenderer.total"),
    (
        WhatWasDone,
        "Updated config: nginx client_max_body_size to 20m",
    ),
    (WhatWasDone, "Rotated the leaked Stripe key"),
    (WhatWasDone, "Neustart der Zahlungsdienste in Frankfurt"),
    (WhatWasDone, "Rolled back to v2.14.3"),
    (WhatWasDone, "Restarted the checkout pods one by one"),
    (WhatWasDone, "Blocked 203.0.113.7"),
    (WhatWasDone, "See https://acme.atlassian.net/browse/OPS-12"),
    (Testing, "CI run https://ci.acme.dev/runs/81 is green"),
    (Testing, "https://ci.acme.dev/runs/81"),
    (
        Testing,
        "tested locally, recording at https://acme.dev/rec/9",
    ),
    (Testing, "ok, see https://ci.acme.dev/runs/81"),
    (
        Testing,
        "No test possible because staging has no copy of the load balancer",
    ),
    (
        Testing,
        "Not tested because the database was already losing writes",
    ),
    (
        Testing,
        "Couldn't be tested: untested since every minute cost orders",
    ),
    (
        Testing,
        "No link, because the console keeps no record of test requests",
    ),
    (
        Testing,
        "Tests skipped due to the pipeline being down with the same outage",
    ),
    (
        Testing,
        "We could not reproduce the load on staging, so nothing ran before",
    ),
    (RollbackPlan, "Disable rule 1042"),
    (RollbackPlan, "kubectl rollout undo deployment/checkout"),
    (
        RollbackPlan,
        "Revert the commit and redeploy through the pipeline",
    ),
    (
        RollbackPlan,
        "Set the flag recommendations.enabled back to true",
    ),
    (RollbackPlan, "Restore orders-db from the 02:00 snapshot"),
    (
        RollbackPlan,
        "Runbook: https://wiki.acme.dev/rollback/checkout",
    ),
    (RollbackPlan, "Roll back with helm rollback api 41"),
    (
        RollbackPlan,
        "Nothing to go back to: old key is revoked, issue another instead",
    ),
    (Outcome, "Attack blocked, no customer data exposed"),
    (Outcome, "Checkout recovered at 02:31, no orders lost"),
    (Outcome, "Errors fell from 12 % to 0.1 %"),
    (
        Outcome,
        "Incident resolved, latency normal after four minutes",
    ),
    (
        Outcome,
        "Did not help; incident went on until the provider recovered",
    ),
    (Outcome, "Fixed for EU tenants, still failing for US"),
    (
        LessonsLearned,
        "Need predefined WAF rules for common attack patterns",
    ),
    (
        LessonsLearned,
        "Alert on connection pool saturation before it is full",
    ),
    (LessonsLearned, "Nobody knew who may authorize at night"),
    (LessonsLearned, "None beyond OPS-12"),
    (LessonsLearned, "Nothing new: same cause as CHG-1031"),
    (LessonsLearned, "Load test the nightly export"),
    (PermanentFix, "Prepared statements in the search service"),
    (PermanentFix, "OPS-4711"),
    (PermanentFix, "Move the export to its own replica"),
    (
        IncidentLink,
        "Found in review before anybody was hit, so there was no incident",
    ),
    (ControlsBypassed, "none"),
    (ControlsBypassed, "None."),
    (ControlsBypassed, "n/a"),
    (ControlsBypassed, "no controls bypassed on main"),
    (
        ControlsBypassed,
        "Branch protection on main, by admin merge",
    ),
    (CustomerImpact, "none"),
    (CustomerImpact, "No customers affected"),
    (CustomerImpact, "Logins failed for about 300 customers"),
    (PrivacyImpact, "no impact"),
    (PrivacyImpact, "Not applicable"),
    (
        PrivacyImpact,
        "Mail addresses appear in the debug log until Monday",
    ),
    (WhatWasDone, "Purged CDN cache for /login"),
    (WhatWasDone, "ロードバランサーの規則を有効にした"),
    (WhatWasDone, "Enabled IPv6 firewall"),
    (Outcome, "Queue drained within twenty minutes"),
    (RollbackPlan, "Delete the new index"),
];

#[test]
fn what_says_too_little_is_marked_with_why() {
    assert!(SAYS_TOO_LITTLE.len() >= 60);
    for (field, words, why) in SAYS_TOO_LITTLE {
        assert_eq!(vague(*field, words, &[]), Some(*why), "{field}: {words}");
    }
}

#[test]
fn what_says_something_is_left_in_peace() {
    assert!(SAYS_ENOUGH.len() >= 60);
    for (field, words) in SAYS_ENOUGH {
        assert_eq!(vague(*field, words, &[]), None, "{field}: {words}");
    }
}

#[test]
fn the_same_words_in_another_field_say_nothing_new() {
    let words = "Deployed WAF rule 1042 on the load balancer";
    let others = [(WhatWasDone, words)];
    assert_eq!(vague(Outcome, words, &others), Some(Copied));
    let shouted = "deployed WAF rule 1042 on the load balancer!";
    assert_eq!(vague(Outcome, shouted, &others), Some(Copied));
    assert_eq!(vague(WhatWasDone, words, &others), None, "itself");
    let link = "https://ci.acme.dev/runs/81";
    assert_eq!(vague(Testing, link, &[(Outcome, link)]), Some(Copied));
}

#[test]
fn what_isnt_written_in_words_is_never_vague() {
    for field in [
        Field::Category,
        Field::Links,
        Field::OutcomeCode,
        Field::Number,
    ] {
        assert_eq!(vague(field, "ok", &[]), None);
    }
}

proptest::proptest! {
    #[test]
    fn no_words_are_too_strange_to_be_judged(words in "\\PC{0,80}") {
        for field in [Testing, Outcome, ControlsBypassed, IncidentLink] {
            let _ = vague(field, &words, &[(RollbackPlan, &words)]);
        }
    }
}
