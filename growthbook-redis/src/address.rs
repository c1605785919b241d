//! URLs that name several hosts: `redis://user:password@a:7000,b:7001/`.

use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::error::{Reason, RedisError};

/// What the URL says of each of its hosts, and of more of them; all else is the same for all.
pub(crate) fn parse(url: &str, more: &[String]) -> Result<Vec<ConnectionInfo>, RedisError> {
    let parts = Parts::split(url);
    let more = more.iter().map(String::as_str);
    let hosts = parts.hosts.split(',').chain(more);
    let infos = hosts.map(|host| parse_one(&parts.with_host(host)));
    infos.collect()
}

/// The same server, credentials and kind of connection, at another address.
pub(crate) fn elsewhere(info: &ConnectionInfo, host: &str, port: u16) -> ConnectionInfo {
    let addr = match info.addr() {
        ConnectionAddr::TcpTls {
            insecure,
            tls_params,
            ..
        } => ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host.to_owned(), port),
    };
    info.clone().set_addr(addr)
}

fn parse_one(url: &str) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info();
    let info = info.map_err(|_| RedisError::new(Reason::NoUrl))?;
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

struct Parts<'a> {
    /// Up to the `@`, if there is one, else up to the hosts.
    head: &'a str,
    hosts: &'a str,
    tail: &'a str,
}

impl<'a> Parts<'a> {
    fn split(url: &'a str) -> Self {
        let scheme = url.find("://").map_or(0, |start| start + "://".len());
        let (_, rest) = url.split_at_checked(scheme).unwrap_or(("", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = authority.rfind('@').map_or(0, |at| at + 1);
        let (head, rest) = url.split_at_checked(scheme + user).unwrap_or(("", url));
        let hosts = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let tail = rest.strip_prefix(hosts).unwrap_or_default();
        Self { head, hosts, tail }
    }

    fn with_host(&self, host: &str) -> String {
        [self.head, host, self.tail].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str, more: &[&str]) -> Option<Vec<String>> {
        let more: Vec<String> = more.iter().copied().map(str::to_owned).collect();
        let infos = parse(url, &more).ok()?;
        let password = infos[0].redis_settings().password().map(str::to_owned);
        assert!(
            infos
                .iter()
                .all(|info| info.redis_settings().password() == password.as_deref())
        );
        Some(infos.iter().map(|info| info.addr().to_string()).collect())
    }

    #[test]
    fn a_url_names_one_host_or_several() {
        for (url, expected) in [
            ("redis://h", "h:6379"),
            ("redis://h:1/2", "h:1"),
            ("redis://:a,b@c:1,d:2", "c:1 d:2"),
            (
                "redis://u:p@a:1,b,[::1]:3/?protocol=resp3",
                "a:1 b:6379 ::1:3",
            ),
        ] {
            let addresses = addresses(url, &[]).unwrap();
            assert_eq!(addresses.join(" "), expected, "{url}");
        }
        let with_more = addresses("redis://:secret@a/", &["b:7"]).unwrap();
        assert_eq!(with_more, ["a:6379", "b:7"]);
        for url in ["", "redis://", "redis://a,", "redis://a:x,b", "a,b"] {
            assert!(addresses(url, &[]).is_none(), "{url}");
        }
        assert!(addresses("redis://a", &["b:port"]).is_none());
    }

    #[test]
    fn elsewhere_is_asked_as_here() {
        let infos = parse("redis://u:p@a:1/", &[]).unwrap();
        let there = elsewhere(&infos[0], "::1", 7);
        assert_eq!(there.addr(), &ConnectionAddr::Tcp("::1".to_owned(), 7));
        assert_eq!(there.redis_settings().password(), Some("p"));
        assert!(there.tcp_settings().nodelay());
        if cfg!(feature = "tls") {
            let infos = parse("rediss://a:1/#insecure", &[]).unwrap();
            let there = elsewhere(&infos[0], "b", 7);
            assert!(matches!(
                there.addr(),
                ConnectionAddr::TcpTls {
                    insecure: true,
                    port: 7,
                    ..
                }
            ));
        }
    }
}
