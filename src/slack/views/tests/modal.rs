use super::*;
use crate::domain::id::MessageTs;
use crate::slack::control::Memory;
use crate::slack::views::modal::{
    NamedGroup, OpenedFrom, Prefill, answer_exceptions, ask_someone_else, declare, document,
    reject, remediate,
};

use super::reading::view;

const NOWHERE: OpenedFrom<'static> = OpenedFrom {
    channel: None,
    thread: None,
};

fn engineers() -> [NamedGroup; 1] {
    [NamedGroup {
        id: GroupId::new("SENG"),
        name: "@eng-leads".to_owned(),
    }]
}

#[test]
fn the_form_of_a_request_asks_for_three_things_at_most() {
    insta::assert_snapshot!(view(&declare(&Prefill::default(), &[], NOWHERE)), @r"
    # Emergency change
    What do you have to change?
      [ ] Deploy WAF rule to block SQL injection
    Who should authorize it? (optional)
      [Choose a person ▾]
      Leave it empty to ask those whom the policy names.
    Why can't it wait? (optional)
      ( ) A critical vulnerability needs patching at once.
      ( ) Production is down and needs a fix.
      ( ) Data would be lost without intervention.
      ( ) A bug hurts customers and can't wait.
      ( ) An external dependency failed.
      You can also say so later, with one tap on the card.
    [Ask now]
    ");
    let prefill = Prefill {
        what: "fix <b>".to_owned(),
        asked: Some(user("morgan")),
        drill: false,
    };
    insta::assert_snapshot!(view(&declare(&prefill, &engineers(), NOWHERE)), @r"
    # Emergency change
    What do you have to change?
      [fix <b>]
    Who should authorize it? (optional)
      [@Morgan ▾]
      Leave it empty to ask those whom the policy names.
    Or everybody in a group (optional)
      [ ] @eng-leads
      Whoever of them answers first.
    Why can't it wait? (optional)
      ( ) A critical vulnerability needs patching at once.
      ( ) Production is down and needs a fix.
      ( ) Data would be lost without intervention.
      ( ) A bug hurts customers and can't wait.
      ( ) An external dependency failed.
      You can also say so later, with one tap on the card.
    [Ask now]
    ");
}

#[test]
fn the_ticket_shows_what_stands_and_names_good_examples() {
    let story = Story::deployed()
        .hours(2)
        .documents(&[(Section::Testing, "Rule blocks the pattern & nothing else")]);
    insta::assert_snapshot!(view(&document(&story.showing(), NOWHERE)), @r"
    # CHG-1001 ticket
    *CHG-1001*  Deploy WAF rule to block SQL injection
    · The ticket is due Sun 02:19 UTC (in 22 h 5 min). Fill in what you can; you can come back for the rest.
    What was done (optional)
      [ ] Deployed WAF rule 1042 on the production load balancer
      What was changed, and where: system, rule, version.
    Testing (optional)
      [Rule blocks the pattern & nothing else]
      Even if minimal: what you checked, and what you saw.
    Rollback plan (optional)
      [ ] Disable rule 1042 in the console; requests pass again within a minute
      How to go back, and how to tell that going back worked.
    Outcome (optional)
      [ ] Attack blocked, no customer data exposed
      What came of it: the incident, customers, data.
    Lessons learned (optional)
      [ ] Need predefined WAF rules for common attack patterns
      What would make the next one unnecessary, or calmer.
    [Save]
    ");
}

#[test]
fn whoever_edits_an_approved_ticket_is_warned() {
    let story = Story::asked()
        .because(Criterion::ProductionDown)
        .deploys("dana")
        .authorizes("sam")
        .commands("riley")
        .documents_all()
        .approves("morgan");
    assert!(view(&document(&story.showing(), NOWHERE)).contains("takes the approval back"));
}

#[test]
fn a_section_that_cant_be_shown_isnt_emptied_by_saving() {
    let mut story = Story::deployed().documents(&[(Section::Testing, "password")]);
    let text = story.change.sections[&Section::Testing].text;
    story.notebook.0.insert(text, Said::Redacted);
    let seen = view(&document(&story.showing(), NOWHERE));
    assert!(seen.contains("was redacted"), "{seen}");
    let json = serde_json::to_value(document(&story.showing(), NOWHERE)).unwrap();
    let memory = Memory::from_metadata(json["private_metadata"].as_str().unwrap()).unwrap();
    assert!(!memory.has_shown(Section::Testing));
}

#[test]
fn the_questions_of_the_decision() {
    let story = Story::deployed().documents_all();
    insta::assert_snapshot!(view(&reject(&story.showing(), NOWHERE)), @r"
    # Reject CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Why do you reject it?
      [ ]
      The implementer reads this and has 7 days to put it right. A rejection stays on record.
    [Reject]
    ");
    let story = story.rejects("morgan", "No test");
    insta::assert_snapshot!(view(&remediate(&story.showing(), NOWHERE)), @r"
    # Put CHG-1001 right
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test
    How was it put right?
      [ ] Rolled the rule back; the fix went through review as #4711
    [Save]
    ");
}

#[test]
fn exceptions_are_ticked_before_they_are_answered() {
    let story = Story::unanswered()
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana")
        .hours(30);
    insta::assert_snapshot!(view(&answer_exceptions(&story.showing(), NOWHERE)), @r"
    # CHG-1001 exceptions
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Which exceptions?
      [x] went ahead without authorization
      [x] ticket not complete by its deadline
      [x] not decided by its deadline
      [x] commander's authorization missing at its deadline
      [x] second person's authorization missing at its deadline
    How did it come to that?
      [ ] Nobody who may authorize was on call that night
    What is done about it?
      [ ] The night's rota gets a second approver from Monday on
    Who does it?
      [@Dana ▾]
    [Answer]
    ");
    let none = Story::asked();
    insta::assert_snapshot!(view(&answer_exceptions(&none.showing(), NOWHERE)), @r"
    # CHG-1001 exceptions
    *CHG-1001*  Deploy WAF rule to block SQL injection
    No exception waits for an answer any more.
    nothing to send
    ");
}

#[test]
fn somebody_else_is_a_person_or_a_group() {
    let story = Story::asked();
    insta::assert_snapshot!(view(&ask_someone_else(&story.showing(), &[], NOWHERE)), @r"
    # Ask for CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Who should authorize it?
      [Choose a person ▾]
      They hear of it at once, in the thread under the card.
    [Ask]
    ");
    insta::assert_snapshot!(view(&ask_someone_else(&story.showing(), &engineers(), NOWHERE)), @r"
    # Ask for CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Who should authorize it? (optional)
      [Choose a person ▾]
      They hear of it at once, in the thread under the card.
    Or everybody in a group (optional)
      [ ] @eng-leads
      Whoever of them answers first.
    [Ask]
    ");
}

#[test]
fn a_modal_remembers_its_change_and_where_it_was_opened() {
    let story = Story::deployed();
    let channel = ChannelId::new("C1");
    let thread = MessageTs::new("1760753640.000100");
    let from = OpenedFrom {
        channel: Some(&channel),
        thread: Some(&thread),
    };
    let json = serde_json::to_value(reject(&story.showing(), from)).unwrap();
    let memory = Memory::from_metadata(json["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        memory,
        Memory::at(Some(&channel), Some(&thread)).about(ChangeNumber(1001))
    );
}
