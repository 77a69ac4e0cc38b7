//! `breakglass serve`: the bot, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::backup::Nights;
use crate::bot::{self, Bot};
use crate::clock::{Clock, ClockError};
use crate::config::{Config, Door, Flags, PolicyFile, Sources};
use crate::dispatch::{Address, Dispatcher, Recent};
use crate::engine::Engine;
use crate::evidence::seal::Seal;
use crate::health::{Health, Lately, SlackSide};
use crate::intake::poll::{Asked, Watch};
use crate::intake::routes::{self, NotKept};
use crate::intake::seal::Token;
use crate::metrics::Acknowledgements;
use crate::slack::client::{GRACE, HTTP_TIMEOUT, Identity, Settings, SlackClient};
use crate::slack::error::SlackError;
use crate::slack::events::{self, SigningSecret};
use crate::slack::inbound::reception::{Openings, Reception};
use crate::slack::lookup::Lookup;
use crate::slack::socket::{self, Heard, Pace};
use crate::stop::{self, Stop};
use crate::store::{Options, Rules, Store};
use crate::{beside, health, http, schedule};

/// What `breakglass serve` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    flags: Flags,
    /// Follow the clock of the sandbox at this address; refused unless Slack's
    /// API is on this machine too
    #[arg(long, value_name = "URL")]
    clock_from: Option<String>,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.flags)?;
    let clock = match &args.clock_from {
        None => Clock::system(),
        Some(url) => {
            if !is_loopback(&config.slack_api_url) || !is_loopback(url) {
                bail!(
                    "--clock-from is for a sandbox on this machine; with the real Slack the bot keeps real time"
                );
            }
            match Clock::following(url).await {
                Ok(clock) => clock,
                Err(ClockError::Silent(_)) => bail!(
                    "no sandbox answers at {url}: start one with `breakglass sandbox`, or leave --clock-from out"
                ),
                Err(error @ ClockError::Tls(_)) => return Err(error.into()),
            }
        }
    };
    let (stopper, stop) = stop::pair();
    let signal = super::stop_signal()?;
    tokio::spawn(async move {
        signal.await;
        tracing::info!("stopping: what is under way is finished first");
        stopper.stop();
    });
    work(&config, clock, stop).await
}

/// Opens the store, opens the doors and works, until told to stop.
pub async fn work(config: &Config, clock: Clock, stop: Stop) -> anyhow::Result<()> {
    let client = client(config)?;
    let identity = sign_in(&client, config).await?;
    let (engine, word) = open(config, &identity, &clock).await?;
    let store = engine.store().clone();
    let wake = Arc::new(Notify::new());
    let nights = nights(config, &engine, &clock)?;
    let openings = Openings::default();
    let lookup = Lookup::new(client.clone(), identity.workspace.clone(), clock.clone());
    let hooks = hooks(&config.sources, &engine, &lookup, &clock, &wake)
        .merge(beside::door(word, checkpoints(&engine, &clock, &wake)));
    let bot = Bot {
        watches: watches(&config.sources)?,
        lookup: lookup.clone(),
        dispatcher: dispatcher(config, &engine, &client, &lookup)?,
        engine: engine.clone(),
        clock: clock.clone(),
        wake: Arc::clone(&wake),
        openings: openings.clone(),
    };
    let acknowledgements = Acknowledgements::default();
    let receive = Reception {
        engine: engine.clone(),
        client: client.clone(),
        lookup,
        clock: clock.clone(),
        wake: Arc::clone(&wake),
        openings,
    }
    .receive();
    let receive = acknowledgements.measured(receive);
    let heard = Heard::default();
    let slack = match &config.door {
        Door::Http { .. } => SlackSide::Calls(client.clone()),
        Door::Socket { .. } => SlackSide::Socket(heard.clone()),
    };
    let health = Arc::new(Health {
        engine,
        clock: clock.clone(),
        slack,
        client: client.clone(),
        acknowledgements,
        lately: Lately::default(),
    });
    // Gestures come in until the doors are shut; what they left is then finished.
    let (shut, doors_shut) = stop::pair();
    let listener = listen(config.listen, "--listen").await?;
    serve_figures(config.metrics_listen, &health, &stop).await?;
    let routes = health::routes(health).merge(hooks);
    let (routes, socket) = match &config.door {
        Door::Http { signing_secret } => {
            let secret = SigningSecret::new(signing_secret.reveal())?;
            (routes.merge(events::router(secret, clock, receive)), None)
        }
        Door::Socket { .. } => {
            let pace = Pace::default();
            let socket = socket::run(client, receive, clock, heard.clone(), pace, stop.clone());
            let socket = tokio::spawn(socket);
            hears_slack(&heard, config, &stop).await;
            (routes, Some(socket))
        }
    };
    let doors = tokio::spawn(serve_http(listener, routes, stop, socket));
    let nightly = Arc::clone(&nights.wake);
    let scheduler = schedule::start(vec![Arc::clone(&wake), nightly])
        .await
        .context("the scheduler can't be started")?;
    tracing::info!(
        workspace = %identity.team,
        bot = %identity.bot,
        database = %config.database.display(),
        "ready"
    );
    let watched = tokio::spawn(async move {
        // They close when told to, or because they can't go on.
        let served = doors.await;
        shut.stop();
        served
    });
    let worked = tokio::select! {
        worked = bot.run(doors_shut) => worked,
        never = nights.work() => match never {},
    };
    drop(scheduler);
    worked?;
    watched.await???;
    store.close().await;
    Ok(())
}

/// Waits until Slack's deliveries come in, for that is what ready means. Where Slack keeps
/// us waiting, what is due is done meanwhile.
async fn hears_slack(heard: &Heard, config: &Config, stop: &Stop) {
    tokio::select! {
        () = heard.connected(1) => {}
        () = tokio::time::sleep(config.http_timeout) => {}
        () = stop.told() => {}
    }
}

/// Opens the register, and makes ready what signs it; says the word of the door for
/// commands beside the bot, too.
async fn open(
    config: &Config,
    identity: &Identity,
    clock: &Clock,
) -> anyhow::Result<(Engine, Token)> {
    let store = Store::open(&options(config), identity.workspace.clone())?;
    let engine = engine(store.clone(), &config.policy, clock).await?;
    let to_address = config.witness_url.is_some();
    let seal = Seal::of(&store, &config.database, to_address, clock.now()).await?;
    let word = Token::new(seal.word().reveal())?;
    Ok((engine.sealed(seal), word))
}

/// What drains the outbox.
fn dispatcher(
    config: &Config,
    engine: &Engine,
    client: &SlackClient,
    lookup: &Lookup,
) -> anyhow::Result<Dispatcher> {
    Ok(Dispatcher {
        engine: engine.clone(),
        client: client.clone(),
        lookup: lookup.clone(),
        grace: grace(config),
        recent: Recent::default(),
        address: address(config)?,
    })
}

fn options(config: &Config) -> Options {
    Options {
        largest_group: config.largest_group,
        ..super::options(&config.database, config.backup.as_ref())
    }
}

/// What is done every night.
fn nights(config: &Config, engine: &Engine, clock: &Clock) -> anyhow::Result<Nights> {
    Ok(Nights {
        backup: config.backup.clone(),
        database: config.database.clone(),
        zone: config.policy.zone()?,
        engine: engine.clone(),
        clock: clock.clone(),
        wake: Arc::new(Notify::new()),
    })
}

/// The doors for sources that send; none, if no source has a key.
fn hooks(
    sources: &Sources,
    engine: &Engine,
    lookup: &Lookup,
    clock: &Clock,
    wake: &Arc<Notify>,
) -> axum::Router {
    if sources.keys.open().is_empty() {
        return axum::Router::new();
    }
    let counting = Arc::clone(engine.counting());
    let (engine, lookup, wake) = (engine.clone(), lookup.clone(), Arc::clone(wake));
    let take_in: routes::TakeIn = Arc::new(move |intake, at| {
        let (engine, lookup) = (engine.clone(), lookup.clone());
        let wake = Arc::clone(&wake);
        async move {
            let taken = bot::take_in(&engine, &lookup, intake, at).await;
            let taken = taken.map_err(|error| {
                tracing::error!(error = %error, "what a source told couldn't be kept");
                NotKept
            })?;
            // A deployment may be what a change waited for.
            wake.notify_one();
            Ok(taken)
        }
        .boxed()
    });
    routes::router(sources.keys.clone(), counting, clock.clone(), take_in)
}

/// Makes a checkpoint for whoever is about to look at the log.
fn checkpoints(engine: &Engine, clock: &Clock, wake: &Arc<Notify>) -> beside::MakeCheckpoint {
    let (engine, clock, wake) = (engine.clone(), clock.clone(), Arc::clone(wake));
    Arc::new(move || {
        let (engine, clock, wake) = (engine.clone(), clock.clone(), Arc::clone(&wake));
        async move {
            let made = engine.checkpoint(clock.now()).await;
            // A copy may be owed to the address.
            wake.notify_one();
            match made {
                Ok(made) => made.is_some(),
                Err(error) => {
                    tracing::error!(error = %error, "the checkpoint that was asked for can't be made");
                    false
                }
            }
        }
        .boxed()
    })
}

/// The address that checkpoints go to, if there is one.
fn address(config: &Config) -> anyhow::Result<Option<Address>> {
    let url = config.witness_url.as_ref();
    url.map(|url| Address::new(url.reveal()).context("the address in `witness_url` can't be used"))
        .transpose()
}

/// The sources that are asked.
pub(super) fn watches(sources: &Sources) -> anyhow::Result<Vec<Arc<Watch>>> {
    let github = sources.github.as_ref().map(|one| (Asked::Github, one));
    let gitlab = sources.gitlab.as_ref().map(|one| (Asked::Gitlab, one));
    let all = github.into_iter().chain(gitlab);
    all.map(|(asked, polled)| {
        let watch = Watch::of(asked, polled);
        let watch = watch.with_context(|| format!("{} can't be asked", asked.name()))?;
        Ok(Arc::new(watch))
    })
    .collect()
}

async fn serve_http(
    listener: TcpListener,
    routes: axum::Router,
    stop: Stop,
    socket: Option<JoinHandle<Result<(), SlackError>>>,
) -> anyhow::Result<()> {
    let served = http::serve(listener, routes, stop);
    let Some(socket) = socket else {
        served.await;
        return Ok(());
    };
    let socket = async {
        socket.await?.map_err(|error| {
            anyhow::anyhow!(
                "Slack refuses SLACK_APP_TOKEN ({}): make a new App-Level Token with connections:write on your app's page, Basic Information",
                reason(&error)
            )
        })
    };
    // Whichever fails ends both; both end by themselves when told to.
    let served = async {
        served.await;
        Ok(())
    };
    tokio::try_join!(served, socket).map(|_| ())
}

/// Serves the figures at their own address, if they have one, and with them what is
/// served beside Slack's doors too.
async fn serve_figures(
    address: Option<SocketAddr>,
    health: &Arc<Health>,
    stop: &Stop,
) -> anyhow::Result<()> {
    let Some(address) = address else {
        return Ok(());
    };
    let listener = listen(address, "--metrics-listen").await?;
    let routes = health::routes_with_metrics(Arc::clone(health));
    tokio::spawn(http::serve(listener, routes, stop.clone()));
    Ok(())
}

/// Slack's own word for a refusal, where it said one.
pub(super) fn reason(error: &SlackError) -> String {
    match error {
        SlackError::Refused { code } => code.to_string(),
        SlackError::RateLimited { .. }
        | SlackError::Unreachable
        | SlackError::Unknown
        | SlackError::Malformed
        | SlackError::ForeignAddress => error.to_string(),
    }
}

/// Takes the address, and explains why it can't be had.
async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    http::bind(address).await.map_err(|error| {
        let http::CannotListen { address, source } = error;
        anyhow::anyhow!(
            "can't listen on {address} ({source}); stop what listens there, or choose another address with {flag}"
        )
    })
}

/// Makes the client that the configuration describes.
pub(super) fn client(config: &Config) -> anyhow::Result<SlackClient> {
    let app_token = match &config.door {
        Door::Socket { app_token } => Some(app_token.reveal().to_owned()),
        Door::Http { .. } => None,
    };
    Ok(SlackClient::new(Settings {
        api_url: config.slack_api_url.clone(),
        bot_token: config.bot_token.reveal().to_owned(),
        app_token,
        http_timeout: config.http_timeout,
    })?)
}

/// Asks Slack who we are, and explains why it won't say.
pub(super) async fn sign_in(client: &SlackClient, config: &Config) -> anyhow::Result<Identity> {
    match client.auth_test().await {
        Ok(identity) => Ok(identity),
        Err(error) if error.concerns_the_token() => bail!(
            "Slack refuses SLACK_BOT_TOKEN ({}): install the app again and copy the new Bot User OAuth Token",
            reason(&error)
        ),
        Err(SlackError::Unreachable) => bail!(
            "Slack can't be reached at {}: check the network, or the address if you set one",
            config.slack_api_url
        ),
        Err(error) => Err(error).context("Slack doesn't say who the bot is; try again in a minute"),
    }
}

/// Brings the policy into force and joins it to the store.
async fn engine(store: Store, policy: &PolicyFile, clock: &Clock) -> anyhow::Result<Engine> {
    let version = store.adopt_policy(policy.bytes()?, clock.now()).await?;
    let mut older = Vec::new();
    for adopted in store.policies().await? {
        older.push(PolicyFile::read(&adopted.bytes)?.policy(adopted.version)?);
    }
    let rules = Rules::new(policy.policy(version)?, older, policy.zone()?);
    Ok(Engine::new(store, rules))
}

/// How long a send of unknown outcome waits: always longer than a call may take.
fn grace(config: &Config) -> TimeDelta {
    let scale = |part: std::time::Duration| TimeDelta::from_std(part).unwrap_or(TimeDelta::MAX);
    if config.http_timeout == HTTP_TIMEOUT {
        scale(GRACE)
    } else {
        scale(config.http_timeout * 3)
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest)
        .split(['/', '?'])
        .next()
        .unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
