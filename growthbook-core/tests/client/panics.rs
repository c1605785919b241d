//! Panics in the program's own code (K1), those whose payload panics again (K2), and locks that they could poison (K8).

use std::fmt;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use growthbook_core::{
    BuildError, GrowthBookClient, PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode,
    SourceHandle, SourceStatus,
};

use super::rig::{Rig, Round, Way, evaluations};
use super::stage::{Spot, Stage};
use super::support::watched;

#[test]
fn a_panic_in_the_programs_code_changes_no_answer_is_counted_and_passes() {
    each_spot(|way, spot| {
        let [first, second] = calm_rounds(way);
        let (rig, explosions) = mined(way, spot, || panic!("on purpose"));
        let Some(rig) = rig else { return };
        let round = rig.round("first");
        assert_eq!(round.answers, first.answers);
        assert_eq!(round.heard, first.heard, "others are told all the same");
        // Asking for the status comes by some spots, too.
        let counted = rig.client.status().callback_panics();
        assert_eq!(counted, explosions(), "counted");
        rig.stage.calm(spot);
        assert_eq!(rig.round("second"), second, "the next call works");
        assert_eq!(
            rig.client.status().callback_panics(),
            counted,
            "counted once"
        );
    });
}

#[test]
fn a_panic_while_the_client_ends_is_counted_and_stops_nothing() {
    each_spot(|way, spot| {
        let (rig, explosions) = mined(way, spot, || panic!("on purpose"));
        let Some(rig) = rig else { return };
        rig.round("first");
        let answers = evaluations(&rig.client, "late");
        let report = rig.close();
        let failed = usize::from(matches!(spot, Spot::PluginClose | Spot::StickyFlush));
        assert_eq!(report.failures().len(), failed);
        assert_eq!(rig.stage.calls(Spot::PluginClose), 1);
        assert_eq!(
            evaluations(&rig.client, "late"),
            answers,
            "it still answers"
        );
        assert_eq!(rig.client.status().callback_panics(), explosions());
    });
}

#[test]
fn a_panic_that_panics_again_when_it_is_dropped_is_caught_as_well() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("and again");
        }
    }
    each_spot(|way, spot| {
        let [first, _] = calm_rounds(way);
        let (rig, explosions) = mined(way, spot, || panic::panic_any(Grenade));
        let Some(rig) = rig else { return };
        assert_eq!(rig.round("first").answers, first.answers);
        rig.close();
        assert_eq!(rig.client.status().callback_panics(), explosions());
    });
}

#[test]
fn every_spot_is_come_by() {
    for spot in Spot::ALL {
        let reached = Way::BOTH.map(|way| {
            let rig = Rig::new(way);
            rig.round("first");
            rig.client.status();
            rig.close();
            rig.stage.calls(spot) > 0
        });
        assert_eq!(reached, Way::BOTH.map(|way| way.leads_by(spot)), "{spot:?}");
    }
}

#[test]
fn a_panic_in_the_drop_of_a_plugin_or_a_callback_goes_no_further() {
    struct Brittle(Arc<AtomicBool>);
    impl Drop for Brittle {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
            panic!("on purpose");
        }
    }
    let dropped = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
    let [one, two, three] = dropped.clone().map(|dropped| Arc::new(Brittle(dropped)));
    let client = GrowthBookClient::builder()
        .on_event(move |_| drop(Arc::clone(&one)))
        .on_event(move |_| drop(Arc::clone(&two)))
        .on_error(move |_| drop(Arc::clone(&three)))
        .build()
        .unwrap();
    drop(client);
    assert!(
        dropped
            .iter()
            .all(|dropped| dropped.load(Ordering::Relaxed))
    );
}

/// No lock is left that a panic of the program's could poison: none is held while the program's code runs, which is what
/// `reentry` shows. What is printed for debugging calls the program's code, too.
#[test]
fn printing_a_client_holds_no_lock() {
    #[derive(Debug)]
    struct Curious(Arc<std::sync::OnceLock<GrowthBookClient>>);
    struct Handle(Arc<std::sync::OnceLock<GrowthBookClient>>);
    impl fmt::Debug for Handle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let source = self
                .0
                .get()
                .map(|client| client.status().source().is_some());
            write!(f, "a source: {source:?}")
        }
    }
    impl PayloadSource for Curious {
        fn start(self: Box<Self>, _: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
            Ok(Box::new(Handle(self.0)))
        }
    }
    impl SourceHandle for Handle {
        fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
            Err(RefreshError::TimedOut)
        }

        fn status(&self) -> SourceStatus {
            SourceStatus::default()
        }

        fn close(&self, _: Duration) {}
    }
    watched("printing", || {
        let cell = Arc::default();
        let client = GrowthBookClient::builder()
            .source(Curious(Arc::clone(&cell)))
            .build()
            .unwrap();
        cell.set(client.clone()).unwrap();
        assert!(format!("{client:?}").contains("a source: Some(true)"));
        client.close(Duration::ZERO);
    });
}

fn each_spot(check: impl Fn(Way, Spot) + Send + Sync + 'static) {
    let check = Arc::new(check);
    for way in Way::BOTH {
        for spot in Spot::ALL.into_iter().filter(|spot| way.leads_by(*spot)) {
            let check = Arc::clone(&check);
            watched(&format!("{way:?} {spot:?}"), move || {
                check(way, spot);
            });
        }
    }
}

/// A client with something at a spot that panics, and how often it did; no client if that is in the way of building one.
fn mined(
    way: Way,
    spot: Spot,
    explode: impl Fn() + Send + Sync + 'static,
) -> (Option<Rig>, impl Fn() -> u64) {
    let stage = Stage::default();
    stage.at(spot, explode);
    let rig = Rig::on(&stage, way);
    if spot == Spot::SourceStart {
        assert!(matches!(rig, Err(BuildError::SourcePanicked)));
        return (None, explosions(stage, spot));
    }
    (Some(rig.unwrap()), explosions(stage, spot))
}

fn explosions(stage: Stage, spot: Spot) -> impl Fn() -> u64 {
    move || stage.calls(spot)
}

fn calm_rounds(way: Way) -> [Round; 2] {
    let rig = Rig::new(way);
    ["first", "second"].map(|name| {
        let round = rig.round(name);
        assert_eq!(round.went_well, [true; 4]);
        round
    })
}
