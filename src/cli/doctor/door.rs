//! What `doctor` checks of the bot's own address: that it can be had, or that the
//! bot is the one who has it. `--ready` asks the bot there whether it is ready.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Finding;
use crate::http::ALIVE;

/// A program on this machine answers at once, or isn't well.
const PATIENCE: Duration = Duration::from_secs(3);

/// More bytes than our own answers have.
const LONGEST: u64 = 4096;

/// Looks at who has the address.
pub(super) async fn examine(address: SocketAddr) -> Finding {
    const CHECK: &str = "address";
    const OTHER: &str = "choose another as `listen` in breakglass.toml";
    let Err(held) = TcpListener::bind(address).await else {
        return Finding::good(CHECK, format!("{address} is free; serve takes it"));
    };
    if held.kind() != io::ErrorKind::AddrInUse {
        return Finding::bad(CHECK, format!("{address} can't be had ({held})"), OTHER);
    }
    match ask(address, "/healthz").await {
        Ok((200, said)) if said == ALIVE => {
            Finding::good(CHECK, format!("the bot answers at {address}"))
        }
        Ok(_) | Err(_) => Finding::bad(
            CHECK,
            format!("another program listens at {address}"),
            format!("stop it, or {OTHER}"),
        ),
    }
}

/// Fails unless the bot answers that it is ready.
pub(super) async fn ready(address: SocketAddr) -> anyhow::Result<()> {
    match ask(address, "/readyz").await {
        Ok((200, _)) => Ok(()),
        Ok((_, said)) => bail!("{said}"),
        Err(why) => bail!("no bot answers at {address} ({why})"),
    }
}

/// Asks the bot at its address; returns the status and what it said.
async fn ask(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    tokio::time::timeout(PATIENCE, exchange(address, path))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn exchange(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(reachable(address)).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, body.trim_end().to_owned()))
}

/// Who listens at every address is reached at the machine's own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here: std::net::IpAddr = match address {
        _ if !address.ip().is_unspecified() => return address,
        SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(here, address.port())
}
