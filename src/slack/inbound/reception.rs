//! What stands behind both doors: read, keep, acknowledge.
//!
//! Nothing is looked up before the acknowledgement. A modal is opened right
//! after it, because its trigger lives for three seconds.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{OpenModal, Read, read};
use crate::clock::Clock;
use crate::engine::{Engine, draw_salt};
use crate::domain::text::Salt;
use crate::slack::client::SlackClient;
use crate::slack::control::Modal;
use crate::slack::views::{self, Showing, modal};
use crate::slack::{Answer, Delivery, Receive};
use crate::store::{Arrival, Snapshot};

/// Takes in what Slack delivers.
#[derive(Debug, Clone)]
pub struct Reception {
    /// Where gestures are kept.
    pub engine: Engine,
    /// Opens modals.
    pub client: SlackClient,
    /// Says when a gesture reached us.
    pub clock: Clock,
    /// Woken when there is something to answer.
    pub wake: Arc<Notify>,
}

impl Reception {
    /// Returns the reception as the doors call it.
    pub fn receive(self) -> Receive {
        let reception = Arc::new(self);
        Arc::new(move |delivery| {
            let reception = Arc::clone(&reception);
            Box::pin(async move { reception.take(delivery).await })
        })
    }

    async fn take(&self, delivery: Delivery) -> Answer {
        let now = self.clock.now();
        let mut out_of_salt = false;
        let mut salt = || {
            draw_salt().unwrap_or_else(|_| {
                out_of_salt = true;
                Salt([0; 32])
            })
        };
        let reading = read(&delivery, now, &mut salt);
        if out_of_salt {
            tracing::error!("the system gives no random bytes; nothing can be kept");
            return Answer::NotKept;
        }
        match reading {
            Read::Heard(heard) => match self.engine.hear(heard, now).await {
                Ok(Arrival::New) => {
                    self.wake.notify_one();
                    Answer::Acknowledged
                }
                Ok(Arrival::Known) => Answer::Acknowledged,
                Err(error) => {
                    tracing::error!(error = %error, "a gesture can't be kept");
                    Answer::NotKept
                }
            },
            Read::Open(open) => {
                tokio::spawn(self.clone().open(open));
                Answer::Acknowledged
            }
            Read::Invalid(errors) => Answer::With(errors),
            Read::Ignored(reason) => {
                tracing::debug!(reason, "ignored");
                Answer::Acknowledged
            }
            Read::Broken => {
                tracing::warn!(kind = ?delivery.kind, "a delivery can't be read");
                Answer::Acknowledged
            }
        }
    }

    /// Opens a modal. If it is too late for that, a second tap does it.
    async fn open(self, open: OpenModal) {
        let change = match open.change {
            None => None,
            Some(number) => match self.engine.store().change(number).await {
                Ok(Some(snapshot)) => Some(snapshot),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(error = %error, "a change can't be read for its modal");
                    return;
                }
            },
        };
        let Some(view) = self.view(&open, change.as_ref()) else {
            return;
        };
        if let Err(error) = self.client.open_view(&open.trigger_id, view).await {
            tracing::warn!(error = %error, "a modal could not be opened");
        }
    }

    fn view(
        &self,
        open: &OpenModal,
        change: Option<&Snapshot>,
    ) -> Option<slack_morphism::prelude::SlackView> {
        let showing = |snapshot| Showing {
            ..views::showing(snapshot, &self.engine, self.clock.now())
        };
        match (open.which, change) {
            (Modal::Declare, _) => Some(modal::declare(&open.prefill, self.engine.rules().newest())),
            (Modal::Document, Some(change)) => Some(modal::document(&showing(change))),
            (Modal::Reject, Some(change)) => Some(modal::reject(&showing(change))),
            (Modal::Remediate, Some(change)) => Some(modal::remediate(&showing(change))),
            (Modal::AnswerExceptions, Some(change)) => {
                Some(modal::answer_exceptions(&showing(change)))
            }
            (Modal::AskSomeoneElse, Some(change)) => {
                Some(modal::ask_someone_else(&showing(change)))
            }
            (
                Modal::Document
                | Modal::Reject
                | Modal::Remediate
                | Modal::AnswerExceptions
                | Modal::AskSomeoneElse,
                None,
            ) => None,
        }
    }
}
