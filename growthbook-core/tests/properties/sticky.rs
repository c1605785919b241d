//! Row 12: whoever has a bucket keeps it.

use growthbook_core::engine::{self, Recorder, Silent, Subject};
use growthbook_core::{StickyDocuments, StickyWrite};
use proptest::prelude::*;

use crate::support::{cases, ruleset, user_with_id};

/// The feature `f` with an experiment of three variations.
fn payload(members: &str) -> String {
    format!(
        "{{\"features\":{{\"f\":{{\"rules\":[{{\"key\":\"k\",\"variations\":[\"x\",\"y\",\"z\"],\
         \"meta\":[{{\"key\":\"mx\"}},{{\"key\":\"my\"}},{{\"key\":\"mz\"}}],{members}}}]}}}}}}"
    )
}

fn ask(
    payload: &str,
    id: &str,
    documents: &mut StickyDocuments,
    recorder: &mut impl for<'a> Recorder<'a>,
) -> Option<(usize, bool)> {
    let user = user_with_id(id);
    let result = engine::evaluate(
        &ruleset(payload),
        "f",
        &Subject::new(&user),
        Some(documents),
        recorder,
    );
    result.assignment().map(|assignment| {
        (
            assignment.variation_index(),
            assignment.sticky_bucket_used(),
        )
    })
}

#[derive(Default)]
struct Writes(usize);

impl Recorder<'_> for Writes {
    fn sticky_assigned(&mut self, _: &StickyWrite<'_>) {
        self.0 += 1;
    }
}

proptest! {
    // 3,000: a case compiles five payloads.
    #![proptest_config(cases(3_000))]

    #[test]
    fn an_assignment_outlives_every_change_but_of_its_version(
        id in "\\PC{1,8}", before in 0_u32..=100, after in 0_u32..=100, version in 0_u32..3, hash_version in 1_u8..=2,
    ) {
        let weights = |share: u32| {
            let (share, rest) = (f64::from(share) / 100.0, f64::from(100 - share) / 100.0);
            format!("\"weights\":[{share},{rest},0],\"hashVersion\":{hash_version}")
        };
        let mut documents = StickyDocuments::new();
        let mut writes = Writes::default();
        let original = payload(&format!("{},\"bucketVersion\":{version}", weights(before)));
        let Some((variation, false)) = ask(&original, &id, &mut documents, &mut writes) else {
            return Err(TestCaseError::fail("everybody is in"));
        };
        prop_assert_eq!(writes.0, 1);
        let assigned = documents.clone();

        // Nothing to write twice.
        prop_assert_eq!(ask(&original, &id, &mut documents, &mut writes), Some((variation, true)));
        prop_assert_eq!((writes.0, &documents), (1, &assigned));

        // Coverage, weights, condition and seed change; the version does not.
        let changed = payload(&format!(
            "{},\"coverage\":0,\"seed\":\"other\",\"condition\":{{\"no\":\"body\"}},\"bucketVersion\":{version}", weights(after),
        ));
        prop_assert_eq!(ask(&changed, &id, &mut documents, &mut writes), Some((variation, true)));
        prop_assert_eq!((writes.0, &documents), (1, &assigned));

        // A new version deals anew; a minimum above the old version keeps out.
        let raised = payload(&format!("{},\"bucketVersion\":{}", weights(after), version + 1));
        let fresh = ask(&raised, &id, &mut StickyDocuments::new(), &mut Silent);
        prop_assert_eq!(ask(&raised, &id, &mut documents.clone(), &mut Silent), fresh);
        let barred = payload(&format!("{0},\"bucketVersion\":{1},\"minBucketVersion\":{1}", weights(after), version + 1));
        prop_assert_eq!(ask(&barred, &id, &mut documents, &mut writes), None);
        prop_assert_eq!((writes.0, &documents), (1, &assigned));

        // Switched off, it is as if there were no documents, and none are made.
        let off = payload(&format!("{},\"disableStickyBucketing\":true,\"bucketVersion\":{version}", weights(after)));
        prop_assert_eq!(ask(&off, &id, &mut documents, &mut writes), ask(&off, &id, &mut StickyDocuments::new(), &mut Silent));
        prop_assert_eq!((writes.0, &documents), (1, &assigned));
    }
}
