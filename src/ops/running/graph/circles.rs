//! Things that need each other, directly or around several corners.

/// The circles of a graph with `count` nodes: each is a group in which every node leads to every other.
///
/// Two walks, the second backwards in the order the first one ended in; both without recursion, since a chain may be as
/// long as there are packages.
pub(super) fn find(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut forth = vec![Vec::new(); count];
    let mut back = vec![Vec::new(); count];
    for (from, to) in edges {
        forth[*from].push(*to);
        back[*to].push(*from);
    }
    let mut seen = vec![false; count];
    let mut ended = Vec::with_capacity(count);
    for start in 0..count {
        walk(start, &forth, &mut seen, &mut ended);
    }
    let mut seen = vec![false; count];
    let mut circles = Vec::new();
    for start in ended.into_iter().rev() {
        let mut group = Vec::new();
        walk(start, &back, &mut seen, &mut group);
        let is_circle = group.len() > 1 || group.iter().any(|it| forth[*it].contains(it));
        if is_circle {
            group.sort_unstable();
            circles.push(group);
        }
    }
    circles.sort();
    circles
}

/// Visits what can be reached and was not yet; `ended` gets each node after those it leads to.
fn walk(start: usize, next: &[Vec<usize>], seen: &mut [bool], ended: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    let mut way = vec![(start, 0)];
    while let Some((node, at)) = way.last_mut() {
        if let Some(to) = next[*node].get(*at) {
            *at += 1;
            if !std::mem::replace(&mut seen[*to], true) {
                way.push((*to, 0));
            }
        } else {
            ended.push(*node);
            way.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_node_that_leads_to_itself_is_a_circle() {
        assert_eq!(find(2, &[(0, 0), (0, 1)]), [[0]]);
        assert!(find(3, &[(0, 1), (1, 2), (0, 2)]).is_empty());
    }

    /// Whether each node reaches each, by trying all.
    fn reaches(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<bool>> {
        let mut reaches = vec![vec![false; count]; count];
        for (from, to) in edges {
            reaches[*from][*to] = true;
        }
        for by in 0..count {
            for from in 0..count {
                for to in 0..count {
                    reaches[from][to] |= reaches[from][by] && reaches[by][to];
                }
            }
        }
        reaches
    }

    proptest! {
        #[test]
        fn circles_are_what_reaches_itself(
            edges in prop::collection::vec((0usize..9, 0usize..9), 0..20)
        ) {
            let all = reaches(9, &edges);
            let circles = find(9, &edges);
            let of = |node: usize| circles.iter().position(|it| it.contains(&node));
            for (one, row) in all.iter().enumerate() {
                prop_assert_eq!(of(one).is_some(), row[one]);
                for (other, back) in all.iter().enumerate() {
                    let together = of(one).is_some() && of(one) == of(other);
                    prop_assert_eq!(together, row[other] && back[one]);
                }
            }
        }
    }
}
