//! Runs many seeds on several threads. The results come in the order of the seeds, so the output does not
//! depend on the speed of the threads.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

/// The number of results per thread that may wait for their turn.
const WAITING: usize = 64;

/// Runs numbers on `threads` threads. Each thread has its own `worker`. `take` gets the results in order,
/// until it breaks or `stop` returns true. Then the threads finish their current numbers, and `take` gets
/// the results without gaps before them.
pub(crate) fn in_order<T: Send, W: FnMut(u64) -> T>(
    numbers: Range<u64>,
    threads: usize,
    worker: impl Fn() -> W + Sync,
    stop: impl Fn() -> bool + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) {
    let next = AtomicU64::new(numbers.start);
    let broken = AtomicBool::new(false);
    let (results, taken) = mpsc::sync_channel(threads * WAITING);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (results, next, broken, worker, stop) =
                (results.clone(), &next, &broken, &worker, &stop);
            let end = numbers.end;
            scope.spawn(move || {
                let _guard = BreakOnPanic(broken);
                let mut work = worker();
                while !broken.load(Ordering::Relaxed) && !stop() {
                    let free = |number| (number < end).then(|| number + 1);
                    let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free);
                    let Ok(number) = taken else {
                        return;
                    };
                    if results.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = numbers.start;
        for (number, result) in taken {
            early.insert(number, result);
            while let Some(result) = early.remove(&due) {
                due += 1;
                if take(result).is_break() {
                    // Dropping the receiver frees threads that wait to send.
                    broken.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

/// Stops all threads if one panics, because the result of its number will never come.
struct BreakOnPanic<'a>(&'a AtomicBool);

impl Drop for BreakOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(threads: usize, end: u64, last: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        in_order(
            0..end,
            threads,
            || |number| number * number,
            || false,
            |square| {
                seen.push(square);
                if square == last * last {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        seen
    }

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        let expected: Vec<_> = (0..1_000).map(|n| n * n).collect();
        for threads in [1, 2, 7] {
            assert_eq!(squares(threads, 1_000, 1_000), expected);
        }
    }

    #[test]
    fn the_highest_numbers_come_to_an_end() {
        let mut seen = Vec::new();
        let take = |number| {
            seen.push(number);
            ControlFlow::Continue(())
        };
        in_order(
            u64::MAX - 3..u64::MAX,
            4,
            || |number| number,
            || false,
            take,
        );
        assert_eq!(seen, [u64::MAX - 3, u64::MAX - 2, u64::MAX - 1]);
    }

    #[test]
    fn nothing_is_taken_after_a_break() {
        assert_eq!(squares(4, 1_000_000, 3), [0, 1, 4, 9]);
    }

    #[test]
    fn a_stop_before_the_first_leaves_nothing() {
        let mut taken = 0;
        let count = |_| {
            taken += 1;
            ControlFlow::Continue(())
        };
        in_order(0..10, 2, || |number| number, || true, count);
        assert_eq!(taken, 0);
    }
}
