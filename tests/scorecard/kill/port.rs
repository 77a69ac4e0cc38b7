//! An address for the bot that nobody else is given.
//!
//! A request URL is named before the bot starts, and the bot comes back to the
//! same address after it was ended. A port that was found free and let go may be
//! anybody's by then: the next listener's that leaves the choice to the system,
//! or a connection's own end. The stories, the kills and the benchmark take it
//! from here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// An address on this machine, kept for as long as this lives.
#[derive(Debug)]
pub(crate) struct Port {
    /// Where the bot is to listen.
    pub(crate) address: SocketAddr,
    /// Bound and never listening: Linux lets a listener that may reuse the address
    /// join it, as the bot's may, and gives the port to nobody who didn't ask for it.
    _held: TcpSocket,
}

impl Port {
    /// Lets the system choose one.
    pub(crate) fn take() -> io::Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.set_reuseaddr(true)?;
        held.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self {
            address: held.local_addr()?,
            _held: held,
        })
    }
}
