//! Hands changes to a bot that runs on this machine, because it alone may write its
//! database: through its own door for lists, `POST /hooks/changes`.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Map, Value};

use super::{TakenIn, routes, row};
use crate::beside;
use crate::config::Secret;
use crate::domain::deployment::{self, Deployment};

/// How long the bot may take to keep a batch while others keep it busy.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A bot that runs.
#[derive(Debug, Clone)]
pub struct Running {
    http: reqwest::Client,
    url: String,
    word: Secret,
}

/// Why changes weren't handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOver {
    /// Nobody listens there.
    #[error(
        "the bot that holds the database doesn't answer at {url}; name its address with --listen"
    )]
    Silent {
        /// Where it was looked for.
        url: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// Its word is another one.
    #[error("the bot was started with another BREAKGLASS_CHANGES_TOKEN; set the same one here")]
    OtherWord,
    /// It has no door for lists.
    #[error(
        "the bot was started without BREAKGLASS_CHANGES_TOKEN; set it and restart the bot, or stop the bot while you import"
    )]
    NoDoor,
    /// It says no.
    #[error("the bot answers with status {status}")]
    Refused {
        /// With which status.
        status: u16,
    },
    /// It is no bot of this version.
    #[error("{url} doesn't answer as the bot does; name the bot's address with --listen")]
    Foreign {
        /// Where it was asked.
        url: String,
    },
    /// The HTTP client can't be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

impl HandOver {
    /// Whether the same changes may be taken later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::Refused { .. } => true,
            Self::OtherWord
            | Self::NoDoor
            | Self::Foreign { .. }
            | Self::Client(_)
            | Self::Tls(_) => false,
        }
    }
}

impl Running {
    /// The bot that listens on this address.
    pub fn at(address: SocketAddr, word: Secret) -> Result<Self, HandOver> {
        Ok(Self {
            http: beside::client(TIMEOUT, HandOver::Client)?,
            url: format!("http://{}/hooks/changes", beside::here(address)),
            word,
        })
    }

    /// Hands over at most [`super::changes::LARGEST_BATCH`] changes that somebody
    /// lists; says of each in turn what became of it.
    pub async fn hand_over(&self, told: &[Deployment]) -> Result<Vec<TakenIn>, HandOver> {
        let mut taken = Vec::with_capacity(told.len());
        let objects: Vec<_> = told
            .iter()
            .map(|one| row::object(one).to_string())
            .collect();
        let mut rest = objects.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(as_many_as_fit(rest));
            taken.extend(self.send(now).await?);
            rest = later;
        }
        Ok(taken)
    }

    async fn send(&self, objects: &[String]) -> Result<Vec<TakenIn>, HandOver> {
        let silent = |source| HandOver::Silent {
            url: self.url.clone(),
            source,
        };
        let answer = self
            .http
            .post(&self.url)
            .bearer_auth(self.word.reveal())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .header(super::changes::LIST, "1")
            .body(format!("[{}]", objects.join(",")))
            .send()
            .await
            .map_err(silent)?;
        let status = answer.status();
        let said = answer.json::<Value>().await.ok();
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(HandOver::OtherWord),
            // Without any key there are no doors at all.
            StatusCode::NOT_FOUND => return Err(HandOver::NoDoor),
            other => {
                return Err(HandOver::Refused {
                    status: other.as_u16(),
                });
            }
        }
        let said = said.as_ref().and_then(Value::as_object);
        said.and_then(|said| what_became(said, objects.len()))
            .ok_or_else(|| HandOver::Foreign {
                url: self.url.clone(),
            })
    }
}

/// How many objects one body holds.
fn as_many_as_fit(objects: &[String]) -> usize {
    let mut length = "[]".len();
    let fit = objects.iter().take_while(|one| {
        length += one.len() + ",".len();
        length <= routes::LARGEST_BODY
    });
    // What doesn't fit alone is refused there, and that is said.
    fit.count().clamp(1, super::changes::LARGEST_BATCH)
}

/// Reads by index what became of so many changes.
fn what_became(said: &Map<String, Value>, n: usize) -> Option<Vec<TakenIn>> {
    let mut became: Vec<Option<TakenIn>> = vec![None; n];
    let place = |value: &Value| usize::try_from(value.as_u64()?).ok();
    for (name, taken) in [
        ("counted", TakenIn::Counted),
        ("not_counted", TakenIn::NotCounted),
        ("duplicate", TakenIn::Duplicate),
    ] {
        for index in said.get(name)?.as_array()? {
            *became.get_mut(place(index)?)? = Some(taken);
        }
    }
    for one in said.get("belongs")?.as_array()? {
        let number = deployment::reference(one.get("change")?.as_str()?)?;
        *became.get_mut(place(one.get("index")?)?)? = Some(TakenIn::Belongs(number));
    }
    became.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde_json::json;

    use super::*;
    use crate::domain::id::ChangeNumber;
    use crate::intake::csv::Lines;
    use crate::intake::tests::salt;
    use crate::intake::{Column, changes};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    #[test]
    fn what_is_handed_over_is_what_stood_in_the_list() {
        let header: Vec<_> = Column::ALL.iter().map(|column| column.name()).collect();
        let commit = "ab".repeat(20);
        let list = format!(
            "{}\n\
             2026-01-02T03:04:05.678901+02:00,auth,\"hotfix: \"\"WAF\"\" für CHG-1042\",dana@acme.example,\
             Ops,x-1,https://acme.example/1,{commit},standard,feature,morgan,https://acme.example/2,\
             \"12 ok\n1 not\",https://acme.example/3,https://acme.example/4,success\n\
             2026-01-02T03:04:05Z,,,,ops,x-2,,,,,,,,,,\n",
            header.join(",")
        );
        let lines = Lines::open(list.as_bytes(), &salt, now()).unwrap();
        let told: Vec<_> = lines.map(Result::unwrap).collect();
        let objects: Vec<_> = told.iter().map(row::object).collect();
        let body = json!(objects).to_string();
        let read = changes::read(body.as_bytes(), &salt, now()).unwrap();
        let read: Vec<_> = read.into_iter().map(Result::unwrap).collect();
        assert_eq!(read, told);
        assert_eq!(objects[0].as_object().unwrap().len(), Column::ALL.len());
    }

    #[test]
    fn the_answer_is_read_by_index_and_a_gap_in_it_is_no_answer() {
        let mut said = json!({
            "counted": [0], "not_counted": [3], "duplicate": [1], "refused": [],
            "belongs": [{"index": 2, "change": "CHG-1042"}],
        });
        let read = |said: &Value| what_became(said.as_object().unwrap(), 4);
        assert_eq!(
            read(&said).unwrap(),
            [
                TakenIn::Counted,
                TakenIn::Duplicate,
                TakenIn::Belongs(ChangeNumber(1042)),
                TakenIn::NotCounted
            ]
        );
        said["not_counted"] = json!([]);
        assert_eq!(read(&said), None);
        said["not_counted"] = json!([4]);
        assert_eq!(read(&said), None);
    }

    #[test]
    fn long_accounts_go_in_as_many_bodies_as_they_need() {
        let long = "x".repeat(routes::LARGEST_BODY / 3);
        assert_eq!(as_many_as_fit(&vec![long; 5]), 2);
        assert_eq!(as_many_as_fit(&vec!["{}".to_owned(); 2_000]), 1_000);
        assert_eq!(as_many_as_fit(&["x".repeat(routes::LARGEST_BODY)]), 1);
    }
}
