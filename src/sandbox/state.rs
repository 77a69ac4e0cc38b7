//! The whole sandbox behind one lock, and the pulse that tells waiters that something changed.
//! Every change passes through [`Shared::with`]; the lock is never held across an await.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::clock::Clock;
use super::connections::Connections;
use super::deliver::{self, Deliveries};
use super::files::Files;
use super::ids::Ids;
use super::json::Packed;
use super::limits::Limits;
use super::manifest::Manifest;
use super::misbehave::Misbehaviour;
use super::settle::Sleepers;
use super::socket::Sockets;
use super::tickets::Tickets;
use super::unread::Read;
use super::views::Views;
use super::workspace::Workspace;
use super::{Credentials, cast};

/// How many API calls the log remembers; older ones are forgotten so that a long run stays small.
const REMEMBERED: usize = 10_000;

/// The app under test, as the workspace knows it.
#[derive(Debug)]
pub(super) struct App {
    pub(super) manifest: Manifest,
    pub(super) credentials: Credentials,
    /// The deprecated verification token, which payloads still carry.
    pub(super) verification: String,
    /// Where events, commands and interactions go; `None` means Socket Mode.
    pub(super) request_url: Option<String>,
    pub(super) revoked: BTreeSet<String>,
    /// How long the app may take to acknowledge, in real time.
    pub(super) patience: Duration,
    /// A door of the app's own, beside Slack, at which a build server tells of deployments.
    pub(super) webhook: Option<Webhook>,
}

/// Where the app hears of what others than Slack tell, and the word by which it believes them.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) token: String,
}

/// One API call, as the log keeps it. The token is not kept.
#[derive(Debug, Clone)]
pub(super) struct CallRecord {
    pub(super) n: u64,
    pub(super) method: String,
    pub(super) arguments: Packed,
    pub(super) at: DateTime<Utc>,
    /// `ok`, Slack's name of the error, or what kept the answer away.
    pub(super) outcome: String,
    /// Whether the call had its effect, which is what an unanswered client cannot know.
    pub(super) applied: bool,
    pub(super) retry_attempt: Option<String>,
}

/// Calls under way and calls done.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) open: BTreeMap<u64, String>,
    pub(super) log: VecDeque<CallRecord>,
    n: u64,
}

impl Calls {
    fn begin(&mut self, method: &str) -> u64 {
        self.n += 1;
        self.open.insert(self.n, method.to_owned());
        self.n
    }

    pub(super) fn record(&mut self, record: CallRecord) {
        self.log.push_back(record);
        if self.log.len() > REMEMBERED {
            self.log.pop_front();
        }
    }
}

/// Everything that can change.
#[derive(Debug)]
pub(super) struct State {
    pub(super) app: App,
    pub(super) workspace: Workspace,
    pub(super) views: Views,
    pub(super) files: Files,
    pub(super) clock: Clock,
    pub(super) sleepers: Sleepers,
    pub(super) deliveries: Deliveries,
    pub(super) sockets: Sockets,
    pub(super) tickets: Tickets,
    pub(super) limits: Limits,
    pub(super) read: Read,
    pub(super) misbehaviour: Misbehaviour,
    pub(super) calls: Calls,
    pub(super) ids: Ids,
    /// `http://127.0.0.1:PORT`, from which links into the sandbox are made.
    pub(super) base_url: String,
}

impl State {
    pub(super) fn new(
        app: App,
        frozen_at: Option<DateTime<Utc>>,
        ids: Ids,
        base_url: String,
    ) -> Self {
        let clock = Clock::new(frozen_at);
        let workspace = cast::workspace(clock.now(), &app.manifest.bot_name);
        Self {
            app,
            workspace,
            views: Views::default(),
            files: Files::default(),
            clock,
            sleepers: Sleepers::default(),
            deliveries: Deliveries::default(),
            sockets: Sockets::default(),
            tickets: Tickets::default(),
            limits: Limits::default(),
            read: Read::default(),
            misbehaviour: Misbehaviour::default(),
            calls: Calls::default(),
            ids,
            base_url,
        }
    }
}

/// What all tasks of one sandbox share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pulse: watch::Sender<u64>,
    stopped: watch::Sender<bool>,
    runtime: Handle,
    pub(super) http: reqwest::Client,
    /// Held by whoever moves the clock, so that two moves cannot interleave.
    pub(super) moving: tokio::sync::Mutex<()>,
    pub(super) connections: Arc<Connections>,
    /// What the page offers to show a newcomer, as JSON.
    pub(super) tour: Option<String>,
}

impl Shared {
    pub(super) fn new(
        state: State,
        http: reqwest::Client,
        connections: Arc<Connections>,
        tour: Option<String>,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(state),
            pulse: watch::Sender::new(0),
            stopped: watch::Sender::new(false),
            runtime: Handle::current(),
            http,
            moving: tokio::sync::Mutex::new(()),
            connections,
            tour,
        })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks without changing anything.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.locked())
    }

    /// Changes something, sends on its way whatever the change owes the app, and tells the waiters.
    pub(super) fn with<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (outcome, launched) = {
            let mut state = self.locked();
            let outcome = change(&mut state);
            (outcome, deliver::launch(&mut state, &self.connections))
        };
        for (id, attempt) in launched {
            self.spawn(deliver::pursue(Arc::clone(self), id, attempt));
        }
        self.pulse.send_modify(|beat| *beat += 1);
        outcome
    }

    /// Every change is a beat. Subscribe, look, and only then wait: a change in between is not missed.
    pub(super) fn pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Runs a task beside the others until it is done or the sandbox stops; harmless when the runtime is going down.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stopped.subscribe();
        self.runtime.spawn(async move {
            tokio::select! {
                () = task => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }

    /// Ends every task and cuts every connection off.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
        self.connections.cut_all();
    }

    /// Waits until the workspace's clock shows `instant`, by itself or because somebody moves it.
    pub(super) async fn until(&self, instant: DateTime<Utc>) {
        let mut pulse = self.pulse();
        loop {
            pulse.borrow_and_update();
            let (reached, wait) = self.peek(|state| {
                (
                    state.clock.now() >= instant,
                    state.clock.real_time_until(instant),
                )
            });
            if reached {
                return;
            }
            let by_itself = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = pulse.changed() => if changed.is_err() { return },
                () = by_itself => {}
            }
        }
    }

    /// Marks an API call as under way until the guard is dropped, however its handler ends.
    pub(super) fn begin_call(self: &Arc<Self>, method: &str) -> OpenCall {
        let id = self.with(|state| state.calls.begin(method));
        OpenCall {
            shared: Arc::clone(self),
            id,
        }
    }
}

/// An API call under way; the workspace is not settled while one exists.
#[derive(Debug)]
pub(super) struct OpenCall {
    shared: Arc<Shared>,
    pub(super) id: u64,
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let id = self.id;
        self.shared.with(|state| state.calls.open.remove(&id));
    }
}
