//! The fuzz targets over their seeds and over what fuzzing found.

use std::path::Path;

use crate::targets;

type Target = fn(&[u8]);

#[test]
fn every_seed_passes_its_target() {
    let targets: [(&str, Target); 6] = [
        ("condition", targets::condition),
        ("decrypt", targets::decrypt),
        ("eval_any", targets::eval_any),
        ("payload_gate", targets::payload_gate),
        ("regex", targets::regex),
        ("url_targeting", targets::url_targeting),
    ];
    for (name, target) in targets {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../fuzz/seeds")
            .join(name);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            target(&read(&entry.unwrap().path()));
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test may open files; the library does not"
)]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
