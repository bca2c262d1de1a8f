//! Why there is no choice, in sentences: who needs what, and what of it there is not.
//!
//! What the solver proves may stand on hundreds of requirements, since it looks at every version of everybody. People
//! want to know where it breaks and how they came there: so each place where requirements do not meet is told, with the
//! shortest way from what is asked for to each of them.

mod sentence;
mod story;

use std::collections::HashSet;

use pubgrub::DerivationTree;
use pubgrub::External;

use super::Numbers;
use super::Provider;
use story::Story;
use story::Told;

/// The most sentences; the rest is the same story again.
const MOST: usize = 12;

type Tree = DerivationTree<String, Numbers, String>;

/// What a proof begins with.
type Leaf = External<String, Numbers, String>;

/// One sentence for each requirement that takes part, from what is asked for to what is not there.
pub(super) fn explain(provider: &Provider<'_>, tree: &Tree) -> Vec<String> {
    let leaves = leaves(tree);
    let story = Story::of(&leaves, |leaf| sentence::is_none(provider, leaf));
    let (ways, breaks) = story.told();
    let say = |told: Vec<Told<'_>>| {
        let mut sentences: Vec<String> = Vec::new();
        for sentence in told.into_iter().flat_map(|it| sentence::of(provider, it)) {
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    };
    let (mut ways, mut breaks) = (say(ways), say(breaks));
    shorten(&mut breaks, MOST, "like these");
    shorten(
        &mut ways,
        MOST.saturating_sub(breaks.len()).max(1),
        "on the way",
    );
    ways.append(&mut breaks);
    ways
}

/// Keeps the first `most`, and says how many more there are.
fn shorten(sentences: &mut Vec<String>, most: usize, what: &str) {
    let more = sentences.len().saturating_sub(most);
    sentences.truncate(most);
    if more > 0 {
        sentences.push(format!("and {more} more {what}"));
    }
}

fn leaves(tree: &Tree) -> Vec<&Leaf> {
    let mut leaves = Vec::new();
    let mut waiting = vec![tree];
    let mut seen = HashSet::new();
    while let Some(tree) = waiting.pop() {
        match tree {
            DerivationTree::External(leaf) => leaves.push(leaf),
            DerivationTree::Derived(derived) => {
                // What stands in it more than once is told once.
                if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                    waiting.push(&derived.cause2);
                    waiting.push(&derived.cause1);
                }
            }
        }
    }
    leaves
}
