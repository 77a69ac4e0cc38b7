//! Misbehaviour acted out: calls that are refused, lost, late, or done without a word.
//! Which call goes wrong was chosen before; here it does.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{Call, Failure, answer, apply, record};
use crate::sandbox::connections::ConnectionId;
use crate::sandbox::misbehave::{CallFault, StruckCall};
use crate::sandbox::state::{OpenCall, Shared};

/// A silent call is cut off after this long, so that a client without a timeout does not leak.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Acts a fault out.
pub(super) async fn misbehave(
    shared: &Arc<Shared>,
    connection: ConnectionId,
    open: OpenCall,
    call: Call,
    struck: StruckCall,
) -> Response {
    let unapplied = |outcome: &str| {
        shared.with(|state| record(state, open.id, &call, outcome.to_owned(), false));
    };
    match struck.fault {
        CallFault::Ratelimited => {
            unapplied("ratelimited");
            let failure = Failure::TooSoon {
                retry_after_s: struck.retry_after_s,
            };
            shared
                .peek(|state| answer(state, None, Err(failure)))
                .into_response()
        }
        CallFault::ServerError => {
            unapplied("server_error");
            broken(struck.status)
        }
        CallFault::Silence => {
            unapplied("silence");
            silence(shared, connection, open).await
        }
        CallFault::Late => {
            let shared_later = Arc::clone(shared);
            shared.spawn(async move {
                tokio::time::sleep(Duration::from_millis(struck.delay_ms)).await;
                drop(apply(&shared_later, open.id, &call, Some("late")));
                shared_later.with(|state| state.clock.tick());
                drop(open);
            });
            broken(struck.status)
        }
        CallFault::AppliedThenSilence => {
            drop(apply(shared, open.id, &call, Some("applied_then_silence")));
            silence(shared, connection, open).await
        }
        CallFault::DropConnection => {
            unapplied("drop_connection");
            hang_up(shared, connection).await
        }
        CallFault::AppliedThenDrop => {
            drop(apply(shared, open.id, &call, Some("applied_then_drop")));
            hang_up(shared, connection).await
        }
    }
}

pub(super) fn broken(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    (
        status,
        "something broke inside the sandbox, as it was told to",
    )
        .into_response()
}

/// Says nothing for as long as the client stays, but no longer than a minute; the call stays under way meanwhile.
pub(super) async fn silence(
    shared: &Arc<Shared>,
    connection: ConnectionId,
    open: OpenCall,
) -> Response {
    tokio::time::sleep(LONGEST_SILENCE).await;
    drop(open);
    hang_up(shared, connection).await
}

/// Ends the connection without an answer.
pub(super) async fn hang_up(shared: &Arc<Shared>, connection: ConnectionId) -> Response {
    shared.connections.cut(connection);
    // The connection's end drops this handler; there is nothing to return.
    std::future::pending().await
}
