//! How long to wait before the next attempt.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

use super::settings::BackOff;

impl BackOff {
    /// The wait before attempt `next` (the second is 2), where `chance` lies between 0 and 1.
    ///
    /// Half of it is fixed and half by chance, so that many machines cut off at once do not come back at once.
    pub(super) fn wait(self, next: u32, chance: f64) -> Duration {
        let doublings = next.saturating_sub(2).min(31);
        let longest = self.first.saturating_mul(1 << doublings).min(self.most);
        longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
    }
}

/// A number between 0 and 1; nothing depends on how good it is.
pub(crate) fn chance() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(random).expect("32 bits are left")) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let back_off = BackOff {
            first: Duration::from_millis(100),
            most: Duration::from_millis(500),
            most_asked: Duration::ZERO,
        };
        for (next, shortest, longest) in [
            (2, 50, 100),
            (3, 100, 200),
            (4, 200, 400),
            (5, 250, 500),
            (99, 250, 500),
        ] {
            assert_eq!(back_off.wait(next, 0.0), Duration::from_millis(shortest));
            assert_eq!(back_off.wait(next, 1.0), Duration::from_millis(longest));
        }
    }

    #[test]
    fn chance_stays_between_nought_and_one() {
        assert!(
            (0..100)
                .map(|_| chance())
                .all(|chance| (0.0..=1.0).contains(&chance))
        );
    }
}
