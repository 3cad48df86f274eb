//! The values of a key, as far as observers can tell them apart.
//!
//! Some values were never seen, and are no beginning of a seen value. All of these look alike to
//! observers: only an overwriting operation leads away from them. So there are two kinds of values:
//! the beginnings of observed values, each with a number, and all others, which share one number.
//! Then all unobserved orders of concurrent appends lead to the same value, and the search need not
//! tell them apart.

use crate::table::Table;

/// The key is absent.
pub(crate) const ABSENT: u32 = 0;
/// It has a value that is no beginning of an observed value.
pub(crate) const UNSEEN: u32 = 1;

/// The observed values, and the beginnings of them met so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values<'h> {
    /// The distinct observed values, in order.
    seen: Vec<&'h str>,
    /// For each value, the last return of its observers, and, in a tree above, the maximum of each
    /// half.
    last: Vec<i128>,
    beginnings: Vec<Beginning>,
    /// From the first value with a beginning, and the beginning's length, to its number.
    numbers: Table,
    /// For each observed value, whether it begins with an appended text.
    appended: Vec<bool>,
    /// From a beginning and an appended text to the resulting beginning.
    steps: Table,
}

/// The observed values from `low` to before `high` all begin with the first `length` bytes.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    low: u32,
    high: u32,
    length: u32,
    /// The last return of the observers of any of them.
    last: i128,
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("a history is shorter than that")
}

impl<'h> Values<'h> {
    /// Creates the values from the observed ones, each with the return of its observer, and the
    /// appended texts, in order.
    pub(crate) fn new(mut observed: Vec<(&'h str, i128)>, texts: &[&str]) -> Self {
        observed.sort_unstable();
        let mut values = Values::default();
        for (value, ret) in observed {
            if values.seen.last() == Some(&value) {
                *values.last.last_mut().expect("as many as values") = ret;
            } else {
                values.seen.push(value);
                values.last.push(ret);
            }
        }
        let mut lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let begins = |value: &&str| {
            let mut heads = lengths.iter().filter_map(|length| value.get(..*length));
            heads.any(|head| texts.binary_search(&head).is_ok())
        };
        values.appended = values.seen.iter().map(begins).collect();
        // The leaves move to the upper half of a heap, whose inner places hold the maxima.
        let count = values.last.len();
        values.last.splice(0..0, vec![i128::MIN; count]);
        for place in (1..count).rev() {
            values.last[place] = values.last[2 * place].max(values.last[2 * place + 1]);
        }
        let nowhere = Beginning {
            low: 0,
            high: 0,
            length: 0,
            last: i128::MIN,
        };
        values.beginnings = vec![nowhere; 2];
        values
    }

    /// The number of a value.
    pub(crate) fn of(&mut self, value: &str) -> u32 {
        self.within(0, small(self.seen.len()), 0, value)
    }

    /// The value after appending `token`, whose number is `name`.
    pub(crate) fn append(&mut self, value: u32, name: u32, token: &str) -> u32 {
        match value {
            ABSENT => return self.of(token),
            UNSEEN => return UNSEEN,
            _ => {}
        }
        let word = u64::from(value) << 32 | u64::from(name);
        if let Some(known) = self.steps.get(word) {
            return known;
        }
        let from = self.beginnings[value as usize];
        let after = self.within(from.low, from.high, from.length as usize, token);
        self.steps.set(word, after);
        after
    }

    /// Whether a present value is a beginning of another one.
    pub(crate) fn begins(&self, value: u32, whole: u32) -> bool {
        let (from, to) = (
            &self.beginnings[value as usize],
            &self.beginnings[whole as usize],
        );
        value > UNSEEN && (from.low..from.high).contains(&to.low) && from.length <= to.length
    }

    /// Whether an observed value may come from an append to an absent key, and others after it.
    pub(crate) fn starts_by_append(&self, whole: u32) -> bool {
        whole > UNSEEN && self.appended[self.beginnings[whole as usize].low as usize]
    }

    /// Whether a present value ends with a text.
    pub(crate) fn ends_with(&self, value: u32, text: &str) -> bool {
        let Beginning { low, length, .. } = self.beginnings[value as usize];
        let whole = self.seen.get(low as usize).filter(|_| value > UNSEEN);
        whole.is_some_and(|whole| whole.as_bytes()[..length as usize].ends_with(text.as_bytes()))
    }

    /// A value that observers returning at `now` or later cannot tell from this one.
    pub(crate) fn settle(&self, value: u32, now: i128) -> u32 {
        if value > UNSEEN && self.beginnings[value as usize].last < now {
            return UNSEEN;
        }
        value
    }

    /// Of the values `low..high`, which agree in their first `length` bytes, those that continue
    /// with `text`.
    fn within(&mut self, low: u32, high: u32, length: usize, text: &str) -> u32 {
        let range = &self.seen[low as usize..high as usize];
        let before = range.partition_point(|value| value.as_bytes()[length..] < *text.as_bytes());
        let count = range[before..]
            .partition_point(|value| value.as_bytes()[length..].starts_with(text.as_bytes()));
        if count == 0 {
            return UNSEEN;
        }
        let (low, length) = (low + small(before), small(length + text.len()));
        let word = u64::from(low) << 32 | u64::from(length);
        if let Some(known) = self.numbers.get(word) {
            return known;
        }
        let high = low + small(count);
        let number = small(self.beginnings.len());
        let last = self.latest(low, high);
        self.beginnings.push(Beginning {
            low,
            high,
            length,
            last,
        });
        self.numbers.set(word, number);
        number
    }

    /// The last return of the observers of the values `low..high`.
    fn latest(&self, low: u32, high: u32) -> i128 {
        let count = self.seen.len();
        let (mut low, mut high) = (low as usize + count, high as usize + count);
        let mut latest = i128::MIN;
        while low < high {
            if low % 2 == 1 {
                latest = latest.max(self.last[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                latest = latest.max(self.last[high]);
            }
            (low, high) = (low / 2, high / 2);
        }
        latest
    }
}
