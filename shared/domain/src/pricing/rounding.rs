//! The only places where an amount is rounded. All amounts are minor units; intermediate products are wide enough for any of them.

/// `amount` × `numerator` / `denominator`, halves away from zero: the usual commercial rounding of a share.
pub(crate) fn share(amount: i64, numerator: u32, denominator: u32) -> i64 {
    let (doubled, denominator) = (2 * i128::from(amount) * i128::from(numerator), i128::from(denominator));
    narrow((doubled + denominator) / (2 * denominator))
}

/// Splits `total` by weight so that the parts sum up to it: each part is rounded down, and what is left goes, one minor unit each, to
/// those that lost most by it, the first of equals first (the largest remainder method). Without any weight, the first takes all.
pub(crate) fn allocate(total: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole == 0 {
        return weights.iter().enumerate().map(|(index, _)| if index == 0 { total } else { 0 }).collect();
    }
    let exact = weights.iter().map(|weight| i128::from(total) * i128::from(*weight));
    let (mut parts, mut lost): (Vec<i64>, Vec<(i128, usize)>) =
        exact.enumerate().map(|(index, exact)| (narrow(exact / whole), (exact % whole, index))).unzip();
    let left = total - parts.iter().sum::<i64>();
    lost.sort_by_key(|(remainder, index)| (std::cmp::Reverse(*remainder), *index));
    for (_, index) in lost.iter().take(usize::try_from(left).unwrap_or_default()) {
        parts[*index] += 1;
    }
    parts
}

/// What the pieces after the first `from` up to the first `to` of `pieces` have of `total`: cut so that the parts of all pieces, however
/// they are taken, sum up to it.
pub(crate) fn portion(total: i64, from: u32, to: u32, pieces: u32) -> i64 {
    let up_to = |piece: u32| narrow(i128::from(total) * i128::from(piece) / i128::from(pieces));
    up_to(to) - up_to(from)
}

/// A share of an amount is never larger than the largest amount.
fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_of_a_penny_are_rounded_up() {
        assert_eq!([share(250, 20, 100), share(2, 25, 100), share(1, 49, 100), share(5, 10, 100)], [50, 1, 0, 1]);
        assert_eq!(share(crate::Money::MAX_MINOR, 9_999, 10_000), 9_006_298_534_815_517);
    }

    #[test]
    fn the_odd_penny_goes_to_whom_rounding_cost_most() {
        assert_eq!(allocate(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(allocate(10, &[25, 75]), [3, 7]);
        assert_eq!(allocate(1, &[1, 3]), [0, 1]);
        assert_eq!(allocate(5, &[0, 0]), [5, 0]);
        assert_eq!(allocate(0, &[]), Vec::<i64>::new());
    }

    proptest! {
        #[test]
        fn parts_sum_up_to_the_whole(total in 0..=crate::Money::MAX_MINOR, weights in prop::collection::vec(0..1_000_000_000i64, 1..60)) {
            let parts = allocate(total, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            prop_assert!(parts.iter().all(|part| *part >= 0));
        }

        #[test]
        fn pieces_taken_in_any_steps_sum_up_to_the_line(total in 0..1_000_000_000i64, steps in prop::collection::vec(1..100u32, 1..10)) {
            let pieces: u32 = steps.iter().sum();
            let mut taken = 0;
            let mut sum = 0;
            for step in steps {
                sum += portion(total, taken, taken + step, pieces);
                taken += step;
            }
            prop_assert_eq!(sum, total);
        }
    }
}
