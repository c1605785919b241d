//! Events in files, which others write too, which are full, and which a crash left in the middle of a line.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use growthbook_tracking::{Event, EventBatch, EventSink, JsonLines};

use crate::records::{batch, logged};

fn append(lines: &mut JsonLines, names: &[&str]) -> Result<(), String> {
    let delivered = lines.deliver(&batch(&logged(names)));
    delivered.map_err(|error| format!("{error}: {}", std::error::Error::source(&error).unwrap()))
}

/// The names of the events in a file, in which there must be nothing else.
fn names(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let name = |line: &str| {
        let event: Event = serde_json::from_str(line).unwrap();
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["id"], event.id().to_string());
        record["body"]["custom"]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    text.lines().map(name).collect()
}

#[test]
fn each_event_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let mut lines = JsonLines::new(&path);
    append(&mut lines, &["a", "line\nend", "größe"]).unwrap();
    append(&mut lines, &["b"]).unwrap();
    append(&mut lines.clone(), &["c"]).unwrap();
    assert_eq!(names(&path), ["a", "line\nend", "größe", "b", "c"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_record_from_many_lines_becomes_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let record = "{\"id\":\"1\",\"at\":1,\"body\":{\"custom\":{\"name\":\"a\",\"properties\":{\n\"x\":\r\n1}}},\"attributes\":{\n}}";
    let events: [Event; 1] = [serde_json::from_str(record).unwrap()];
    JsonLines::new(&path).deliver(&batch(&events)).unwrap();
    assert_eq!(names(&path), ["a"]);
}

/// What a crash leaves: half a line is cut off, one that lacks its end alone gets it.
#[test]
fn a_torn_tail_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let mut lines = JsonLines::new(&path);
    append(&mut lines, &["first", "second"]).unwrap();
    let text = fs::read(&path).unwrap();
    let first = text.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for end in 0..text.len() {
        fs::write(&path, &text[..end]).unwrap();
        append(&mut lines, &["after"]).unwrap();
        let mut expected = vec!["first", "second", "after"];
        if end < text.len() - 1 {
            expected.remove(1);
        }
        if end < first - 1 {
            expected.remove(0);
        }
        assert_eq!(names(&path), expected, "after {end} bytes");
    }
    fs::write(&path, [text, vec![b'x'; 200_000]].concat()).unwrap();
    append(&mut lines, &["after"]).unwrap();
    assert_eq!(names(&path), ["first", "second", "after"]);
}

#[test]
fn a_full_file_makes_room_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let mut lines = JsonLines::new(&path);
    append(&mut lines, &["0"]).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    let mut lines = lines.rotate(2 * size, 2);
    for name in ["1", "2", "3", "4", "5", "6"] {
        append(&mut lines, &[name]).unwrap();
    }
    let older = |number: u32| folder.path().join(format!("events.jsonl.{number}"));
    assert_eq!(names(&path), ["6"]);
    assert_eq!(names(&older(1)), ["4", "5"]);
    assert_eq!(names(&older(2)), ["2", "3"]);
    assert!(!older(3).exists(), "the oldest one is deleted");
    append(&mut lines, &["7", "8", "9"]).unwrap();
    assert_eq!(names(&path), ["7", "8", "9"], "one batch is never split");
    let mut lines = lines.rotate(1, 0);
    append(&mut lines, &["10"]).unwrap();
    assert_eq!(names(&path), ["10"]);
    assert_eq!(names(&older(1)), ["6"]);
}

#[test]
fn a_file_that_was_moved_away_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs").join("events.jsonl");
    let mut lines = JsonLines::new(&path);
    let error = append(&mut lines, &["lost"]).unwrap_err();
    assert!(
        error.contains("cannot be reached, or is not able to"),
        "{error}"
    );
    fs::create_dir(path.parent().unwrap()).unwrap();
    append(&mut lines, &["a"]).unwrap();
    fs::rename(&path, folder.path().join("moved")).unwrap();
    append(&mut lines, &["b"]).unwrap();
    assert_eq!(names(&folder.path().join("moved")), ["a"]);
    assert_eq!(names(&path), ["b"]);
}

#[test]
fn whoever_is_not_let_in_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let other = OpenOptions::new().create(true).append(true).open(&path);
    let other = other.unwrap();
    other.lock().unwrap();
    let mut lines = JsonLines::new(&path);
    let events = logged(&["a"]);
    let hasty = EventBatch::new(&events, 0, Duration::from_millis(20));
    let error = lines.deliver(&hasty).unwrap_err();
    assert!(error.to_string().contains("cannot be reached"));
    assert_eq!(names(&path), Vec::<String>::new());
    drop(other);
    lines.deliver(&hasty).unwrap();
    assert_eq!(names(&path), ["a"]);
}

/// Whoever waits for its turn while another process starts a new file writes there.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_moved_while_one_waits_gets_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("events"), folder.path().join("moved"));
    let other = File::create(&path).unwrap();
    other.lock().unwrap();
    let mut lines = JsonLines::new(&path);
    let waiting = std::thread::spawn(move || append(&mut lines, &["a"]));
    let opened = || {
        let handles = fs::read_dir("/proc/self/fd").unwrap();
        let targets = handles.filter_map(|handle| fs::read_link(handle.ok()?.path()).ok());
        targets.filter(|target| *target == path).count()
    };
    while opened() < 2 && !waiting.is_finished() {
        std::thread::yield_now();
    }
    fs::rename(&path, &moved).unwrap();
    drop(other);
    waiting.join().unwrap().unwrap();
    assert_eq!(names(&path), ["a"]);
    assert_eq!(names(&moved), Vec::<String>::new());
}

/// A disk that is full in the middle of a batch: `ulimit` stands in for it, since it ends writes in the same way.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_half_line() {
    let error = append(&mut JsonLines::new("/dev/full"), &["a"]).unwrap_err();
    assert!(error.contains("No space left"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let mut process = Command::new("sh");
    process.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh"]);
    process.arg(std::env::current_exe().unwrap());
    process.args(["--exact", "lines::in_little_room", "--ignored"]);
    let output = process.env(FOLDER, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
    assert_eq!(names(&folder.path().join("events.jsonl")), ["a", "b"]);
}

#[test]
#[ignore = "runs in a process whose files are limited"]
fn in_little_room() {
    let path = Path::new(&std::env::var(FOLDER).unwrap()).join("events.jsonl");
    let mut lines = JsonLines::new(&path);
    append(&mut lines, &["a"]).unwrap();
    let long = "x".repeat(1000);
    let error = append(&mut lines, &[&long, &long, &long]).unwrap_err();
    assert!(error.contains("File too large"), "{error}");
    assert_eq!(names(&path), ["a"], "nothing of it is left");
    append(&mut lines, &["b"]).unwrap();
}

/// Several processes append to one file and start new ones; nothing is lost, and no line is cut.
#[test]
fn processes_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    let spawn = |number: usize| -> Child {
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", "lines::one_of_many", "--ignored"]);
        process
            .env(FOLDER, folder.path())
            .env(NUMBER, number.to_string());
        process.stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let processes: Vec<Child> = (0..PROCESSES).map(spawn).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(File::open(&path).unwrap().metadata().unwrap().len() <= LIMIT);
        let names = names(&path);
        let pairs = names.chunks(2);
        assert!(
            pairs.clone().all(|pair| pair[0] == pair[1]),
            "batches are whole"
        );
        all.extend(pairs.map(|pair| pair[0].clone()));
    }
    all.sort_unstable();
    let expected = |number| (0..BATCHES).map(move |batch| format!("{number}-{batch:03}"));
    let expected: Vec<String> = (0..PROCESSES).flat_map(expected).collect();
    assert_eq!(all, expected);
}

#[test]
#[ignore = "one of several processes"]
fn one_of_many() {
    let path = Path::new(&std::env::var(FOLDER).unwrap()).join("events.jsonl");
    let number = std::env::var(NUMBER).unwrap();
    let mut lines = JsonLines::new(path).rotate(LIMIT, 1000);
    for batch in 0..BATCHES {
        let name = format!("{number}-{batch:03}");
        append(&mut lines, &[&name, &name]).unwrap();
    }
}

const FOLDER: &str = "GROWTHBOOK_TEST_LINES_FOLDER";
const NUMBER: &str = "GROWTHBOOK_TEST_LINES_NUMBER";
const PROCESSES: usize = 4;
const BATCHES: usize = 150;
const LIMIT: u64 = 8_000;
