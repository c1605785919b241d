//! A stack whose first items need no allocation.

/// Holds up to `N` items in place, and more on the heap.
///
/// Evaluation walks conditions with an explicit stack, so that a chain of a thousand saved groups cannot overflow a small
/// thread's; real conditions nest a few levels, and those must not allocate.
#[derive(Debug)]
pub(crate) struct Stack<T, const N: usize> {
    near: [Option<T>; N],
    len: usize,
    far: Vec<T>,
}

impl<T: Copy, const N: usize> Stack<T, N> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            near: [None; N],
            len: 0,
            far: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        if let Some(slot) = self.near.get_mut(self.len) {
            *slot = Some(item);
            self.len += 1;
        } else {
            self.far.push(item);
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if let Some(item) = self.far.pop() {
            return Some(item);
        }
        let last = self.len.checked_sub(1)?;
        self.len = last;
        self.near.get_mut(last).and_then(Option::take)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len + self.far.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.near.iter().take(self.len).flatten().chain(&self.far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_in_reverse_from_both_halves() {
        let mut stack = Stack::<u32, 2>::new();
        for item in 0..5 {
            stack.push(item);
        }
        assert_eq!(stack.len(), 5);
        assert_eq!(stack.iter().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(
            std::iter::from_fn(|| stack.pop()).collect::<Vec<_>>(),
            [4, 3, 2, 1, 0]
        );
        assert_eq!(stack.pop(), None);
        stack.push(7);
        assert_eq!(stack.pop(), Some(7));
    }
}
