//! What somebody shared in a change's thread: its files are fetched through
//! Slack, its addresses are kept as they stand.

use super::overhear::under_a_card;
use super::{Resolved, Scene, Unresolved, place, text};
use crate::domain::change::{Attached, Command, NotFetched};
use crate::domain::id::MessageTs;
use crate::domain::text::{Commitment, Text};
use crate::slack::error::SlackError;
use crate::store::{Execution, Fetched, Target};

/// How often Slack is asked for a file before the record says that it could not
/// be had: what else happens to the change waits meanwhile.
const TRIES: u32 = 3;

/// Attaches the files and addresses of a message to the change in whose thread it
/// stands.
pub(super) async fn shared(
    scene: &Scene<'_>,
    ts: &MessageTs,
    files: &[String],
    links: &[Commitment],
) -> Result<Resolved, Unresolved> {
    let channel = place(scene.gesture)?;
    let Some(number) = under_a_card(scene, channel).await? else {
        return Ok(Resolved::LetGo);
    };
    let mut met = Vec::new();
    let by = scene.member(&scene.gesture.actor, &mut met).await?;
    let thread = scene.gesture.thread.as_ref();
    let message = scene.reference(channel, ts, thread).await?;
    let mut attached = Vec::new();
    let mut texts = Vec::new();
    let mut fetched = Vec::new();
    for id in files {
        let (name, what, bytes) = file(scene, id).await?;
        fetched.extend(bytes);
        texts.push(name.clone());
        attached.push((name, what));
    }
    for link in links {
        attached.push((scene.words(*link).await?, Attached::Link));
    }
    let submission = scene.submission(Command::Attach {
        by,
        message,
        attached,
    });
    scene.meet([], &mut met).await?;
    let execution = Execution {
        target: Target::Change(number),
        submissions: vec![submission],
        texts,
        gesture: Some(scene.gesture.clone()),
        met,
        asks_back: None,
        afterwards: None,
    };
    Ok(Resolved::Attached(Box::new(execution), fetched))
}

/// One file: its name, what is kept of it, and its bytes.
async fn file(
    scene: &Scene<'_>,
    id: &str,
) -> Result<(Text, Attached, Option<Fetched>), Unresolved> {
    let unfetched = |n_bytes, why| Attached::Unfetched {
        id: id.to_owned(),
        n_bytes,
        why,
    };
    let described = match given_up(scene, scene.lookup.file(id).await)? {
        Ok(described) => described,
        Err(why) => return Ok((text(id.to_owned())?, unfetched(None, why), None)),
    };
    if let Some(address) = described.kept_at {
        let id = id.to_owned();
        return Ok((text(address)?, Attached::Elsewhere { id }, None));
    }
    let name = text(described.name.clone())?;
    Ok(
        match given_up(scene, scene.lookup.bytes(&described).await)? {
            Ok(bytes) => {
                let fetched = Fetched::new(bytes);
                let kept = Attached::File {
                    id: id.to_owned(),
                    sha256: fetched.sha256(),
                    n_bytes: described.n_bytes.unwrap_or_default(),
                };
                (name, kept, Some(fetched))
            }
            Err(why) => (name, unfetched(described.n_bytes, why), None),
        },
    )
}

/// After some tries it is on record that the file could not be had.
fn given_up<T>(
    scene: &Scene<'_>,
    tried: Result<Result<T, NotFetched>, SlackError>,
) -> Result<Result<T, NotFetched>, Unresolved> {
    match tried {
        Ok(had) => Ok(had),
        Err(error) if error.is_transient() && scene.attempts >= TRIES => {
            Ok(Err(NotFetched::Unreachable))
        }
        Err(error) => Err(error.into()),
    }
}
