//! Fingerprints of completed tasks that left the document: for good, so there may be many more of them than tasks.
//!
//! In shares that are copied only when they are written while a snapshot has them: a change beside one copies a
//! two-hundred-and-fifty-sixth of them, not all.
use alloc::{collections::BTreeSet, sync::Arc, vec::Vec};

use crate::id::Fingerprint;

#[derive(Clone, Debug, Default)]
pub(crate) struct Pruned {
    /// By the first byte, so that their order is that of the fingerprints; empty while there are none.
    shares: Vec<Arc<BTreeSet<Fingerprint>>>,
    len: usize,
    of_ids: usize,
}

impl Pruned {
    pub(crate) fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.shares.get(share(fingerprint)).is_some_and(|share| share.contains(&fingerprint))
    }

    pub(crate) fn insert(&mut self, fingerprint: Fingerprint) {
        if self.shares.is_empty() {
            self.shares.resize_with(256, Arc::default);
        }
        if let Some(share) = self.shares.get_mut(share(fingerprint))
            && Arc::make_mut(share).insert(fingerprint)
        {
            self.len += 1;
            self.of_ids += usize::from(fingerprint.is_of_id());
        }
    }

    pub(crate) fn remove(&mut self, fingerprint: Fingerprint) {
        if let Some(share) = self.shares.get_mut(share(fingerprint))
            && share.contains(&fingerprint)
        {
            Arc::make_mut(share).remove(&fingerprint);
            self.len -= 1;
            self.of_ids -= usize::from(fingerprint.is_of_id());
        }
    }

    /// How many of them are of ids: one for each task.
    pub(crate) fn of_ids(&self) -> usize {
        self.of_ids
    }

    /// Ascending.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Fingerprint> {
        Iter { left: self.len, inner: self.shares.iter().flat_map(|share| share.iter()) }
    }
}

fn share(fingerprint: Fingerprint) -> usize {
    usize::from(fingerprint.0[0])
}

struct Iter<I> {
    inner: I,
    left: usize,
}

impl<I: Iterator> Iterator for Iter<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let next = self.inner.next()?;
        self.left -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Iter<I> {}

impl FromIterator<Fingerprint> for Pruned {
    fn from_iter<T: IntoIterator<Item = Fingerprint>>(fingerprints: T) -> Self {
        let mut pruned = Self::default();
        fingerprints.into_iter().for_each(|fingerprint| pruned.insert(fingerprint));
        pruned
    }
}

impl PartialEq for Pruned {
    /// Shares that became empty again don't count.
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set_in_order(changes in prop::collection::vec((any::<bool>(), 0u8..4, 0u8..4), 0..60)) {
            let (mut pruned, mut model) = (Pruned::default(), BTreeSet::new());
            for (goes_in, first, last) in changes {
                let mut bytes = [first; 16];
                bytes[15] = last;
                let fingerprint = Fingerprint(bytes);
                if goes_in {
                    pruned.insert(fingerprint);
                    model.insert(fingerprint);
                } else {
                    pruned.remove(fingerprint);
                    model.remove(&fingerprint);
                }
                prop_assert_eq!(pruned.contains(fingerprint), goes_in);
            }
            prop_assert_eq!(pruned.iter().len(), model.len());
            prop_assert_eq!(pruned.of_ids(), model.iter().filter(|one| one.is_of_id()).count());
            prop_assert!(pruned.iter().eq(model.iter()));
            prop_assert_eq!(pruned, model.into_iter().collect());
        }
    }

    #[test]
    fn a_copy_does_not_see_later_changes() {
        let (one, two) = (Fingerprint([1; 16]), Fingerprint([2; 16]));
        let mut pruned: Pruned = [one].into_iter().collect();
        let copy = pruned.clone();
        pruned.insert(two);
        pruned.remove(one);
        assert!(copy.contains(one) && !copy.contains(two));
    }
}
