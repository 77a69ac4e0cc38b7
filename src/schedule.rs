//! Wakes the bot once a minute.
//!
//! tokio-cron-scheduler only says *look*; what is due stands in the database.
//! Its jobs run in UTC and at a fixed pace, because it keeps one offset for ever
//! and forgets what it slept through; neither can hurt here.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// At second 0 of every minute.
const EVERY_MINUTE: &str = "0 * * * * *";

/// Starts to wake `wake` once a minute, until the scheduler is dropped.
pub async fn start(wake: Arc<Notify>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    scheduler
        .add(Job::new(EVERY_MINUTE, move |_, _| wake.notify_one())?)
        .await?;
    scheduler.start().await?;
    Ok(scheduler)
}
