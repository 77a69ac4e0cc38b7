//! From messages to a record: the pair of request and answer, verbatim, with
//! their authors and times as Slack gives them.
//!
//! Every way of capturing ends in the same commands: the request by whoever
//! asked, when they asked; the answer by whoever answered, when they did.

use chrono::{DateTime, Utc};

use super::people::persons;
use super::times::Along;
use super::{Resolved, Scene, Unresolved, text, ticket};
use crate::domain::change::{
    ActOf, Actor, Capture, Command, Criterion, Given, LONGEST_TEXT, MessageRef, Place, Source,
    Submission, Verdict,
};
use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::domain::offer::{OfferStage, Quoted};
use crate::domain::policy::Party;
use crate::domain::text::{Commitment, Text};
use crate::gesture::{Gesture, Pointed};
use crate::slack::inbound::{grammar, overhear, proposal};
use crate::slack::lookup::Message;
use crate::store::{Afterwards, Execution, Person, StoreError, Target};

/// How many messages before an answer are read for what its question asks for.
pub(super) const BACK: usize = 20;

const GONE: Unresolved = Unresolved::Sentence(
    "That message isn't there any more, so its words can't be recorded. Nothing was; choose another message, or begin with `/emergency`.",
);

const BY_AN_APP: Unresolved = Unresolved::Sentence(
    "An app wrote that message. A person has to ask and a person has to answer; nothing was recorded.",
);

const UNREADABLE: Unresolved = Unresolved::Sentence(
    "I'm not in that conversation, so I can't read its messages and nothing was recorded. Invite me with `/invite @breakglass` and try again; `/emergency` works without.",
);

const NO_REFUSAL: Unresolved = Unresolved::Sentence(
    "Those words don't plainly refuse it, so no refusal was recorded, nor anything else. Whoever wrote them can press *Deny* on the card of a request.",
);

const NO_OFFER: Unresolved = Unresolved::Sentence(
    "That offer isn't there any more. The shortcut *Record authorization* on the message does the same.",
);

/// One half of a pair: a message with all that makes it evidence.
pub(super) struct Half {
    pub(super) by: UserId,
    pub(super) at: DateTime<Utc>,
    pub(super) message: MessageRef,
    pub(super) text: Text,
}

/// An answer on its way into a record.
pub(super) struct Answer {
    pub(super) by: UserId,
    pub(super) at: DateTime<Utc>,
    pub(super) verdict: Verdict,
    pub(super) given: Given,
}

impl Answer {
    pub(super) fn written(half: &Half, verdict: Verdict) -> Self {
        Self {
            by: half.by.clone(),
            at: half.at,
            verdict,
            given: Given::Message {
                text: half.text.clone(),
                message: half.message.clone(),
                read_so: None,
            },
        }
    }

    /// Words that `reader` chose as the answer. Those that don't plainly say it,
    /// and that somebody else wrote, are the reader's account of what was meant:
    /// attested, until whoever wrote them confirms it.
    fn read_by(half: &Half, verdict: Verdict, reader: &Gesture) -> Result<Self, Unresolved> {
        let plain = overhear::answers(half.text.body()) == Some(verdict);
        let mut answer = Self::written(half, verdict);
        if plain || half.by == reader.actor {
            return Ok(answer);
        }
        match (verdict, &mut answer.given) {
            (Verdict::Refuse, _) => Err(NO_REFUSAL),
            (Verdict::Grant, Given::Message { read_so, .. }) => {
                *read_so = Some(ActOf {
                    by: reader.actor.clone(),
                    at: reader.at,
                });
                Ok(answer)
            }
            (Verdict::Grant, Given::Button | Given::Reaction { .. } | Given::Spoken { .. }) => {
                Ok(answer)
            }
        }
    }
}

/// A request on its way into a record.
pub(super) struct Asked {
    pub(super) by: UserId,
    pub(super) at: DateTime<Utc>,
    pub(super) source: Source,
    pub(super) what: Text,
    pub(super) verbatim: Text,
    pub(super) parties: Vec<Party>,
    pub(super) place: Place,
    pub(super) criterion: Option<Criterion>,
    pub(super) said: Option<MessageRef>,
}

impl Scene<'_> {
    /// Makes evidence of a message that was read.
    pub(super) async fn half(
        &self,
        channel: &ChannelId,
        message: &Message,
    ) -> Result<Half, Unresolved> {
        let by = message.by.clone().filter(|_| !message.bot);
        Ok(Half {
            by: by.ok_or(BY_AN_APP)?,
            at: message.ts.at().ok_or(GONE)?,
            message: self
                .reference(channel, &message.ts, message.thread.as_ref())
                .await?,
            text: text(grammar::verbatim(&message.text))?,
        })
    }

    /// Names a message with its address.
    pub(super) async fn reference(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
        thread: Option<&MessageTs>,
    ) -> Result<MessageRef, Unresolved> {
        Ok(MessageRef {
            channel: channel.clone(),
            ts: ts.clone(),
            thread: thread.cloned(),
            permalink: self.lookup.permalink(channel, ts).await?,
        })
    }

    /// Reads a message that somebody chose.
    async fn chosen(
        &self,
        channel: &ChannelId,
        ts: &MessageTs,
        shown: Option<&Pointed>,
    ) -> Result<Half, Unresolved> {
        let thread = self.gesture.thread.as_ref();
        let read = self.lookup.message(channel, thread, ts).await;
        let message = match read {
            Ok(message) => message.ok_or(GONE)?,
            Err(error) if error.closes_the_conversation() => {
                // Where the bot isn't, it has what Slack handed over.
                let shown = shown.filter(|shown| shown.ts == *ts).ok_or(UNREADABLE)?;
                return Ok(Half {
                    by: shown.by.clone(),
                    at: ts.at().ok_or(GONE)?,
                    message: self.reference(channel, ts, thread).await?,
                    text: self.words(shown.text).await?,
                });
            }
            Err(error) => return Err(error.into()),
        };
        self.half(channel, &message).await
    }

    /// What a message asks for and of whom, in a record's words.
    pub(super) async fn asked_in(
        &self,
        half: &Half,
        answer: Option<&MessageRef>,
        what: Option<Text>,
        criterion: Option<Criterion>,
    ) -> Result<Asked, Unresolved> {
        let body = half.text.body();
        let read = match overhear::asks(body) {
            Some(request) => Some(request),
            None => self.wanted(half, answer).await?,
        };
        let (said, mentions) = match read {
            Some(request) => (request.what, request.asked),
            None => (proposal::what(body), grammar::as_request(body).asked),
        };
        let what = match what {
            Some(what) => what,
            None => text(shortened(&said))?,
        };
        Ok(Asked {
            by: half.by.clone(),
            at: half.at,
            source: Source::Slack,
            what,
            verbatim: half.text.clone(),
            parties: self.askable(&mentions).await?,
            place: Place {
                channel: half.message.channel.clone(),
                thread: half.message.thread.clone(),
            },
            criterion,
            said: Some(half.message.clone()),
        })
    }

    /// What a question by itself asks for, by the words before it. Where they
    /// can't be read, the question must do.
    async fn wanted(
        &self,
        half: &Half,
        answer: Option<&MessageRef>,
    ) -> Result<Option<overhear::Request>, Unresolved> {
        let Some(answer) = answer else {
            return Ok(None);
        };
        let (channel, thread) = (&answer.channel, answer.thread.as_ref());
        let read = self
            .lookup
            .messages_before(channel, thread, &answer.ts, BACK)
            .await;
        match read {
            Ok(read) => {
                let lines: Vec<_> = read.iter().filter_map(Message::line).collect();
                Ok(proposal::wanted(&lines, &half.message.ts, Some(&answer.ts)))
            }
            Err(error) if error.is_transient() => Err(error.into()),
            Err(error) => {
                tracing::warn!(error = %error, "the words before a question can't be read");
                Ok(None)
            }
        }
    }

    /// Puts request and answer together, each as its author's act at its time.
    pub(super) async fn pair(
        &self,
        asked: Asked,
        answer: Option<Answer>,
        mut met: Vec<Person>,
    ) -> Result<Execution, Unresolved> {
        let mut texts = vec![asked.what.clone(), asked.verbatim.clone()];
        let channel = &asked.place.channel;
        let known = ticket::known(self, channel, asked.said.as_ref(), &mut texts).await?;
        let people = persons(&asked.parties).chain([asked.by.clone()]);
        let people: Vec<UserId> = people.collect();
        let mut submissions = vec![Submission {
            actor: Actor::Person(asked.by),
            at: asked.at,
            source: asked.source,
            command: Command::Request {
                what: asked.what,
                verbatim: asked.verbatim,
                asked: asked.parties,
                place: asked.place,
                criterion: asked.criterion,
                said: asked.said,
                captured: Some(Capture {
                    by: self.gesture.actor.clone(),
                    at: self.gesture.at,
                }),
                drill: false,
                known,
            },
        }];
        if let Some(answer) = answer {
            if let Given::Message { text, .. } = &answer.given {
                texts.push(text.clone());
            }
            submissions.push(self.answered(answer, &mut met).await?);
        }
        self.meet(people, &mut met).await?;
        Ok(Execution {
            target: Target::New,
            submissions,
            texts,
            gesture: Some(self.gesture.clone()),
            met,
            asks_back: None,
            afterwards: None,
        })
    }

    /// An answer as the command of whoever gave it.
    pub(super) async fn answered(
        &self,
        answer: Answer,
        met: &mut Vec<Person>,
    ) -> Result<Submission, Unresolved> {
        let by = self.member(&answer.by, met).await?;
        let given = answer.given;
        let actor = match &given {
            Given::Message {
                read_so: Some(reader),
                ..
            } => reader.by.clone(),
            Given::Button | Given::Message { .. } | Given::Reaction { .. } => answer.by,
            Given::Spoken { attested, .. } => attested.by.clone(),
        };
        Ok(Submission {
            actor: Actor::Person(actor),
            at: answer.at,
            source: Source::Slack,
            command: match answer.verdict {
                Verdict::Grant => Command::Authorize { by, given },
                Verdict::Refuse => Command::Deny { by, given },
            },
        })
    }
}

/// What a form about messages puts together.
pub(super) struct Chosen<'a> {
    pub(super) what: Option<Commitment>,
    pub(super) request: Option<&'a MessageTs>,
    pub(super) requester: Option<&'a UserId>,
    pub(super) answer: Option<&'a MessageTs>,
    pub(super) verdict: Verdict,
    pub(super) criterion: Option<Criterion>,
    pub(super) deployed: Option<Commitment>,
    pub(super) shown: Option<&'a Pointed>,
}

/// Records what was said in messages that somebody chose.
pub(super) async fn chosen(scene: &Scene<'_>, chosen: Chosen<'_>) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let channel = gesture.channel.as_ref().ok_or(GONE)?;
    let what = match chosen.what {
        Some(what) => Some(scene.words(what).await?),
        None => None,
    };
    let answer = match chosen.answer {
        Some(ts) => Some(scene.chosen(channel, ts, chosen.shown).await?),
        None => None,
    };
    // Nobody's no becomes a yes by being pointed at, nor the other way round.
    if let Some(read) = answer
        .as_ref()
        .and_then(|answer| overhear::answers(answer.text.body()))
        && read != chosen.verdict
    {
        return Err(Unresolved::Contradicted(chosen.verdict));
    }
    let asked = if let Some(ts) = chosen.request {
        let request = scene.chosen(channel, ts, chosen.shown).await?;
        let answer = answer.as_ref().map(|answer| &answer.message);
        scene
            .asked_in(&request, answer, what, chosen.criterion)
            .await?
    } else {
        let what = what.ok_or(Unresolved::Sentence(
            "No message asks for it, so say in the form what was changed. Nothing was recorded.",
        ))?;
        asked_unheard(scene, channel, &chosen, what, answer.as_ref())
    };
    let by = asked.by.clone();
    let answer = match &answer {
        Some(half) => Some(Answer::read_by(half, chosen.verdict, gesture)?),
        None => None,
    };
    let mut execution = scene.pair(asked, answer, Vec::new()).await?;
    if let Some(words) = chosen.deployed {
        deployed_too(scene, &mut execution, words, &by).await?;
    }
    Ok(Resolved::Command(Box::new(execution)))
}

/// A request of which no message tells. It was made before it was answered, by
/// whom and for what the form says; whoever answered was asked.
fn asked_unheard(
    scene: &Scene<'_>,
    channel: &ChannelId,
    chosen: &Chosen<'_>,
    what: Text,
    answer: Option<&Half>,
) -> Asked {
    let gesture = scene.gesture;
    Asked {
        by: chosen.requester.unwrap_or(&gesture.actor).clone(),
        at: answer.map_or(gesture.at, |answer| answer.at),
        source: Source::Attested,
        verbatim: what.clone(),
        what,
        parties: answer
            .map(|answer| Party::Person(answer.by.clone()))
            .into_iter()
            .collect(),
        place: Place {
            channel: channel.clone(),
            thread: answer.map_or(gesture.thread.clone(), |answer| {
                answer.message.thread.clone()
            }),
        },
        criterion: chosen.criterion,
        said: None,
    }
}

/// Adds the deployment that was stated along with a request.
pub(super) async fn deployed_too(
    scene: &Scene<'_>,
    execution: &mut Execution,
    words: Commitment,
    by: &UserId,
) -> Result<(), Unresolved> {
    let afterwards = |if_refused| Afterwards {
        words,
        by: by.clone(),
        if_refused,
    };
    // A request alone has no answer that could be refused before it comes to this.
    if execution.submissions.len() > 1 {
        execution.afterwards = Some(afterwards(true));
    }
    let at = match scene.along(words).await? {
        Along::Recorded(at) => at,
        Along::AskedBack(at, sentence) => {
            execution.asks_back = Some((at, sentence));
            return Ok(());
        }
        Along::Unclear => {
            // What is wrong with the words is said then.
            execution.afterwards = Some(afterwards(false));
            return Ok(());
        }
    };
    execution.submissions.push(Submission {
        // Whoever tells of it need not be who did it.
        actor: Actor::Person(scene.gesture.actor.clone()),
        at: scene.gesture.at,
        source: scene.gesture.source,
        command: Command::RecordDeployment {
            at,
            source: Source::Attested,
            by: by.clone(),
        },
    });
    Ok(())
}

/// Records the pair that was offered, from the words that were kept with it.
pub(super) async fn offered(scene: &Scene<'_>, id: u64) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let store = scene.engine.store();
    let (offer, _) = store.offer(id).await?.ok_or(NO_OFFER)?;
    if offer.asker != gesture.actor {
        return Err(Unresolved::NotTheAsker { asker: offer.asker });
    }
    let ts = offer.request.message.ts.clone();
    let known = store.captured(offer.channel.clone(), ts).await?;
    if known.is_some() && offer.stage == OfferStage::Taken {
        return Ok(Resolved::Reading(known));
    }
    if offer.stage == OfferStage::Declined {
        return Err(Unresolved::Sentence(
            "You said no to this one, so its words weren't kept. The shortcut *Record authorization* on the message records it after all.",
        ));
    }
    let request = kept(scene, &offer.request).await?;
    let answer = kept(scene, &offer.answer).await?;
    let asked = scene
        .asked_in(&request, Some(&answer.message), None, None)
        .await?;
    let written = Answer::written(&answer, offer.verdict);
    let mut execution = scene.pair(asked, Some(written), Vec::new()).await?;
    // What happened to the messages since they were overheard. An answer may be
    // refused, and then nothing after it is tried.
    let mut n_before_the_answer = 1;
    if known.is_none()
        && let Some(noted) = since(scene, &request, &mut execution.texts).await?
    {
        execution.submissions.insert(1, noted);
        n_before_the_answer += 1;
    }
    let noted = since(scene, &answer, &mut execution.texts).await?;
    let after_the_answer = n_before_the_answer + 1;
    execution.submissions.splice(after_the_answer.., noted);
    Ok(Resolved::Command(Box::new(execution)))
}

/// What happened to a message since its words were kept: it says something else
/// now, or is gone. Where Slack doesn't let the bot look, nothing is known.
async fn since(
    scene: &Scene<'_>,
    half: &Half,
    texts: &mut Vec<Text>,
) -> Result<Option<Submission>, Unresolved> {
    let MessageRef {
        channel,
        ts,
        thread,
        ..
    } = half.message.clone();
    let read = scene.lookup.message(&channel, thread.as_ref(), &ts).await;
    let command = match read {
        Ok(Some(message)) => {
            let now = grammar::verbatim(&message.text);
            if now == half.text.body() {
                return Ok(None);
            }
            let to = text(now)?;
            texts.push(to.clone());
            Command::NoteEdit { channel, ts, to }
        }
        Ok(None) => Command::NoteDeletion { channel, ts },
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = %error, "a message that was offered can't be read again");
            return Ok(None);
        }
    };
    Ok(Some(Submission {
        actor: Actor::Person(half.by.clone()),
        at: scene.gesture.at,
        source: scene.gesture.source,
        command,
    }))
}

async fn kept(scene: &Scene<'_>, quoted: &Quoted) -> Result<Half, Unresolved> {
    let text = scene.engine.store().text(quoted.text).await?;
    Ok(Half {
        by: quoted.by.clone(),
        at: quoted
            .message
            .ts
            .at()
            .ok_or(StoreError::Corrupt("an offer's time"))?,
        message: quoted.message.clone(),
        text: text.ok_or(NO_OFFER)?,
    })
}

/// Settles an offer with *No, thanks*, which only the asker can say.
pub(super) async fn declined(scene: &Scene<'_>, id: u64) -> Result<Resolved, Unresolved> {
    let (offer, _) = scene.engine.store().offer(id).await?.ok_or(NO_OFFER)?;
    if offer.asker != scene.gesture.actor {
        return Err(Unresolved::NotTheAsker { asker: offer.asker });
    }
    Ok(Resolved::Declined(id))
}

/// What is shown of a long message as *what*; all of it stands in `verbatim`.
fn shortened(what: &str) -> String {
    if what.chars().count() <= LONGEST_TEXT {
        return what.to_owned();
    }
    let mut short: String = what.chars().take(LONGEST_TEXT - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_shown_by_its_beginning() {
        assert_eq!(shortened("Deploy"), "Deploy");
        let long = shortened(&"ä".repeat(LONGEST_TEXT + 1));
        assert_eq!(long.chars().count(), LONGEST_TEXT);
        assert!(long.ends_with('…'));
        let fits = "x".repeat(LONGEST_TEXT);
        assert_eq!(shortened(&fits), fits);
    }
}
