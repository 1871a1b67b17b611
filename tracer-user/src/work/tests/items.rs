//! What one item is, and how many were done.

use super::super::ItemMark;
use super::Work;
use crate::script;

/// Items a second.
fn check(text: &str, rate: f64) -> Work {
    let work = Work::of(text);
    let found = work.rate();
    assert!(
        (found / rate - 1.0).abs() < 0.02,
        "{found} a second, not {rate}, by {:?} of {}: {text}",
        work.cycle.mark,
        work.cycle.times
    );
    work
}

#[test]
fn an_item_ends_with_the_last_write_before_the_next_fetch() {
    let work = check("4 workers: fetch A 15ms; write B 10ms", 4.0 / 0.025);
    assert_eq!(work.cycle.mark, Some(ItemMark::WriteBeforeFetch));
    check(
        "4 workers: fetch A 15ms; write B 3ms; write B 3ms; append F; fsync F 4ms",
        4.0 / 0.025,
    );
}

#[test]
fn a_refused_try_is_no_item() {
    for steps in ["fetch A 20ms; append F", "fetch A 20ms"] {
        let text = format!("peer A refuses 50%\n8 workers: {steps}");
        let rows = script::workload(&text).joined();
        let served = rows.calls.iter().filter(|call| call.status == 200).count();
        let refused = rows.calls.iter().filter(|call| call.status == 429).count();
        assert!(2 * refused > served, "{refused} and {served}");
        check(&text, served as f64 / 10.0);
    }
}

#[test]
fn the_body_of_a_reply_counts_once_however_it_is_read() {
    check("4 workers: fetch A 20ms in 3 reads", 4.0 / 0.02);
    check("4 workers: fetch A 20ms in 5 reads; append F", 4.0 / 0.02);
}

#[test]
fn a_file_that_is_read_in_many_calls_is_one_item_with_what_is_written_of_it() {
    let reads = "read in 1ms; ".repeat(20);
    check(
        &format!("4 workers: {reads}compute 2ms; append out"),
        4.0 / 0.022,
    );
}

#[test]
fn what_is_done_now_and_then_changes_no_item() {
    check(
        "4 workers: fetch A 15ms; append out; every 5 items fsync log 10ms",
        4.0 / 0.017,
    );
    check(
        "4 workers: fetch A 15ms; write B 5ms; every 7 items append log",
        4.0 / 0.02,
    );
    check(
        "4 workers: fetch A 15ms; every 10 items select D 20ms; write B 5ms",
        4.0 / 0.022,
    );
}

#[test]
fn a_cycle_of_several_statements_is_one_item() {
    check(
        "4 workers: select D 2ms; select D 2ms; select D 2ms; select D 4ms",
        4.0 / 0.0025,
    );
    check(
        "4 workers: insert D 1ms; select D 2ms; insert D 1ms; insert D 1ms; select D 2ms; insert D 1ms; insert D 2ms",
        4.0 / 0.01,
    );
}

/// Most of what is done goes to one peer, and what else is done once in an item is rare beside it.
#[test]
fn many_requests_to_one_peer_are_one_item_with_what_they_are_made_of() {
    let many = "write B 1ms; ".repeat(43);
    check(
        &format!("4 workers: fetch A 17ms; {many}compute 0ms"),
        4.0 / 0.06,
    );
    let many = "fetch A 1ms; ".repeat(43);
    check(&format!("4 workers: {many}write B 17ms"), 4.0 / 0.06);
}

/// What is asked now and then, after so many requests one time and so many the next, is part of no item; and the members of a batch are
/// items.
#[test]
fn each_request_is_an_item_beside_what_comes_now_and_then() {
    let rare = "every 41 items fetch A 0ms; every 59 items fetch A 0ms";
    check(&format!("4 workers: write B 5ms; {rare}"), 4.0 / 0.005);
    let many = "write B 1ms; ".repeat(90);
    check(
        &format!("4 workers: fetch A 10ms; {many}compute 0ms"),
        90.0 * 4.0 / 0.1,
    );
    check("4 workers: write B 5ms", 4.0 / 0.005);
}

#[test]
fn work_under_a_lock_alone_is_counted_by_the_lock() {
    let work = check("4 workers: compute 1ms; lock L held 9ms", 1.0 / 0.009);
    assert!(matches!(work.cycle.mark, Some(ItemMark::Each(_))));
}

#[test]
fn a_lock_of_many_words_is_counted_by_the_lock() {
    let steps = "9 workers: sleep 2ms; lock L held 8ms sleeping";
    check(&format!("lock L parked\n{steps}"), 1.0 / 0.008);
    check(&format!("lock L permits 3 parked\n{steps}"), 3.0 / 0.008);
    check(&format!("lock L condition\n{steps}"), 1.0 / 0.008);
}

#[test]
fn where_nothing_repeats_there_is_no_item() {
    let work = Work::of("2 workers: compute 7ms");
    assert_eq!((work.cycle.mark, work.items()), (None, 0.0));
}

/// One transaction after the other: what is between the first write and the last read is the same sort of thing twice.
#[test]
fn a_transaction_of_several_statements_is_one_item() {
    let rate = 4.0 / 0.01;
    check(
        "4 workers: begin D 1ms as begin; insert D 2ms as update; select D 3ms as sleep; insert D 1ms as commit; select D 3ms as think",
        rate,
    );
    // By its frames alone, and by its statements alone.
    check(
        "4 workers: begin D 1ms; insert D 2ms; select D 3ms; insert D 1ms; select D 3ms",
        rate,
    );
    check(
        "4 workers: insert D 3ms as update; select D 3ms as sleep; insert D 1ms as commit; select D 3ms as think",
        rate,
    );
    // What comes now and then makes no longer item.
    check(
        "4 workers: select D 3ms as in; insert D 2ms as out; every 9 items select D 0ms as rare",
        4.0 / 0.005,
    );
    check(
        "4 workers: every 9 items begin D 0ms; insert D 3ms as update; select D 3ms as sleep; insert D 1ms as commit; select D 3ms as think",
        rate,
    );
}

#[test]
fn statements_that_are_made_up_make_no_other_items() {
    for name in ["one", "made-*-up"] {
        check(
            &format!("4 workers: insert D 3ms as {name}; select D 3ms as {name}"),
            4.0 / 0.006,
        );
        check(
            &format!("4 workers: fetch A 15ms; insert D 10ms as {name}"),
            4.0 / 0.025,
        );
        check(
            &format!("4 workers: fetch A 15ms; insert D 3ms as {name}; insert D 2ms; begin D 5ms"),
            4.0 / 0.025,
        );
    }
}

#[test]
fn tables_of_one_sort_in_turn_make_no_longer_item() {
    let steps: Vec<String> = (0..8)
        .map(|part| format!("select D 2ms as from-part{part}; insert D 3ms as into-part{part}"))
        .collect();
    check(&format!("4 workers: {}", steps.join("; ")), 4.0 / 0.005);
}
