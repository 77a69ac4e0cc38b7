//! What came after the decision, in words: the answers to exceptions, the team
//! meeting, the permanent fix, the follow-ups.

use crate::domain::change::{Exception, ExceptionAnswer, FollowUp};
use crate::domain::text::Commitment;

use super::{Showing, say};

/// All that is known of what came after the decision, part by part; each text in at
/// most `room` characters.
pub(super) fn parts(showing: &Showing<'_>, room: usize) -> Vec<String> {
    let answers = answers(showing, room);
    let answers = (!answers.is_empty()).then(|| format!("*Exceptions*\n{}", answers.join("\n")));
    let follow_ups = follow_ups(showing, room);
    let follow_ups =
        (!follow_ups.is_empty()).then(|| format!("*Follow-ups*\n{}", follow_ups.join("\n")));
    answers
        .into_iter()
        .chain(meeting(showing, room))
        .chain(permanent_fix(showing, room))
        .chain(follow_ups)
        .collect()
}

fn said(showing: &Showing<'_>, text: &Commitment, room: usize) -> String {
    say::wrote(&showing.texts.said(text), room).words
}

/// Each exception with its answer, or that it waits for one.
fn answers(showing: &Showing<'_>, room: usize) -> Vec<String> {
    let exceptions = showing.change.exceptions.iter();
    exceptions
        .map(|(exception, state)| match &state.answer {
            Some(answer) => answered(showing, *exception, answer, room),
            None => format!("• {}: not answered yet", titled(*exception)),
        })
        .collect()
}

fn titled(exception: Exception) -> String {
    say::capitalised(say::exception(exception))
}

fn answered(
    showing: &Showing<'_>,
    exception: Exception,
    answer: &ExceptionAnswer,
    room: usize,
) -> String {
    format!(
        "• {}. Answered by {} {}\n_Cause:_ {}\n_Remedy:_ {}\n_Done by:_ {}",
        titled(exception),
        say::person(&answer.by),
        say::at(answer.at),
        said(showing, &answer.cause, room),
        said(showing, &answer.remedy, room),
        say::person(&answer.owner)
    )
}

fn meeting(showing: &Showing<'_>, room: usize) -> Option<String> {
    let meeting = showing.change.meeting.as_ref()?;
    let mut lines = vec![format!(
        "*Team meeting* of {}, said by {} {}",
        say::at(meeting.held_at),
        say::person(&meeting.by),
        say::at(meeting.at)
    )];
    if let Some(minutes) = &meeting.minutes {
        lines.push(format!("_Minutes:_ {}", said(showing, minutes, room)));
    }
    if let Some(improvements) = &meeting.improvements {
        let words = said(showing, improvements, room);
        lines.push(format!("_What we do differently:_ {words}"));
    }
    Some(lines.join("\n"))
}

fn permanent_fix(showing: &Showing<'_>, room: usize) -> Option<String> {
    let fix = showing.change.permanent_fix.as_ref()?;
    Some(format!(
        "*Fixed for good*, says {} {}: {}",
        say::person(&fix.by),
        say::at(fix.at),
        said(showing, &fix.text, room)
    ))
}

fn follow_ups(showing: &Showing<'_>, room: usize) -> Vec<String> {
    let numbered = (1..).zip(&showing.change.follow_ups);
    numbered
        .map(|(n, one)| follow_up(showing, n, one, room))
        .collect()
}

fn follow_up(showing: &Showing<'_>, n: u16, one: &FollowUp, room: usize) -> String {
    let what = said(showing, &one.what, room);
    let owner = say::person(&one.owner);
    let Some(done) = &one.done else {
        let due_at = say::at(one.due_at);
        return format!("• Follow-up {n}: {what}\n{owner}, until {due_at}");
    };
    let how = done
        .how
        .as_ref()
        .map_or_else(String::new, |how| format!(": {}", said(showing, how, room)));
    format!(
        "• Follow-up {n}: {what}\n{owner}; done, says {} {}{how}",
        say::person(&done.by),
        say::at(done.at)
    )
}
