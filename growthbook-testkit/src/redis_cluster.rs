//! A Redis Cluster of a test's own.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::redis::{RedisServer, RedisServerBuilder};

/// A real Redis Cluster: three masters, each a [`RedisServer`] that can be killed, paused and started again, and as many
/// replicas as are added. Slots move when the test says so, and a replica takes over when it is told to. Dropping it ends
/// all of them.
///
/// # Example
///
/// ```no_run
/// use growthbook_testkit::{RedisCluster, RedisServer};
///
/// let cluster = RedisCluster::start(RedisServer::builder())?;
/// let slot = cluster.slot("greeting")?;
/// let from = cluster.owner(slot)?;
/// let to = (from + 1) % 3;
/// cluster.begin_move(slot, from, to)?;
/// cluster.finish_move(slot, from, to)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisCluster {
    builder: RedisServerBuilder,
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts three masters that have a third of the slots each, and waits until all of them serve.
    ///
    /// # Errors
    ///
    /// When there is no program, see [`RedisServer::program`], or the nodes do not find together.
    pub fn start(builder: RedisServerBuilder) -> io::Result<Self> {
        let builder = builder.node();
        let nodes = (0..MASTERS).map(|_| builder.clone().start());
        let nodes = nodes.collect::<io::Result<Vec<_>>>()?;
        let cluster = Self { builder, nodes };
        for (number, node) in (0..).zip(&cluster.nodes) {
            let [first, next] = [number, number + 1].map(|number| number * SLOTS / MASTERS);
            let [first, last] = [first, next - 1].map(|slot| slot.to_string());
            node.ask(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])?;
            cluster.introduce(node)?;
        }
        cluster.wait_until_all_serve()?;
        Ok(cluster)
    }

    /// The URL of the first node, without a password.
    pub fn url(&self) -> String {
        self.nodes.first().map(RedisServer::url).unwrap_or_default()
    }

    /// Where the nodes listen, as `host:port`, masters first.
    pub fn hosts(&self) -> Vec<String> {
        let addresses = self.nodes.iter().map(RedisServer::address);
        addresses.map(|address| address.to_string()).collect()
    }

    /// One of the nodes: 0 to 2 are the masters that it began with.
    ///
    /// # Panics
    ///
    /// When there are not so many.
    pub fn node(&mut self, number: usize) -> &mut RedisServer {
        let known = self.nodes.len();
        let node = self.nodes.get_mut(number);
        #[expect(clippy::panic, reason = "a mistake in a test")]
        node.unwrap_or_else(|| panic!("there are {known} nodes, and none with number {number}"))
    }

    /// The slot of a key.
    ///
    /// # Errors
    ///
    /// When no node answers.
    pub fn slot(&self, key: &str) -> io::Result<u16> {
        let slot = self.ask_any(&["CLUSTER", "KEYSLOT", key])?;
        slot.parse().map_err(io::Error::other)
    }

    /// Which master had the slot in the beginning.
    ///
    /// # Errors
    ///
    /// When there is no such slot.
    pub fn owner(&self, slot: u16) -> io::Result<usize> {
        let owns = |number: &usize| usize::from(slot) < (number + 1) * SLOTS / MASTERS;
        let none = || io::Error::other("there is no such slot");
        (0..MASTERS).find(owns).ok_or_else(none)
    }

    /// Begins to move a slot: its keys stay where they are, and for those that are not there clients are told to ask at the
    /// other node.
    ///
    /// # Errors
    ///
    /// When a node refuses.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let (from, to, slot) = (self.at(from)?, self.at(to)?, slot.to_string());
        to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id(from)?])?;
        from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id(to)?])?;
        Ok(())
    }

    /// Moves the slot's keys, which takes no password, and says to all masters who has it now.
    ///
    /// # Errors
    ///
    /// When a node refuses.
    pub fn finish_move(&self, slot: u16, from: usize, to: usize) -> io::Result<()> {
        let (from, to, slot) = (self.at(from)?, self.at(to)?, slot.to_string());
        let keys = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "1000"])?;
        let port = to.address().port().to_string();
        for key in keys.lines() {
            from.ask(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"])?;
        }
        let owner = id(to)?;
        // Whoever gets it comes first, so that it is somebody's at any time.
        to.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &owner])?;
        for node in self.nodes.iter().take(MASTERS) {
            node.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &owner])?;
        }
        Ok(())
    }

    /// Adds a replica of a master and gives its number, once it has all that the master has.
    ///
    /// # Errors
    ///
    /// When it does not start, or does not get there.
    pub fn add_replica(&mut self, master: usize) -> io::Result<usize> {
        let replica = self.builder.clone().start()?;
        let number = self.nodes.len();
        self.introduce(&replica)?;
        self.nodes.push(replica);
        self.wait_until_all_serve()?;
        let (replica, master) = (self.at(number)?, self.at(master)?);
        let master = id(master)?;
        replica.ask(&["CLUSTER", "REPLICATE", &master])?;
        eventually("the replica does not follow", || {
            let role = replica.ask(&["ROLE"])?;
            Ok(role.lines().any(|line| line == "connected"))
        })?;
        Ok(number)
    }

    /// Makes a replica the master of its slots, whether its master is there or not, and waits until all that answer know.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub fn promote(&self, replica: usize) -> io::Result<()> {
        let replica = self.at(replica)?;
        replica.ask(&["CLUSTER", "FAILOVER", "TAKEOVER"])?;
        let port = replica.address().port().to_string();
        let is_master = |nodes: &str| {
            let mut nodes = nodes.lines();
            nodes.any(|node| node.contains(&format!(":{port}@")) && node.contains("master"))
        };
        eventually("the replica does not take over", || {
            let answers = self
                .nodes
                .iter()
                .map(|node| node.ask(&["CLUSTER", "NODES"]));
            Ok(answers.flatten().all(|nodes| is_master(&nodes)))
        })
    }

    fn introduce(&self, node: &RedisServer) -> io::Result<()> {
        let port = self.at(0)?.address().port().to_string();
        if port != node.address().port().to_string() {
            node.ask(&["CLUSTER", "MEET", "127.0.0.1", &port])?;
        }
        Ok(())
    }

    fn wait_until_all_serve(&self) -> io::Result<()> {
        let known = format!("cluster_known_nodes:{}\r\n", self.nodes.len());
        let signs = ["cluster_state:ok", "cluster_slots_ok:16384", &known];
        eventually("the nodes do not find together", || {
            for node in &self.nodes {
                let about = node.ask(&["CLUSTER", "INFO"])?;
                if !signs.iter().all(|sign| about.contains(sign)) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn ask_any(&self, words: &[&str]) -> io::Result<String> {
        let mut answers = self.nodes.iter().filter_map(|node| node.ask(words).ok());
        let none = || io::Error::other("no node answers");
        answers.next().ok_or_else(none)
    }

    fn at(&self, number: usize) -> io::Result<&RedisServer> {
        let node = self.nodes.get(number);
        node.ok_or_else(|| io::Error::other("there is no such node"))
    }
}

fn id(node: &RedisServer) -> io::Result<String> {
    node.ask(&["CLUSTER", "MYID"])
}

fn eventually(complaint: &str, is_so: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        if is_so()? {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::other(complaint.to_owned()))
}

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;
const LIMIT: Duration = Duration::from_secs(30);
