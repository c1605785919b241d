//! Rows 1 and 2: how users spread. All seeds are fixed, so these either hold or do not: they cannot fail by chance.
//!
//! The bar asks for 100,000 ids; a debug build takes 20,000 of them, which finds deviations of half a percent.

use growthbook_core::bucketing::{BucketRanges, HashSeed, HashVersion, Range, bucket_ranges};

/// Row 1: each of 200 seeds spreads users as the weights say, and the p-values spread evenly themselves.
#[test]
fn version_2_spreads_users_evenly() {
    for (spread, p_values) in spreads(HashVersion::V2, 10_000) {
        let worst = p_values.iter().copied().fold(1.0, f64::min);
        assert!(worst > 1e-4, "{spread}: p = {worst}");
        let evenness = uniformity(p_values);
        assert!(evenness > 1e-3, "{spread}: KS p = {evenness}");
    }
}

/// Row 1: version 1 is biased for ids that differ in a digit or two, as in every SDK. How much is written down here, so
/// that a change shows; it is not to be mended, since that would move users.
#[test]
fn the_bias_of_version_1_is_what_it_was() {
    let mut recorded = Vec::new();
    for (spread, p_values) in spreads(HashVersion::V1, 1_000) {
        let unlikely = p_values.iter().filter(|p| **p < 1e-4).count();
        recorded.push((spread, unlikely));
    }
    let expected = BIAS_OF_VERSION_1.map(|(spread, unlikely)| (spread.to_owned(), unlikely));
    assert_eq!(recorded, expected);
}

/// Row 2: where a user is in one experiment says nothing of where they are in another.
#[test]
fn experiments_with_different_seeds_are_independent() {
    let halves = BucketRanges::from(bucket_ranges(2, 1.0, None));
    let thirds = BucketRanges::from(bucket_ranges(3, 1.0, None));
    for pair in 0..50 {
        let seeds =
            [format!("first-{pair}"), format!("second-{pair}")].map(|seed| HashSeed::new(&seed));
        let mut table = [[0.0_f64; 3]; 2];
        for id in ids() {
            let [first, second] =
                [&seeds[0], &seeds[1]].map(|seed| seed.bucket(&id, HashVersion::V2));
            let (Some(row), Some(column)) = (halves.choose(first), thirds.choose(second)) else {
                panic!("buckets that are nobody's");
            };
            table[row][column] += 1.0;
        }
        let total = f64::from(IDS);
        let mut distance = 0.0;
        for row in &table {
            for column in 0..3 {
                let expected =
                    row.iter().sum::<f64>() * (table[0][column] + table[1][column]) / total;
                distance += (row[column] - expected).powi(2) / expected;
            }
        }
        let p = tail_of_chi_square(distance, 2);
        assert!(p > 1e-4, "pair {pair}: p = {p}");
    }
}

/// For each way to split users, the p-value of each seed.
fn spreads(version: HashVersion, buckets: u32) -> Vec<(String, Vec<f64>)> {
    let splits: Vec<(String, Vec<Range>)> = [2, 3, 7, 10]
        .into_iter()
        .flat_map(|count: u32| {
            let skewed: Vec<f64> = (1..=count)
                .map(|part| f64::from(2 * part) / f64::from(count * (count + 1)))
                .collect();
            let variations = usize::try_from(count).unwrap();
            [
                (
                    format!("{count} equal"),
                    bucket_ranges(variations, 1.0, None),
                ),
                (
                    format!("{count} skewed"),
                    bucket_ranges(variations, 1.0, Some(&skewed)),
                ),
            ]
        })
        .collect();
    let mut p_values: Vec<(String, Vec<f64>)> = splits
        .iter()
        .map(|(name, _)| (name.clone(), Vec::new()))
        .collect();
    let ids: Vec<String> = ids().collect();
    for seed in 0..SEEDS {
        let seed = HashSeed::new(&format!("seed-{seed}"));
        let mut histogram = vec![0.0_f64; usize::try_from(buckets).unwrap()];
        for id in &ids {
            let place = (seed.bucket(id, version) * f64::from(buckets)).round();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number below 10,000"
            )]
            let place = place as usize;
            histogram[place] += 1.0;
        }
        for ((_, ranges), (_, found)) in splits.iter().zip(&mut p_values) {
            let mut distance = 0.0;
            for range in ranges {
                let (mut due, mut counted) = (0.0, 0.0);
                for (place, count) in (0..buckets).zip(&histogram) {
                    if range.contains(f64::from(place) / f64::from(buckets)) {
                        due += f64::from(IDS) / f64::from(buckets);
                        counted += count;
                    }
                }
                distance += (counted - due).powi(2) / due;
            }
            found.push(tail_of_chi_square(
                distance,
                u32::try_from(ranges.len() - 1).unwrap(),
            ));
        }
    }
    p_values
}

fn ids() -> impl Iterator<Item = String> {
    (0..IDS).map(|number| format!("user-{number}"))
}

/// The chance of a greater distance: the regularised upper incomplete gamma function, in its closed forms for whole and
/// half parameters.
fn tail_of_chi_square(distance: f64, degrees: u32) -> f64 {
    let half = distance / 2.0;
    let (mut tail, mut term, mut parameter) = if degrees.is_multiple_of(2) {
        ((-half).exp(), (-half).exp(), 1.0)
    } else {
        let term = (-half).exp() * 2.0 * (half / std::f64::consts::PI).sqrt();
        (upper_tail_of_normal(distance.sqrt()), term, 1.5)
    };
    let terms = (degrees - 1) / 2;
    for _ in 0..terms {
        if degrees.is_multiple_of(2) {
            term *= half / parameter;
            tail += term;
        } else {
            tail += term;
            term *= half / parameter;
        }
        parameter += 1.0;
    }
    tail
}

/// The chance of a normal variable beyond `x` on either side, by Simpson's rule.
fn upper_tail_of_normal(x: f64) -> f64 {
    let density = |x: f64| (-x * x / 2.0).exp() * (2.0 / std::f64::consts::PI).sqrt();
    let width = 12.0 / 2_000.0;
    (0..1_000)
        .map(|step| x + 2.0 * width * f64::from(step))
        .map(|from| {
            width / 3.0
                * (density(from) + 4.0 * density(from + width) + density(from + 2.0 * width))
        })
        .sum()
}

/// The chance that values drawn evenly from 0 to 1 lie further from even than these: Kolmogorov and Smirnov's.
fn uniformity(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = f64::from(SEEDS);
    let mut distance: f64 = 0.0;
    for (place, value) in (0_u32..).zip(&values) {
        distance = distance
            .max((f64::from(place + 1) / count - value).max(value - f64::from(place) / count));
    }
    let scaled = (count.sqrt() + 0.12 + 0.11 / count.sqrt()) * distance;
    let terms = (1..100).map(|j| {
        let sign = if j % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * f64::from(j * j) * scaled * scaled).exp()
    });
    (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0)
}

#[test]
fn the_statistics_know_their_tables() {
    for (distance, degrees, p) in [
        (3.841, 1, 0.05),
        (5.991, 2, 0.05),
        (12.592, 6, 0.05),
        (21.666, 9, 0.01),
        (27.877, 9, 0.001),
    ] {
        assert!(
            (tail_of_chi_square(distance, degrees) - p).abs() < 2e-5,
            "{distance} {degrees}"
        );
    }
}

const IDS: u32 = 20_000;
const SEEDS: u32 = 200;

/// Seeds of 200 with a p-value below 10⁻⁴, which a fair hash has hardly ever.
const BIAS_OF_VERSION_1: [(&str, usize); 8] = [
    ("2 equal", 0),
    ("2 skewed", 0),
    ("3 equal", 0),
    ("3 skewed", 0),
    ("7 equal", 3),
    ("7 skewed", 2),
    ("10 equal", 5),
    ("10 skewed", 2),
];
