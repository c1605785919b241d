//! Which groups lead back to themselves: Tarjan's strongly connected components, with a stack of its own.

/// The strongly connected components of a graph whose nodes are numbered from zero.
#[derive(Debug)]
pub(super) struct Components {
    component: Vec<u32>,
    cyclic: Vec<bool>,
    order: Vec<u32>,
}

impl Components {
    /// `edges` lists, for each node, the nodes that it leads to.
    pub(super) fn of(edges: &[Box<[u32]>]) -> Self {
        let mut search = Search {
            edges,
            marks: vec![Mark::default(); edges.len()],
            open: Vec::new(),
            path: Vec::new(),
            visited: 0,
            found: Self {
                component: vec![0; edges.len()],
                cyclic: vec![false; edges.len()],
                order: Vec::with_capacity(edges.len()),
            },
        };
        for (root, _) in (0..).zip(edges) {
            search.run(root);
        }
        search.found
    }

    /// Whether the node can be reached from itself.
    pub(super) fn is_cyclic(&self, node: u32) -> bool {
        self.cyclic.get(node as usize) == Some(&true)
    }

    /// Whether each of the two nodes can be reached from the other.
    pub(super) fn are_connected(&self, left: u32, right: u32) -> bool {
        self.component.get(left as usize) == self.component.get(right as usize)
    }

    /// All nodes, each component after those that it leads to.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }
}

struct Search<'e> {
    edges: &'e [Box<[u32]>],
    marks: Vec<Mark>,
    /// Visited nodes whose component is not complete.
    open: Vec<u32>,
    /// The way from the root to the node at hand, with the number of edges followed from each node.
    path: Vec<(u32, usize)>,
    visited: u32,
    found: Components,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    /// In what order nodes were visited, from one; zero for those that were not.
    visited: u32,
    /// The earliest open node that can be reached.
    low: u32,
    is_open: bool,
}

impl Search<'_> {
    fn run(&mut self, root: u32) {
        if self.mark(root).visited == 0 {
            self.enter(root);
        }
        while let Some((node, followed)) = self.path.last_mut() {
            let node = *node;
            let edges = self.edges.get(node as usize);
            let Some(next) = edges.and_then(|edges| edges.get(*followed)).copied() else {
                self.leave(node);
                continue;
            };
            *followed += 1;
            if next == node
                && let Some(cyclic) = self.found.cyclic.get_mut(node as usize)
            {
                *cyclic = true;
            }
            let mark = self.mark(next);
            if mark.visited == 0 {
                self.enter(next);
            } else if mark.is_open {
                self.lower(node, mark.visited);
            }
        }
    }

    fn enter(&mut self, node: u32) {
        self.visited += 1;
        if let Some(mark) = self.marks.get_mut(node as usize) {
            *mark = Mark {
                visited: self.visited,
                low: self.visited,
                is_open: true,
            };
            self.open.push(node);
            self.path.push((node, 0));
        }
    }

    fn leave(&mut self, node: u32) {
        self.path.pop();
        let Mark { visited, low, .. } = self.mark(node);
        if let Some((parent, _)) = self.path.last() {
            self.lower(*parent, low);
        }
        if low == visited {
            self.complete(node);
        }
    }

    /// Everything visited since `first` is one component.
    fn complete(&mut self, first: u32) {
        let is_alone = self.open.last() == Some(&first);
        while let Some(node) = self.open.pop() {
            let place = node as usize;
            if let Some(mark) = self.marks.get_mut(place) {
                mark.is_open = false;
            }
            if let Some(component) = self.found.component.get_mut(place) {
                *component = first;
            }
            if let Some(cyclic) = self.found.cyclic.get_mut(place) {
                *cyclic |= !is_alone;
            }
            self.found.order.push(node);
            if node == first {
                return;
            }
        }
    }

    fn lower(&mut self, node: u32, low: u32) {
        if let Some(mark) = self.marks.get_mut(node as usize) {
            mark.low = mark.low.min(low);
        }
    }

    /// A node that is not there looks like one that is done with.
    fn mark(&self, node: u32) -> Mark {
        let done = Mark {
            visited: u32::MAX,
            ..Mark::default()
        };
        self.marks.get(node as usize).copied().unwrap_or(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn components(edges: &[&[u32]]) -> Components {
        let edges: Vec<Box<[u32]>> = edges.iter().map(|to| (*to).into()).collect();
        Components::of(&edges)
    }

    #[test]
    fn cycles_are_told_from_what_leads_into_and_out_of_them() {
        // 0 -> 1 <-> 2 -> 3 -> 3, 4 alone
        let found = components(&[&[1], &[2], &[1, 3], &[3], &[]]);
        let cyclic: Vec<bool> = (0..5).map(|node| found.is_cyclic(node)).collect();
        assert_eq!(cyclic, [false, true, true, true, false]);
        assert!(found.are_connected(1, 2));
        assert!(!found.are_connected(0, 1));
        assert!(!found.are_connected(2, 3));
        assert_eq!(found.order(), [3, 2, 1, 0, 4]);
    }

    #[test]
    fn two_cycles_that_share_a_node_are_one() {
        let found = components(&[&[1], &[0, 2], &[1]]);
        assert!(found.are_connected(0, 2));
    }

    #[test]
    fn edges_to_nowhere_do_no_harm() {
        assert!(!components(&[&[7]]).is_cyclic(0));
        assert!(!components(&[]).is_cyclic(0));
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let last = 200_000;
        let edges: Vec<Box<[u32]>> = (0..=last).map(|it| [(it + 1).min(last)].into()).collect();
        let found = Components::of(&edges);
        assert!(found.is_cyclic(last));
        assert!(!found.is_cyclic(0));
        assert_eq!(found.order().first(), Some(&last));
    }
}
