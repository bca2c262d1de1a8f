//! What is to be brought, as far as it decides when.

use super::Request;

/// One of several things to bring.
#[derive(Debug, Clone, Default)]
pub(crate) struct Errand {
    /// Who is asked.
    pub(crate) host: Option<String>,
    /// How many bytes it has, where that is known.
    pub(crate) size: Option<u64>,
    /// How many wait for it besides the first.
    pub(crate) others: usize,
}

/// What one of unknown size is taken to have.
const USUAL: u64 = 1 << 20;

impl Errand {
    /// To fetch what is asked for.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            host: request.host(),
            size: request.expected.size,
            others: 0,
        }
    }
}

/// The order in which they begin: first what most wait for, then the largest, so that no long one is left for the end.
pub(super) fn order(errands: &[Errand]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..errands.len()).collect();
    order.sort_by_key(|at| {
        let errand = &errands[*at];
        std::cmp::Reverse((errand.others, errand.size.unwrap_or(USUAL)))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_wait_for_begins_first_and_then_the_largest() {
        let errand = |size, others| Errand {
            host: None,
            size,
            others,
        };
        let errands = [
            errand(Some(10), 0),
            errand(None, 0),
            errand(Some(300 << 20), 0),
            errand(Some(1), 2),
            errand(Some(10), 0),
        ];
        assert_eq!(order(&errands), [3, 2, 1, 0, 4]);
    }
}
