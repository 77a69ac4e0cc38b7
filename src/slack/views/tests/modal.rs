use super::*;
use crate::domain::change::Verdict;
use crate::domain::id::MessageTs;
use crate::slack::control::Memory;
use crate::slack::views::modal::{
    Candidate, NamedGroup, OpenedFrom, Prefill, Proposal, answer_exceptions, ask_someone_else,
    attest, correct_deployment, declare, document, more_fields, record, reject, remediate,
    state_reason,
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
    Already deployed? Say when (optional)
      [ ] 20 min ago
      For example 20 min ago, 02:19 or yesterday 23:50 CET. Leave it empty if it isn't.
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
    Already deployed? Say when (optional)
      [ ] 20 min ago
      For example 20 min ago, 02:19 or yesterday 23:50 CET. Leave it empty if it isn't.
    [Ask now]
    ");
}

#[test]
fn the_ticket_shows_what_stands_and_names_good_examples() {
    let story = Story::deployed()
        .hours(2)
        .documents(&[(Section::Testing, "Rule blocks the pattern & nothing else")]);
    insta::assert_snapshot!(view(&document(&story.showing(), None, NOWHERE)), @r"
    # CHG-1001 ticket
    *CHG-1001*  Deploy WAF rule to block SQL injection
    · The ticket is due Sun 02:19 UTC (in 22 h 5 min). Fill in what you can; you can come back for the rest.
    *Identity and reason*
    Category (optional)
      [▾]
        Code deployment (medium risk)
        Database migration (high risk)
        Infrastructure (medium-high risk)
        Configuration (medium risk)
        Hotfix (high risk)
        Security patch (high risk)
    Incident link (optional)
      [ ] https://… or why there is none
    When the incident began (optional)
      [When ▾]
    *What changed*
    What was done (optional)
      [ ] Deployed WAF rule 1042 on the production load balancer
      What was changed, and where: system, rule, version.
    *Testing*
    Testing (optional)
      [Rule blocks the pattern & nothing else]
      Marked: it has no link to what was tested, and no reason why there is none. It is kept, and the approver sees the mark. Even if minimal: what you checked and what you saw, with a link, or why there is none.
    *Risk and impact*
    Security impact (optional)
      [▾]
        None
        Reduced
        Increased
        Unknown
    *Rollback*
    Rollback plan (optional)
      [ ] Disable rule 1042 in the console; requests pass again within a minute
      How to go back, and how to tell that going back worked.
    Whether it was rolled back (optional)
      [▾]
        Not needed
        Executed
        Executed in part
        Failed
    *Outcome*
    Outcome (optional)
      [ ] Attack blocked, no customer data exposed
      What came of it: the incident, customers, data.
    Outcome code (optional)
      [▾]
        Successful
        With issues
        Unsuccessful
        Rolled back
    Whether the incident is resolved (optional)
      [▾]
        Yes
        Partly
        No
    Whether data was exposed (optional)
      [▾]
        No
        Yes
        Unknown
    Whether it is permanent (optional)
      [▾]
        Permanent
        Temporary
        Workaround
      A workaround or something temporary owes a permanent fix.
    *Lessons*
    Lessons learned (optional)
      [ ] Need predefined WAF rules for common attack patterns
      What would make the next one unnecessary, or calmer.
    [More fields…] [Add a follow-up…]
    [Save]
    ");
}

#[test]
fn when_the_incident_began_is_asked_and_proposed_only_where_it_may_be_true() {
    let asks = "When the incident began";
    let proposes = "This is when it was declared";
    let card = Some("https://acme.slack.com/archives/C1/p1");
    let story = Story::deployed();
    let seen = view(&document(&story.showing(), card, NOWHERE));
    assert!(seen.contains(asks) && seen.contains(proposes), "{seen}");
    // Outside an incident channel the time of the request says nothing of it.
    let seen = view(&document(&story.showing(), None, NOWHERE));
    assert!(seen.contains(asks) && !seen.contains(proposes), "{seen}");
    let more = view(&more_fields(&story.showing(), NOWHERE));
    assert!(!more.contains(asks), "{more}");
    // What was deployed before it was declared belongs to an older incident.
    let late = Story::asked().deployed_earlier("dana", TimeDelta::minutes(30));
    let seen = view(&document(&late.showing(), card, NOWHERE));
    assert!(seen.contains(asks) && !seen.contains(proposes), "{seen}");
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
    assert!(view(&document(&story.showing(), None, NOWHERE)).contains("takes the approval back"));
}

#[test]
fn a_section_that_cant_be_shown_isnt_emptied_by_saving() {
    let mut story = Story::deployed().documents(&[(Section::Testing, "password")]);
    let text = story.change.words(Section::Testing.field()).unwrap();
    story.notebook.0.insert(text, Said::Redacted);
    let seen = view(&document(&story.showing(), None, NOWHERE));
    assert!(seen.contains("was redacted"), "{seen}");
    let json = serde_json::to_value(document(&story.showing(), None, NOWHERE)).unwrap();
    let memory = Memory::from_metadata(json["private_metadata"].as_str().unwrap()).unwrap();
    assert!(!memory.has_shown(Field::Testing));
}

#[test]
fn the_questions_of_the_decision() {
    let story = Story::deployed().documents_all();
    insta::assert_snapshot!(view(&reject(&story.showing(), NOWHERE)), @r"
    # Reject CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Why do you reject it?
      [ ]
      Whoever puts it right reads this. A rejection stays on record.
    How is it put right?
      ( ) Roll it back
      (•) Redo it through the normal process
      ( ) It stays, and somebody accepts the risk by name
    By whom?
      [@Dana ▾]
      Who accepts a risk isn't one of those who took it.
    By when?
      [Sat 02:19 UTC ▾]
    [Reject]
    ");
    let story = story.rejects("morgan", "No test");
    insta::assert_snapshot!(view(&remediate(&story.showing(), NOWHERE)), @r"
    # Put CHG-1001 right
    *CHG-1001*  Deploy WAF rule to block SQL injection
    @Morgan rejected it: No test
    *Remedy:* Redo it through the normal process
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
    let expected = Memory {
        involved: vec![user("dana").as_str().to_owned()],
        ..Memory::at(Some(&channel), Some(&thread)).about(ChangeNumber(1001))
    };
    assert_eq!(memory, expected);
}

#[test]
fn a_drills_form_says_that_nothing_counts() {
    let prefill = Prefill {
        drill: true,
        ..Prefill::default()
    };
    let form = declare(&prefill, &[], NOWHERE);
    insta::assert_snapshot!(view(&form), @r"
    # Emergency drill
    · This is a drill: everything is rehearsed, and nothing counts.
    What would you have to change?
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
    let json = serde_json::to_value(form).unwrap();
    let memory = Memory::from_metadata(json["private_metadata"].as_str().unwrap()).unwrap();
    assert!(memory.drill);
}

#[test]
fn a_drills_forms_are_marked() {
    let story = Story::drilled().authorizes("morgan").deploys("dana");
    let showing = story.showing();
    for form in [
        document(&showing, None, NOWHERE),
        reject(&showing, NOWHERE),
        remediate(&showing, NOWHERE),
        answer_exceptions(&showing, NOWHERE),
        ask_someone_else(&showing, &[], NOWHERE),
        attest(&showing, NOWHERE),
        correct_deployment(&showing, story.now, NOWHERE),
        state_reason(&showing, NOWHERE),
    ] {
        let seen = view(&form);
        let title = seen.lines().next().unwrap();
        assert!(title.contains("Drill · CHG-1001"), "{title}");
        assert!(seen.contains("*Drill · CHG-1001*"), "{seen}");
    }
}

fn candidate(who: &str, minutes: i64, text: &str) -> Candidate {
    Candidate {
        ts: super::message(minutes).ts,
        by: user(who),
        by_name: who.to_owned(),
        text: text.to_owned(),
        at: began() + TimeDelta::minutes(minutes),
    }
}

fn proposal() -> Proposal {
    Proposal {
        unread: None,
        candidates: vec![
            candidate("riley", -2, "error rate at 40 %"),
            candidate("dana", 0, ASKED),
            candidate("morgan", 1, "<@UDANA> approved. Deploy."),
        ],
        request: Some(super::message(0).ts),
        answer: Some(super::message(1).ts),
        verdict: Verdict::Grant,
        what: "deploying WAF rule to block SQL injection".to_owned(),
    }
}

/// The form as it is opened three minutes after the request.
fn form(proposal: &Proposal) -> String {
    view(&record(proposal, began() + TimeDelta::minutes(3), NOWHERE))
}

#[test]
fn the_pair_is_proposed_and_another_can_be_picked() {
    insta::assert_snapshot!(form(&proposal()), @r"
    # Record authorization
    · If this is the pair, press *Record*. Both messages are kept word for word, with authors, times and links.
    Which message asks?
      [▾]
        No message asks
        riley, 5 min ago: error rate at 40 %
      ▸ dana, 3 min ago: @morgan deploying WAF rule to block SQL injection. Author…
        morgan, 2 min ago: @dana approved. Deploy.
    Which message answers?
      [▾]
        Nobody has answered yet
        riley, 5 min ago: error rate at 40 %
        dana, 3 min ago: @morgan deploying WAF rule to block SQL injection. Author…
      ▸ morgan, 2 min ago: @dana approved. Deploy.
    What does the answer do?
      (•) It authorizes the change
      ( ) It refuses the change
    What is changed? (optional)
      [deploying WAF rule to block SQL injection]
      For the card. Left empty, it is the message that asks.
    Who asked, if no message does? (optional)
      [Choose a person ▾]
    Why can't it wait? (optional)
      ( ) A critical vulnerability needs patching at once.
      ( ) Production is down and needs a fix.
      ( ) Data would be lost without intervention.
      ( ) A bug hurts customers and can't wait.
      ( ) An external dependency failed.
      You can also say so later, with one tap on the card.
    Already deployed? Say when (optional)
      [ ] 20 min ago
      For example 20 min ago, 02:19 or yesterday 23:50 CET. Leave it empty if it isn't.
    [Record]
    ");
}

#[test]
fn a_request_that_nobody_answered_proposes_none() {
    let unanswered = Proposal {
        answer: None,
        verdict: Verdict::Refuse,
        ..proposal()
    };
    let seen = form(&unanswered);
    assert!(seen.contains("▸ Nobody has answered yet"), "{seen}");
    assert!(seen.contains("(•) It refuses the change"), "{seen}");
}

#[test]
fn of_very_many_messages_the_proposed_ones_stay() {
    let mut many = proposal();
    let later = (2..400).map(|n| candidate("gus", n, "still broken"));
    many.candidates.extend(later);
    let seen = form(&many);
    assert!(seen.contains("▸ dana, 3 min ago"), "{seen}");
    assert!(seen.contains("▸ morgan, 2 min ago"), "{seen}");
    assert!(!seen.contains("riley"), "{seen}");
}

#[test]
fn hostile_messages_fit_the_choice() {
    for words in [
        "<!here> <@UDANA> <@UNOBODY> <b> a < b",
        "&&&&",
        "😀😀😀😀",
        "x\ny",
        "",
    ] {
        let mut one = proposal();
        let text = words.repeat(400);
        one.candidates.push(Candidate {
            by_name: text.clone(),
            ..candidate("gus", 3, &text)
        });
        one.what.clone_from(&text);
        form(&one);
    }
}

#[test]
fn word_of_mouth_names_who_when_and_how() {
    insta::assert_snapshot!(view(&attest(&Story::asked().showing(), NOWHERE)), @r"
    # CHG-1001 agreed
    *CHG-1001*  Deploy WAF rule to block SQL injection
    · You may deploy on this. Whoever you name is asked to confirm it; until they do, the record says that it is your word.
    Who authorized it?
      [Choose a person ▾]
    When was that? (optional)
      [ ] 5 min ago
      Leave it empty if it was just now.
    How, and in what words? (optional)
      [ ] On the bridge call: “go ahead, block it”
    [Record]
    ");
}

#[test]
fn a_correction_remembers_which_time_it_corrects() {
    let story = Story::deployed();
    let at = story.change.deployed_at().unwrap();
    let form = correct_deployment(&story.showing(), at, NOWHERE);
    insta::assert_snapshot!(view(&form), @r"
    # Correct CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    Recorded as deployed Sat 02:19 UTC. Both times stay in the record.
    When was it really?
      [ ] 02:19
      For example 20 min ago, 02:19 or yesterday 23:50 CET.
    Why is the recorded time wrong?
      [ ] Pressed the button after the deployment had finished
    [Correct]
    ");
    let json = serde_json::to_value(form).unwrap();
    let memory = Memory::from_metadata(json["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(memory.deployed_at, Some(at.timestamp_micros()));
    assert_eq!(memory.change, Some(1001));
}

#[test]
fn another_reason_says_what_becomes_of_it() {
    insta::assert_snapshot!(view(&state_reason(&Story::asked().showing(), NOWHERE)), @r"
    # CHG-1001 reason
    *CHG-1001*  Deploy WAF rule to block SQL injection
    · None of these is a genuine emergency. The change goes on; the reason is kept as you state it, recorded as an exception and flagged for the genuineness review.
    Why can't it wait?
      ( ) To launch something faster
      ( ) A deadline today
      ( ) To skip the normal process
      ( ) Another reason
    In your own words (optional)
      [ ]
      Needed for another reason; welcome with every one.
    [State it]
    ");
}
