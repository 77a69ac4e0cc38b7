//! Answers to what is asked about changes that other systems told of, and the changes
//! that people list themselves.

use super::{Resolved, Scene, Unresolved, text};
use crate::domain::authorization::Standing;
use crate::domain::change::{Command, Place};
use crate::domain::deployment::{
    ChangeKind, Deployment, Explanation, Happening, SourceName, commit, identifier, reference,
};
use crate::domain::id::UserId;
use crate::domain::text::{Commitment, Text};
use crate::domain::ticket::{Field, Told, is_address};
use crate::slack::inbound::when::When;
use crate::store::{Execution, Person, Question, Reply, Target};

const NO_QUESTION: Unresolved =
    Unresolved::Sentence("I don't know that question any more, so nothing was recorded.");

const NO_PROOF: Unresolved = Unresolved::Sentence(
    "Give the link of its review, or choose who can confirm it; nothing was recorded.",
);

const NOT_A_SECOND: Unresolved = Unresolved::Sentence(
    "It takes somebody else of this workspace to confirm that, so nothing was recorded: no guest, no bot, and not whoever made the change. Press *Normal change* again to choose another.",
);

const NO_PLACE: Unresolved =
    Unresolved::Sentence("Press that button in Slack, so that the change has a place.");

const UNREADABLE: Unresolved = Unresolved::Sentence(
    "I can't read that time, so nothing was recorded. Say for example `/emergency normal Rotated the certificates at 14:00`, `… 20 min ago` or `… at yesterday 23:50`.",
);

const MEMBERS_ONLY: Unresolved = Unresolved::Sentence(
    "Only members of this workspace can list a change, so nothing was recorded.",
);

/// Somebody answers a question that was put to them.
pub(super) async fn explained(
    scene: &Scene<'_>,
    id: u64,
    answer: Explanation,
    proof: Option<Commitment>,
    second: Option<&UserId>,
) -> Result<Resolved, Unresolved> {
    let actor = &scene.gesture.actor;
    let question = scene
        .engine
        .store()
        .question(id)
        .await?
        .ok_or(NO_QUESTION)?;
    match &question.asked {
        Some((asked, _)) if asked == actor => {}
        Some((asked, _)) => return Err(Unresolved::NotTheAsked(asked.clone())),
        None => return Err(NO_QUESTION),
    }
    let is_open = question.answered.is_none();
    match answer {
        Explanation::Declared if is_open => declared(scene, &question).await,
        Explanation::Normal if is_open && proof.is_none() => match second {
            Some(second) => named(scene, &question, second).await,
            None => Err(NO_PROOF),
        },
        Explanation::Declared
        | Explanation::Normal
        | Explanation::NotProduction
        | Explanation::Yes
        | Explanation::No => {
            let reply = Reply {
                answer,
                change: None,
                proof: scene.words_if_any(proof).await?,
                by: actor.clone(),
            };
            Ok(Resolved::Explained(id, Box::new(reply)))
        }
    }
}

/// An emergency change that is declared after the fact, out of what a source told of.
async fn declared(scene: &Scene<'_>, question: &Question) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let told = question.told.as_ref().ok_or(NO_QUESTION)?;
    // Where the question was asked nobody else reads: whoever is needed now would never
    // see the card there. What was said in a closed place is declared there, with its
    // words; where that can't be, without them.
    let mut closed = None;
    let mut keeps_words = true;
    if let Some(said_in) = &told.said_in {
        let facts = scene.lookup.known_channel(said_in).await?;
        closed = (facts.private && !facts.direct).then(|| said_in.clone());
        keeps_words = !facts.direct;
    }
    let read_by_all = scene.engine.rules().newest().report_channel.clone();
    let place = match closed.or(read_by_all) {
        Some(channel) => Place {
            channel,
            thread: None,
        },
        None => Place {
            channel: gesture.channel.clone().ok_or(NO_PLACE)?,
            thread: gesture.thread.clone(),
        },
    };
    let title = told.title.as_ref().map(|title| title.body().trim());
    let words = match title.filter(|title| !title.is_empty()) {
        Some(title) if keeps_words => title.to_owned(),
        _ if told.said_in.is_some() => "A change that somebody listed".to_owned(),
        _ => format!("{} of {}", told.external_id, told.source),
    };
    let (what, verbatim) = (text(words.clone())?, text(words)?);
    let mut texts = vec![what.clone(), verbatim.clone()];
    let mut known = Vec::new();
    // A link out of those words is one of them.
    let url = told
        .url
        .clone()
        .filter(|url| keeps_words && is_address(url));
    if let Some(url) = url {
        let link = text(url)?;
        texts.push(link.clone());
        known.push((Field::Links, Told::Links(link)));
    }
    if let Some(system) = system_named(scene, told.system.as_deref()) {
        known.push((Field::Systems, Told::Systems(vec![system])));
    }
    let command = Command::Request {
        what,
        verbatim,
        asked: Vec::new(),
        place,
        criterion: None,
        said: None,
        captured: None,
        drill: false,
        known,
    };
    let mut met = Vec::new();
    scene.meet(vec![gesture.actor.clone()], &mut met).await?;
    let execution = Execution {
        target: Target::New,
        submissions: vec![scene.submission(command)],
        texts,
        gesture: Some(gesture.clone()),
        met,
        asks_back: None,
        afterwards: None,
    };
    Ok(Resolved::Declared(question.id, Box::new(execution)))
}

/// Somebody else's word is to show it: whose that is has to be able to give it.
async fn named(
    scene: &Scene<'_>,
    question: &Question,
    second: &UserId,
) -> Result<Resolved, Unresolved> {
    let facts = scene.lookup.member(second).await?;
    let author = match &question.told {
        Some(told) => scene.lookup.author_of(told).await?,
        None => None,
    };
    let is_another = *second != scene.gesture.actor && author.as_ref() != Some(second);
    if facts.standing != Standing::Full || !is_another {
        return Err(NOT_A_SECOND);
    }
    let second = Person {
        id: facts.id,
        name: facts.name,
        zone: facts.zone,
    };
    Ok(Resolved::SecondNamed(question.id, second))
}

/// Whoever was named gives their word, or doesn't.
pub(super) async fn vouched(
    scene: &Scene<'_>,
    id: u64,
    is_given: bool,
) -> Result<Resolved, Unresolved> {
    let actor = &scene.gesture.actor;
    let question = scene
        .engine
        .store()
        .question(id)
        .await?
        .ok_or(NO_QUESTION)?;
    let named_by = match &question.second {
        Some((second, named_by)) if second == actor => named_by,
        Some(_) | None => return Err(NO_QUESTION),
    };
    if !is_given {
        return Ok(Resolved::WordRefused(id));
    }
    // Both stand in it: one who says so, and one who confirms it.
    let words = format!("<@{named_by}> said that it was a normal change; <@{actor}> confirmed it.");
    let reply = Reply {
        answer: Explanation::Normal,
        change: None,
        proof: Some(text(words)?),
        by: actor.clone(),
    };
    Ok(Resolved::Explained(id, Box::new(reply)))
}

/// Somebody lists a normal change that no source tells of.
pub(super) async fn listed(
    scene: &Scene<'_>,
    what: Commitment,
    when: Option<Commitment>,
    system: Option<Commitment>,
) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let facts = scene.lookup.member(&gesture.actor).await?;
    if facts.standing != Standing::Full {
        return Err(MEMBERS_ONLY);
    }
    let title: Text = scene.words(what).await?;
    let at = match when {
        None => gesture.at,
        Some(words) => {
            let typed = scene.words(words).await?;
            if When::parse(typed.body()).is_none() {
                return Err(UNREADABLE);
            }
            scene.stated(words).await?.at
        }
    };
    let system = match scene.words_if_any(system).await? {
        None => None,
        Some(typed) => {
            let systems = &scene.engine.rules().newest().systems;
            match system_named(scene, Some(typed.body())) {
                Some(name) => Some(name),
                // Where the policy names none, any name will do.
                None if systems.is_empty() => identifier(typed.body()),
                None => return Err(Unresolved::NoSuchSystem(systems.clone())),
            }
        }
    };
    let source = SourceName::new("person");
    let words = title.body();
    let link = words.split_whitespace().find_map(address);
    let link = link.and_then(|link| link.split(['#', '?']).next());
    let link = link.map(|link| link.trim_end_matches('/'));
    let told = Deployment {
        reference: reference(words),
        commit: link.and_then(|link| link.rsplit('/').find_map(commit)),
        url: link.and_then(identifier),
        kind: Some(ChangeKind::Normal),
        system,
        author: Some(gesture.actor.as_str().to_owned()),
        title: Some(title),
        said_in: gesture.channel.clone(),
        ..Deployment::new(source, gesture.key.clone(), Happening::Listed, at)
    };
    Ok(Resolved::Listed(Box::new(told)))
}

/// Returns the address that a word is, as Slack sends it or as it was typed.
fn address(word: &str) -> Option<&str> {
    let bare = word.trim_start_matches('<').trim_end_matches('>');
    let bare = bare.split('|').next()?;
    let is_one = bare.starts_with("https://") || bare.starts_with("http://");
    is_one.then(|| bare.trim_end_matches(['.', ',', ';', ')']))
}

/// Returns a system of the policy by its name, however that is written.
fn system_named(scene: &Scene<'_>, name: Option<&str>) -> Option<String> {
    let name = name?.trim().to_lowercase();
    let systems = &scene.engine.rules().newest().systems;
    let found = systems.iter().find(|one| one.to_lowercase() == name);
    found.cloned()
}
