//! Which server a command is for: the one that there is, or the node of a cluster, which servers tell of themselves.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::ConnectionInfo;

use crate::error::{Reason, RedisError};
use crate::node::Node;
use crate::slot_map::SlotMap;

pub(crate) struct Routes {
    first: Arc<Node>,
    /// The other hosts that were named. With one of them it is a cluster; otherwise it is one once a server says so.
    others: Vec<Arc<Node>>,
    state: Mutex<State>,
}

struct State {
    /// `None` until it is known to be a cluster.
    map: Option<SlotMap>,
    /// Whether to ask the cluster for its slots, when that was not done just before.
    is_stale: bool,
    asked_at: Option<Duration>,
}

/// Slots and who serves them: the host, which is empty for that of the node that says so, and the port.
pub(crate) struct Shard {
    pub(crate) slots: RangeInclusive<u16>,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Routes {
    pub(crate) fn new(infos: Vec<ConnectionInfo>) -> Result<Self, RedisError> {
        let mut nodes = infos.into_iter().map(|info| Node::new(info).map(Arc::new));
        let first = nodes.next().ok_or(RedisError::new(Reason::NoUrl))??;
        let others = nodes.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            state: Mutex::new(State {
                map: None,
                is_stale: !others.is_empty(),
                asked_at: None,
            }),
            first,
            others,
        })
    }

    pub(crate) fn is_cluster(&self) -> bool {
        !self.others.is_empty() || self.lock().map.is_some()
    }

    /// The one server, if that is what it is.
    pub(crate) fn only(&self) -> Option<Arc<Node>> {
        let is_cluster = self.is_cluster();
        (!is_cluster).then(|| Arc::clone(&self.first))
    }

    /// Whom to send what is in this slot of the cluster, or in none; nobody while nothing is known of it.
    pub(crate) fn node(&self, slot: Option<u16>, now: Duration) -> Option<Arc<Node>> {
        let state = self.lock();
        let map = state.map.as_ref()?;
        let owner = slot.and_then(|slot| map.owner(slot));
        let owner = owner.map(Arc::clone);
        owner.or_else(|| self.by_health(map.nodes(), now).into_iter().next())
    }

    /// The node there, for a slot that is on its way to it.
    pub(crate) fn node_at(&self, info: ConnectionInfo) -> Result<Arc<Node>, RedisError> {
        self.known_or_new(&self.lock(), info)
    }

    /// Learns that the slot is served there, and that others may have moved as well.
    pub(crate) fn moved(&self, slot: u16, info: ConnectionInfo) -> Result<Arc<Node>, RedisError> {
        let mut state = self.lock();
        let node = self.known_or_new(&state, info)?;
        state.is_stale = true;
        let map = state.map.get_or_insert_with(SlotMap::new);
        map.set(slot..=slot, &node);
        Ok(node)
    }

    /// A node has failed or takes no writes: another one may have taken over.
    pub(crate) fn suspect(&self) {
        self.lock().is_stale = true;
    }

    /// A server spoke of slots, so it is a cluster.
    pub(crate) fn is_found_to_be_cluster(&self) {
        let mut state = self.lock();
        state.is_stale = true;
        state.map.get_or_insert_with(SlotMap::new);
    }

    /// Whom to ask for the slots, if it is time to: one thread in a while, unless nobody knows anything.
    pub(crate) fn whom_to_ask(&self, now: Duration) -> Option<Vec<Arc<Node>>> {
        let mut state = self.lock();
        let is_unknown = state.map.is_none();
        if is_unknown && self.others.is_empty() || !state.is_stale {
            return None;
        }
        let is_due = |asked_at: Duration| now.saturating_sub(asked_at) >= PAUSE;
        if !is_unknown && !state.asked_at.is_none_or(is_due) {
            return None;
        }
        state.asked_at = Some(now);
        let known = state.map.as_ref().map_or(&[][..], SlotMap::nodes);
        Some(self.by_health(known, now))
    }

    /// What the cluster is now. Nodes that stay keep their connections.
    pub(crate) fn learn(&self, shards: &[Shard], from: &Node) -> Result<(), RedisError> {
        let mut state = self.lock();
        let mut map = SlotMap::new();
        for shard in shards {
            let info = from.sibling(&shard.host, shard.port);
            let node = match map.find(info.addr()) {
                Some(node) => Arc::clone(node),
                None => self.known_or_new(&state, info)?,
            };
            map.set(shard.slots.clone(), &node);
        }
        state.map = Some(map);
        state.is_stale = false;
        Ok(())
    }

    /// All nodes that commands may go to.
    pub(crate) fn nodes(&self) -> Vec<Arc<Node>> {
        let state = self.lock();
        let nodes = state.map.as_ref().map(SlotMap::nodes);
        let nodes = nodes.filter(|nodes| !nodes.is_empty());
        nodes.map_or_else(|| self.named().map(Arc::clone).collect(), <[_]>::to_vec)
    }

    /// Those that were well when they were last heard of come first, those that are left alone last.
    fn by_health(&self, known: &[Arc<Node>], now: Duration) -> Vec<Arc<Node>> {
        let nodes = known.iter().chain(self.named());
        let mut nodes: Vec<_> = nodes.map(Arc::clone).collect();
        nodes.sort_by_key(|node| (node.is_left_alone(now), !node.is_calm()));
        nodes
    }

    fn known_or_new(&self, state: &State, info: ConnectionInfo) -> Result<Arc<Node>, RedisError> {
        let known = state.map.as_ref().and_then(|map| map.find(info.addr()));
        let mut named = self.named();
        let known = known.or_else(|| named.find(|node| node.address() == info.addr()));
        known.map_or_else(
            || Node::new(info).map(Arc::new),
            |node| Ok(Arc::clone(node)),
        )
    }

    fn named(&self) -> impl Iterator<Item = &Arc<Node>> {
        [&self.first].into_iter().chain(&self.others)
    }

    /// Nothing that can panic runs under this lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a cluster is asked for its slots at most.
const PAUSE: Duration = Duration::from_secs(1);
