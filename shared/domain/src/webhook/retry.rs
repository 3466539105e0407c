use std::time::Duration;

/// Seconds between the attempts of one delivery: 24 hours in all.
const PAUSES: [u64; 8] = [5, 30, 2 * 60, 10 * 60, 60 * 60, 3 * 60 * 60, 8 * 60 * 60, 12 * 60 * 60];

/// How long to wait between the attempts of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPauses {
    first: Duration,
}

impl Default for RetryPauses {
    fn default() -> Self {
        Self { first: Self::FIRST }
    }
}

impl RetryPauses {
    /// The first pause, unless a test has no time.
    pub const FIRST: Duration = Duration::from_secs(PAUSES[0]);
    /// Attempts of one delivery before it is given up.
    pub const ATTEMPTS: u32 = PAUSES.len() as u32 + 1;

    /// Begins with this pause; the others are longer or shorter in proportion.
    pub fn beginning_with(first: Duration) -> Self {
        Self { first }
    }

    /// The pause after so many attempts, up to a fifth shorter or longer as `chance`, from 0 to 1, has it; `None` when there were enough.
    /// Those who failed together do not come back together.
    pub fn after(self, attempts: u32, chance: f64) -> Option<Duration> {
        let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
        let share = *PAUSES.get(index)? as f64 / PAUSES[0] as f64;
        Some(self.first.mul_f64(share * (0.8 + 0.4 * chance.clamp(0.0, 1.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_day_and_end_after_nine_attempts() {
        let pauses = RetryPauses::default();
        let seconds: Vec<_> = (1..20).map_while(|attempts| Some(pauses.after(attempts, 0.5)?.as_secs_f64())).collect();
        let expected = PAUSES.map(|seconds| seconds as f64);
        assert!(seconds.iter().zip(expected).all(|(pause, expected)| (pause - expected).abs() < 1e-6), "{seconds:?}");
        assert_eq!((seconds.len() + 1, RetryPauses::ATTEMPTS), (9, 9));
        assert_eq!(pauses.after(0, 0.5), None);
    }

    #[test]
    fn chance_makes_a_pause_a_fifth_shorter_or_longer() {
        let pauses = RetryPauses::beginning_with(Duration::from_millis(10));
        let millis = |chance| pauses.after(2, chance).map(|pause| pause.as_micros());
        assert_eq!([0.0, 0.5, 1.0].map(millis), [48_000, 60_000, 72_000].map(Some));
    }
}
