//! Two maps side by side: what is compared is nearly always one map with a later one of its kind.

use std::collections::BTreeMap;
use std::iter;

/// Each key that either has, in order, with what the two say of it.
pub fn side_by_side<'a, K: Ord, V, W>(
    one: &'a BTreeMap<K, V>,
    other: &'a BTreeMap<K, W>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a W>)> {
    let mut one = one.iter().peekable();
    let mut other = other.iter().peekable();
    iter::from_fn(move || {
        let (mine, theirs) = match (one.peek(), other.peek()) {
            (Some((key, _)), Some((other_key, _))) => (key <= other_key, key >= other_key),
            (mine, theirs) => (mine.is_some(), theirs.is_some()),
        };
        let mine = one.next_if(|_| mine);
        let theirs = other.next_if(|_| theirs);
        let mine_key = mine.map(|(key, _)| key);
        let key = mine_key.or_else(|| theirs.map(|(key, _)| key))?;
        Some((
            key,
            mine.map(|(_, value)| value),
            theirs.map(|(_, value)| value),
        ))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_comes_once_in_order_with_what_both_say(
            one: BTreeMap<u8, u16>,
            other: BTreeMap<u8, bool>,
        ) {
            let seen: Vec<_> = side_by_side(&one, &other).collect();
            prop_assert!(seen.is_sorted_by(|(key, ..), (next, ..)| key < next));
            for (key, mine, theirs) in &seen {
                prop_assert_eq!((one.get(key), other.get(key)), (*mine, *theirs));
            }
            let all = one.keys().chain(other.keys());
            prop_assert_eq!(seen.len(), all.collect::<std::collections::BTreeSet<_>>().len());
        }
    }
}
