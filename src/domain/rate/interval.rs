//! How sure a share is: Wilson's interval.

/// The quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;

/// Between which shares the true one lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The least share.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// Returns Wilson's score interval of a share; nothing where there is none.
///
/// It keeps its promise for few changes and for shares near nothing, where the
/// textbook's does not: 0 of 12 doesn't mean *never*.
#[expect(
    clippy::cast_precision_loss,
    reason = "nobody deploys 2⁵³ changes in a quarter"
)]
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    if whole == 0 || part > whole {
        return None;
    }
    let n = whole as f64;
    let share = part as f64 / n;
    let z2 = Z * Z;
    let scale = 1.0 + z2 / n;
    let middle = (share + z2 / (2.0 * n)) / scale;
    let reach = Z / scale * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula yields 0 and 1, give or take the last digit.
    Some(Interval {
        low: if part == 0 {
            0.0
        } else {
            (middle - reach).max(0.0)
        },
        high: if part == whole {
            1.0
        } else {
            (middle + reach).min(1.0)
        },
    })
}
