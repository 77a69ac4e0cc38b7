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

/// Starts to wake these once a minute, until the scheduler is dropped.
pub async fn start(wakes: Vec<Arc<Notify>>) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    let look = move |_, _: JobScheduler| wakes.iter().for_each(|wake| wake.notify_one());
    scheduler.add(Job::new(EVERY_MINUTE, look)?).await?;
    scheduler.start().await?;
    Ok(scheduler)
}
