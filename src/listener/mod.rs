//! Listening sockets, one for each ring: resolves names to addresses, and sets each option before
//! or after binding, as it has to be. Unix sockets are in `path`.
//!
//! Called once for each start, on the caller's thread, so that a refusal is an error of the start.

mod path;

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::limits::ADDRESS_IN_USE_RETRY_MS;
pub use path::BoundPath;

/// Where to listen, and how.
#[derive(Debug, Clone)]
pub struct ListenOptions {
    /// TCP or a unix socket.
    pub place: Place,
    /// Connections that may wait to be accepted.
    pub backlog: i32,
    /// Lets other sockets with the same option listen on the same port (Linux 3.9).
    pub reuse_port: bool,
    /// An IPv6 listener refuses IPv4 connections.
    pub ipv6_only: bool,
}

/// TCP or a unix socket.
#[derive(Debug, Clone)]
pub enum Place {
    /// TCP.
    Port {
        /// A name or an address; `None` for all addresses, IPv6 and IPv4.
        host: Option<String>,
        /// 0 picks a free one.
        port: u16,
    },
    /// A unix socket; a path that begins with a NUL byte is in the abstract namespace (`unix(7)`).
    Path(PathBuf),
}

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP, with the port that was picked.
    Tcp(SocketAddr),
    /// A unix socket.
    Path(PathBuf),
}

/// Listening sockets in one place.
#[derive(Debug)]
pub struct Listeners {
    /// The sockets, as many as were asked for.
    pub sockets: Vec<OwnedFd>,
    /// Where they listen.
    pub address: Address,
    /// The file of a unix socket, to be removed before the sockets are closed.
    pub path: Option<Arc<BoundPath>>,
}

/// A listen that was refused.
#[derive(Debug)]
pub struct ListenError {
    /// The call that was refused, in Node's words: `listen` or `getaddrinfo`.
    pub syscall: &'static str,
    /// The error of the kernel or the resolver.
    pub error: io::Error,
    /// The address, path or name.
    pub address: String,
    /// The port, for TCP.
    pub port: Option<u16>,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.syscall, self.error, self.address)
    }
}

/// Binds and listens, with `count` sockets.
///
/// An address in use is tried again for a while: after a process was killed, the kernel takes its
/// ring apart some milliseconds after the process has ended, and closes the listener only then.
pub fn listen(options: &ListenOptions, count: usize) -> Result<Listeners, ListenError> {
    let give_up_at = Instant::now() + Duration::from_millis(ADDRESS_IN_USE_RETRY_MS);
    if let Place::Path(path) = &options.place
        && !path::is_abstract(path)
    {
        // Each try might connect to a server that listens, so it has its own waits.
        let listeners = path::listen(path, options.backlog, count, give_up_at);
        return listeners.map_err(|error| refused_path(path, error));
    }
    let mut pause = Duration::from_millis(1);
    loop {
        match listen_once(options, count) {
            Err(refused) if is_in_use(&refused.error) && Instant::now() < give_up_at => {
                thread::sleep(pause);
                pause *= 2;
            }
            other => return other,
        }
    }
}

fn listen_once(options: &ListenOptions, count: usize) -> Result<Listeners, ListenError> {
    match &options.place {
        Place::Path(path) => path::listen_abstract(path, options.backlog, count)
            .map_err(|error| refused_path(path, error)),
        Place::Port { host: None, port } => {
            let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port));
            match listen_on(any, options, count) {
                // A system without IPv6 listens on all IPv4 addresses, as `net.Server` does.
                Err(refused) if is_without_ipv6(&refused.error) && !options.ipv6_only => {
                    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port));
                    listen_on(any, options, count)
                }
                other => other,
            }
        }
        Place::Port {
            host: Some(host),
            port,
        } => {
            let bare = without_brackets(host);
            let listeners = listen_on(resolve(bare, *port)?, options, count);
            // The text as it was given: an unknown zone is not part of any address.
            listeners.map_err(|refused| match zoned(bare) {
                Some(_) => ListenError {
                    address: bare.to_owned(),
                    ..refused
                },
                None => refused,
            })
        }
    }
}

/// An IPv6 address may be in brackets, as in a URL.
fn without_brackets(host: &str) -> &str {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.filter(|bare| bare.contains(':')).unwrap_or(host)
}

/// The address in `fe80::1%eth0`.
fn zoned(host: &str) -> Option<Ipv6Addr> {
    host.split_once('%')?.0.parse().ok()
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, ListenError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SocketAddr::from((address, port)));
    }
    if let Some(address) = zoned(host) {
        // The resolver knows the interfaces. An unknown zone is ignored, as `net.Server` does, and
        // the kernel refuses an address that needs one.
        let found = (host, port).to_socket_addrs().ok();
        let address = SocketAddr::from((address, port));
        return Ok(found.and_then(|mut found| found.next()).unwrap_or(address));
    }
    let not_found = |error| ListenError {
        syscall: "getaddrinfo",
        error,
        address: host.to_owned(),
        port: Some(port),
    };
    let mut addresses = (host, port).to_socket_addrs().map_err(not_found)?;
    addresses
        .next()
        .ok_or_else(|| not_found(io::ErrorKind::NotFound.into()))
}

/// The address without its port, as `net.Server` gives it: with its zone if it has one.
#[must_use]
pub fn host(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() > 0 && v6.ip().is_unicast_link_local() => {
            let zone = interface(v6.scope_id()).unwrap_or_else(|| v6.scope_id().to_string());
            format!("{}%{zone}", v6.ip())
        }
        other => other.ip().to_string(),
    }
}

/// The name of an interface that has an IPv6 address. A line is an address, the interface's number
/// in hexadecimal, the prefix, the scope, the flags and the name (`proc(5)`).
fn interface(index: u32) -> Option<String> {
    let addresses = fs::read_to_string("/proc/net/if_inet6").ok()?;
    addresses.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let number = u32::from_str_radix(fields.nth(1)?, 16).ok()?;
        (number == index).then(|| fields.last().map(str::to_owned))?
    })
}

/// Binds the first socket as if it were the only one, so that an address in use is refused whatever
/// the other server's options are. Only then the others may share its port, and the kernel spreads
/// connections over all of them.
fn listen_on(
    address: SocketAddr,
    options: &ListenOptions,
    count: usize,
) -> Result<Listeners, ListenError> {
    let listen = || {
        let first = listen_on_tcp(address, options, options.reuse_port)?;
        let local = first.local_addr()?.as_socket().unwrap_or(address);
        if count > 1 {
            first.set_reuse_port(true)?;
        }
        let mut sockets = vec![OwnedFd::from(first)];
        while sockets.len() < count {
            sockets.push(listen_on_tcp(local, options, true)?.into());
        }
        Ok(Listeners {
            sockets,
            address: Address::Tcp(local),
            path: None,
        })
    };
    listen().map_err(|error| ListenError {
        syscall: "listen",
        error,
        address: host(&address),
        port: Some(address.port()),
    })
}

fn listen_on_tcp(
    address: SocketAddr,
    options: &ListenOptions,
    reuse_port: bool,
) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for old connections in TIME_WAIT; libuv does the same.
    socket.set_reuse_address(true)?;
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        socket.set_only_v6(options.ipv6_only)?;
    }
    // Accepted sockets inherit it: an answer leaves at once, and not only when the previous one is
    // acknowledged.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(options.backlog)?;
    Ok(socket)
}

fn refused_path(path: &Path, error: io::Error) -> ListenError {
    ListenError {
        syscall: "listen",
        error,
        address: path.to_string_lossy().into_owned(),
        port: None,
    }
}

fn is_in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrInUse
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(host_as_given: &str) -> String {
        host(&resolve(without_brackets(host_as_given), 80).unwrap())
    }

    #[test]
    fn an_address_keeps_its_zone_in_brackets_and_without() {
        // Every container has `lo`, with this number.
        let text = fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
        let lo: u32 = text.trim().parse().unwrap();
        for host in ["fe80::1%lo", "[fe80::1%lo]"] {
            let SocketAddr::V6(address) = resolve(without_brackets(host), 80).unwrap() else {
                panic!("an IPv6 address");
            };
            assert_eq!(address.scope_id(), lo, "{host}");
        }
        // Without IPv6 on `lo`, only its number is known.
        let zone = interface(lo).unwrap_or(text.trim().to_owned());
        assert_eq!(resolved("[fe80::1%lo]"), format!("fe80::1%{zone}"));
    }

    #[test]
    fn an_unknown_zone_and_one_of_an_address_without_zones_are_dropped() {
        assert_eq!(resolved("fe80::1%no-such-zone"), "fe80::1");
        assert_eq!(resolved("::1%lo"), "::1");
    }

    #[test]
    fn only_an_ipv6_address_may_be_in_brackets() {
        assert_eq!(resolved("[::1]"), "::1");
        assert_eq!(without_brackets("[localhost]"), "[localhost]");
        assert_eq!(without_brackets("[127.0.0.1]"), "[127.0.0.1]");
    }
}
