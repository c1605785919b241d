//! Several processes and one folder.

use std::io::Write;

use super::*;

/// D7
#[test]
fn two_processes_write_to_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..3);
    let mut process = Process::start("processes::a_writer", folder.path());
    let mut lines = process.lines();
    assert!(
        lines.any(|line| line == "written"),
        "the other does not begin"
    );
    append(&spool, 3..6);
    assert_eq!(spool.adopt(NOW).unwrap(), 0, "it is alive");
    assert_eq!(take_all(&spool), [0, 1, 2, 3, 4, 5]);
    let of_lane = |lane: &str| files(&folder.path().join(lane), ".events").len();
    assert_eq!((of_lane("spool-1"), of_lane("spool-2")), (1, 1));
    process.kill();
    assert_eq!(spool.adopt(NOW).unwrap(), 3);
    assert_eq!(spool.report().adopted(), 1);
    assert_eq!(take_all(&spool), [1_000, 1_001, 1_002]);
    assert_eq!(spool.adopt(NOW).unwrap(), 0);
    check(&spool);
}

/// What the other process does.
#[test]
fn a_writer() {
    let Some(root) = told() else {
        return;
    };
    let spool = open(&root);
    append(&spool, 1_000..1_003);
    println!("\nwritten");
    wait();
}

/// D8
#[test]
fn what_a_process_left_is_taken_over_by_one_of_many() {
    let rounds = if is_long() { 50 } else { 3 };
    for _ in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        let left: Vec<_> = (0..4).map(|_| open(folder.path())).collect();
        for (number, spool) in left.iter().enumerate() {
            for group in 0..5 {
                append(
                    spool,
                    number * 100 + group * 10..number * 100 + group * 10 + 10,
                );
                rotate(spool);
            }
        }
        drop(left);
        let start = |_| Process::start("processes::one_of_many", folder.path());
        let mut processes: Vec<_> = (0..10).map(start).collect();
        let mut outputs: Vec<_> = processes.iter_mut().map(Process::lines).collect();
        for output in &mut outputs {
            assert!(output.any(|line| line == "ready"), "one does not begin");
        }
        for process in &mut processes {
            process
                .0
                .stdin
                .as_mut()
                .unwrap()
                .write_all(b"go\n")
                .unwrap();
        }
        let mut seen = Vec::new();
        for output in &mut outputs {
            let lines = output.take_while(|line| line != "over");
            seen.extend(lines.filter_map(|line| line.strip_prefix("has ")?.parse::<usize>().ok()));
        }
        seen.sort_unstable();
        let all = (0..4).flat_map(|it| it * 100..it * 100 + 50);
        assert_eq!(seen, all.collect::<Vec<_>>(), "each once, and all of them");
        for process in &mut processes {
            process.0.stdin.take();
            assert!(process.0.wait().unwrap().success());
        }
        let spool = open(folder.path());
        let mut again = drain(&spool);
        again.sort_unstable();
        assert_eq!(again, seen, "none of them acknowledged anything");
    }
}

/// What those do. They stay until all have looked, so that what one has is not left once more.
#[test]
fn one_of_many() {
    let Some(root) = told() else {
        return;
    };
    println!("\nready");
    wait();
    let spool = open(&root);
    for number in take_all(&spool) {
        println!("has {number}");
    }
    println!("over");
    wait();
}

/// For a line, or for the end of who started it.
fn wait() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// K11
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_is_started_inherits_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    append(&spool, 0..3);
    let output = Command::new("ls")
        .args(["-l", "/proc/self/fd"])
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(listed.contains("/proc"), "{listed}");
    assert!(
        !listed.contains(folder.path().to_str().unwrap()),
        "{listed}"
    );
}
