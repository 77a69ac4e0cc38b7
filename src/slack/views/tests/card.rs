use super::*;
use crate::slack::views::card::card;

fn shown(story: &Story) -> String {
    read(&card(&story.showing()))
}

#[test]
fn a_request_names_who_asks_whom_and_asks_why() {
    insta::assert_snapshot!(shown(&Story::asked()), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    [+Authorize] [!Deny] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn the_kind_of_emergency_takes_the_place_of_its_buttons() {
    insta::assert_snapshot!(shown(&Story::asked().because(Criterion::Vulnerability)), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Why an emergency:* A critical vulnerability needs patching at once.
    [+Authorize] [!Deny] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Withdraw the request]
    ");
}

#[test]
fn after_three_minutes_somebody_else_can_be_asked() {
    insta::assert_snapshot!(shown(&Story::asked().minutes(3)), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    No answer yet; asked again Sat 02:17 UTC
    [+Authorize] [!Deny] [Ask someone else] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn after_six_minutes_going_ahead_is_offered() {
    insta::assert_snapshot!(shown(&Story::unanswered()), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    No answer yet; asked again Sat 02:20 UTC
    [+Authorize] [!Deny] [Ask someone else] [Going ahead without (It is recorded under your name as an exception, and a second person makes it good within 24 h of the deployment.)] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn whoever_is_asked_in_anothers_place_keeps_the_ways_out() {
    let story = Story::unanswered().asks(vec![person("sam")]);
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001: @Dana asks @Sam to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Sam for authorization, Sat 02:20 UTC (first asked Sat 02:14 UTC), by `/emergency`
    [+Authorize] [!Deny] [Ask someone else] [Going ahead without (It is recorded under your name as an exception, and a second person makes it good within 24 h of the deployment.)] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn a_denial_shows_the_ways_on() {
    insta::assert_snapshot!(shown(&Story::asked().minutes(2).denies("morgan")), @r"
    » CHG-1001, denied: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Denied* by @Morgan Sat 02:16 UTC
    [+Ask someone else] [Going ahead without (It is recorded under your name as an exception, and a second person makes it good within 24 h of the deployment.)] [I'm commanding] [… Deployed now | Another reason…]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn going_ahead_is_shown_with_its_exception() {
    insta::assert_snapshot!(shown(&Story::unanswered().goes_ahead("dana")), @r"
    » CHG-1001, going ahead without authorization: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Exception*: went ahead without authorization
    [+Deployed now] [Authorize] [Document] [I'm commanding] [… It was never deployed | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn an_authorized_change_waits_for_its_deployment() {
    let story = Story::asked().minutes(1).authorizes("morgan");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, authorized, not deployed yet: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, by the button
    [+Deployed now] [Document] [I'm commanding] [… It was never deployed | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn a_deployed_change_owes_its_ticket() {
    insta::assert_snapshot!(shown(&Story::deployed()), @r"
    » CHG-1001, deployed, its ticket is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* due Sun 02:19 UTC. Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *Decision* by @Morgan, due Sun 02:19 UTC
    [+Document] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn a_deployment_without_authorization_asks_a_second_person() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, deployed, its ticket is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:23 UTC
    *Ticket* due Sun 02:23 UTC. Missing: what was done, testing, rollback plan, outcome, lessons learned and 9 choices (category, why it was an emergency, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *Also needed*: the incident commander's authorization (@Dana is asked who commands) and a second person's authorization from @Morgan
    *Decision* by @Morgan, due Sun 02:23 UTC
    *Exception*: went ahead without authorization
    [+Document] [Authorize afterwards] [I'm commanding] [Answer the exception] [… Correct deployment time… | Add a follow-up… | Another reason…]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn a_deployment_told_late_says_when_it_was_told() {
    let story = Story::asked()
        .minutes(1)
        .authorizes("morgan")
        .hours(2)
        .deployed_earlier("dana", TimeDelta::minutes(90));
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, deployed, its ticket is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 29 min before deployment, by the button
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:44 UTC, recorded Sat 04:14 UTC
    *Ticket* due Sun 02:44 UTC. Missing: what was done, testing, rollback plan, outcome, lessons learned and 9 choices (category, why it was an emergency, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *Also needed*: the incident commander's authorization (@Dana is asked who commands)
    *Decision* by @Morgan, due Sun 02:44 UTC
    [+Document] [I'm commanding] [… Correct deployment time… | Add a follow-up… | Another reason…]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn a_documented_change_can_be_decided() {
    insta::assert_snapshot!(shown(&Story::deployed().hours(9).documents_all()), @r"
    » CHG-1001, documented, the decision is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* complete since Sat 11:14 UTC
    *Decision* by @Morgan, due Sun 02:19 UTC
    [+Approve] [!Reject] [Document] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn a_documented_change_without_its_commander_cant_be_decided() {
    let story = Story::asked()
        .because(Criterion::DataLoss)
        .minutes(1)
        .authorizes("morgan")
        .minutes(5)
        .deploys("dana")
        .documents_all();
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, documented, the decision is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* not known yet
    *Deployed* by @Dana Sat 02:19 UTC
    *Why an emergency:* Data would be lost without intervention.
    *Ticket* complete since Sat 02:19 UTC
    *Also needed*: the incident commander's authorization (@Dana is asked who commands)
    *Decision* by @Morgan, due Sun 02:19 UTC
    [Document] [I'm commanding] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn an_approved_change_says_what_still_keeps_it_open() {
    let story = Story::unanswered()
        .because(Criterion::ProductionDown)
        .goes_ahead("dana")
        .commands("riley")
        .minutes(9)
        .deploys("dana")
        .hours(8)
        .authorizes("sam")
        .documents_all()
        .approves("morgan");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, approved, not closed yet: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Without authorization*: @Dana went ahead Sat 02:20 UTC
    *Authorized afterwards* by @Sam Sat 10:14 UTC
    *Incident commander* @Riley authorized it Sat 02:20 UTC
    *Deployed* by @Dana Sat 02:23 UTC
    *Approved* in retrospect by @Morgan Sat 10:14 UTC
    *A genuine emergency?* yes, says @Morgan
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* complete since Sat 10:14 UTC
    *Exception*: went ahead without authorization
    [Document] [Answer the exception] [Mark as reviewed…] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn a_closed_change_has_no_buttons() {
    let story = Story::deployed()
        .hours(9)
        .documents_all()
        .hours(10)
        .approves("morgan");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, closed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Approved* in retrospect by @Morgan Sat 12:14 UTC
    *A genuine emergency?* yes, says @Morgan
    *Closed* Sat 12:14 UTC
    *Why an emergency:* Production is down and needs a fix.
    [Was it genuine?] [Mark as reviewed…] [Add a follow-up…]
    ");
}

#[test]
fn a_rejected_change_asks_how_it_was_put_right() {
    let story = Story::deployed()
        .hours(9)
        .documents_all()
        .rejects("morgan", "No test *shows* it works <!here>");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, rejected, putting it right is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Rejected* in retrospect by @Morgan Sat 11:14 UTC: No test *shows* it works &lt;!here&gt;
    *Remedy* Redo it through the normal process, by @Dana
    *A genuine emergency?* yes, says @Morgan
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* complete since Sat 11:14 UTC
    *Exception*: rejected in retrospect
    [+Say how it was put right] [Answer the exception] [Was it genuine?] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn a_rejected_change_put_right_waits_for_its_answer() {
    let story = Story::deployed()
        .hours(9)
        .documents_all()
        .rejects("morgan", "No test")
        .hours(20)
        .remediates("dana", "Tested on staging, see #4711");
    insta::assert_snapshot!(shown(&story), @r"
    » CHG-1001, rejected and put right, not closed yet: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Rejected* in retrospect by @Morgan Sat 11:14 UTC: No test
    *Remedy* Redo it through the normal process, by @Dana
    *A genuine emergency?* yes, says @Morgan
    *Put right* by @Dana Sat 22:14 UTC: Tested on staging, see #4711
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* complete since Sat 11:14 UTC
    *Exception*: rejected in retrospect
    [Answer the exception] [Was it genuine?] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn withdrawn_and_lapsed_changes_stay_listed_without_buttons() {
    let withdrawn = Story::asked().does("dana", Command::Withdraw);
    insta::assert_snapshot!(shown(&withdrawn), @r"
    » CHG-1001, withdrawn: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Withdrawn*. It stays listed.
    ");
    let lapsed = Story::asked()
        .authorizes("morgan")
        .hours(3)
        .does("dana", Command::Lapse);
    insta::assert_snapshot!(shown(&lapsed), @r"
    » CHG-1001, never deployed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:14 UTC, by the button
    *Never deployed*. It stays listed; nothing more is owed.
    ");
}

#[test]
fn a_missed_deadline_stays_on_the_card() {
    insta::assert_snapshot!(shown(&Story::deployed().hours(26)), @r"
    » CHG-1001, deployed, its ticket is owed: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asked @Morgan for authorization, Sat 02:14 UTC, by `/emergency`
    *Authorized* by @Morgan Sat 02:15 UTC, 4 min before deployment, by the button
    *Incident commander* @Riley authorized it Sat 02:16 UTC
    *Deployed* by @Dana Sat 02:19 UTC
    *Why an emergency:* Production is down and needs a fix.
    *Ticket* was due Sun 02:19 UTC and is overdue. Missing: what was done, testing, rollback plan, outcome, lessons learned and 8 choices (category, incident link, security impact, whether it was rolled back, outcome code, whether the incident is resolved, whether data was exposed and whether it is permanent)
    *Decision* by @Morgan, was due Sun 02:19 UTC and is overdue
    *Exceptions*: ticket not complete by its deadline; not decided by its deadline
    [+Document] [Answer the exceptions] [… Correct deployment time… | Add a follow-up…]
    ");
}

#[test]
fn a_crowd_is_not_named_one_by_one() {
    let crowd = ["morgan", "sam", "kim", "lee", "ash"].map(person).to_vec();
    insta::assert_snapshot!(shown(&Story::asking(WHAT, crowd)), @r"
    » CHG-1001: @Dana asks @Morgan to authorize: Deploy WAF rule to block SQL injection
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Dana asks @Morgan, @Sam and @Kim (and 2 more) for authorization, Sat 02:14 UTC, by `/emergency`
    [+Authorize] [!Deny] [I'm commanding] [… Deployed now | Agreed by phone or in person… | Another reason… | Withdraw the request]
    *Why an emergency:* not yet stated
    [Vulnerability] [Production down] [Data at risk] [Customers hit] [Dependency failed]
    · Not an emergency: a faster launch, a deadline today, skipping the process.
    ");
}

#[test]
fn nothing_in_a_request_pings_a_channel() {
    let story = Story::asking(
        "restart <!channel> @here <!subteam^S1>, see <@UGUS> & co",
        vec![group("eng")],
    );
    let card = card(&story.showing());
    let json = serde_json::to_string(&card.blocks).unwrap() + &card.text;
    for loud in ["<!channel", "<!here", "@here", "<!subteam^S1>"] {
        assert!(!json.contains(loud), "{json}");
    }
    assert!(json.contains("see <@UGUS> &amp; co"), "{json}");
    assert!(json.contains("<!subteam^SENG>"), "{json}");
}

#[test]
fn approve_on_the_card_carries_the_content_that_it_shows() {
    let story = Story::deployed().documents_all();
    let json = serde_json::to_string(&card(&story.showing()).blocks).unwrap();
    let value =
        crate::slack::control::approval_value(ChangeNumber(1001), content_hash(&story.change));
    assert!(json.contains(&value), "{json}");
}

#[test]
fn words_of_a_private_channel_and_redacted_words_are_named_as_such() {
    let mut story = Story::asked();
    story.notebook.0.insert(story.change.what, Said::Redacted);
    assert!(shown(&story).contains("*CHG-1001*  _redacted_"));
    story.notebook.0.remove(&story.change.what);
    assert!(shown(&story).contains("kept there"));
}
