//! Which node of a cluster serves which slot, as far as that is known.

use std::ops::RangeInclusive;
use std::sync::Arc;

use redis::ConnectionAddr;

use crate::node::Node;
use crate::slot::SLOTS;

pub(crate) struct SlotMap {
    nodes: Vec<Arc<Node>>,
    /// For each slot, its node's place in the list.
    owners: Vec<u16>,
}

impl SlotMap {
    /// Of a cluster of which nothing is known.
    pub(crate) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            owners: vec![NOBODY; usize::from(SLOTS)],
        }
    }

    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    pub(crate) fn find(&self, address: &ConnectionAddr) -> Option<&Arc<Node>> {
        self.nodes.iter().find(|node| node.address() == address)
    }

    pub(crate) fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        let place = self.owners.get(usize::from(slot))?;
        self.nodes.get(usize::from(*place))
    }

    /// From a server's mouth: what is out of bounds is left out, and so is a node beyond the most that are kept.
    pub(crate) fn set(&mut self, slots: RangeInclusive<u16>, node: &Arc<Node>) {
        let Some(place) = self.place(node) else {
            return;
        };
        for slot in slots {
            if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
                *owner = place;
            }
        }
    }

    fn place(&mut self, node: &Arc<Node>) -> Option<u16> {
        let known = self.nodes.iter().position(|it| Arc::ptr_eq(it, node));
        let place = known.unwrap_or(self.nodes.len());
        if place >= MOST_NODES {
            return None;
        }
        if known.is_none() {
            self.nodes.push(Arc::clone(node));
        }
        u16::try_from(place).ok()
    }
}

/// More than the thousand that Redis Cluster is made for.
const MOST_NODES: usize = 2_000;
const NOBODY: u16 = u16::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::parse;

    fn node(url: &str) -> Arc<Node> {
        let info = parse(url, &[]).unwrap().remove(0);
        Arc::new(Node::new(info).unwrap())
    }

    fn owner(map: &SlotMap, slot: u16) -> String {
        map.owner(slot)
            .map_or_else(String::new, |node| node.address().to_string())
    }

    #[test]
    fn slots_have_the_owner_that_was_named_last() {
        let (a, b) = (node("redis://a"), node("redis://b"));
        let mut map = SlotMap::new();
        assert_eq!(owner(&map, 0), "");
        map.set(0..=8_000, &a);
        map.set(8_001..=u16::MAX, &b);
        map.set(5..=5, &b);
        map.set(u16::MAX..=u16::MAX, &a);
        #[expect(clippy::reversed_empty_ranges, reason = "a server may say that")]
        map.set(9..=7, &b);
        let slots = [0, 4, 5, 6, 8, 8_000, 8_001, 16_383, 16_384];
        let owners = slots.map(|slot| owner(&map, slot).replace(":6379", ""));
        assert_eq!(owners.join(" "), "a a b a a a b b ");
        assert_eq!(map.nodes().len(), 2);
        assert!(map.find(b.address()).is_some_and(|it| Arc::ptr_eq(it, &b)));
    }
}
