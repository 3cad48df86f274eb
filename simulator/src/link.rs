//! One directed link of the timed world: the latency of its messages, and their faults.

use crate::ledger::FaultId;
use crate::random::{Ratio, Stream, half_span, halves};
use crate::slab::Slot;
use crate::time::{Span, SpanRange};

/// The quality of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// The latency of a message.
    pub latency: SpanRange,
    /// The proportion of messages that are lost.
    pub loss: Ratio,
    /// The proportion of messages that arrive twice. The second copy has a latency of its own.
    pub duplicate: Ratio,
    /// The proportion of messages that are held up, so that later ones overtake them.
    pub reorder: Ratio,
    /// The additional latency of messages that are held up.
    pub reorder_delay: SpanRange,
    /// Whether only messages that answer others are held up.
    pub reorder_replies: bool,
}

/// The faults of the ledger that belong to a link's quality.
#[derive(Clone, Copy, Default)]
pub(crate) struct QualityFaults {
    pub(crate) loss: Option<FaultId>,
    pub(crate) duplicate: Option<FaultId>,
    pub(crate) reorder: Option<FaultId>,
}

/// The random decisions about one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) lost: bool,
    pub(crate) latency: Span,
    /// The latency of a second copy.
    pub(crate) copy: Option<Span>,
    pub(crate) reordered: bool,
}

#[derive(Clone)]
pub(crate) struct Link {
    stream: Stream,
    pub(crate) quality: Quality,
    pub(crate) faults: QualityFaults,
    pub(crate) cut: Option<FaultId>,
    pub(crate) hold: Option<FaultId>,
    /// Messages that arrived during the hold, in order.
    pub(crate) held: Vec<Slot>,
}

impl Link {
    pub(crate) fn new(stream: Stream) -> Link {
        Link {
            stream,
            quality: Quality::default(),
            faults: QualityFaults::default(),
            cut: None,
            hold: None,
            held: Vec::new(),
        }
    }

    /// Draws the fate of the next message. It always takes the same three words and uses each half
    /// for the same question. So switching a fault off leaves all other fates unchanged. `is_reply`
    /// tells whether the message answers another.
    #[inline]
    pub(crate) fn fate(&mut self, is_reply: impl FnOnce() -> bool) -> Fate {
        let words: [u64; 3] = std::array::from_fn(|_| self.stream.word());
        let (latency_draw, loss_draw) = halves(words[0]);
        let (copy_draw, duplicate_draw) = halves(words[1]);
        let (delay_draw, reorder_draw) = halves(words[2]);
        let quality = &self.quality;
        let mut fate = Fate {
            lost: quality.loss.hit(loss_draw),
            latency: half_span(latency_draw, quality.latency),
            copy: None,
            reordered: quality.reorder.hit(reorder_draw)
                && (!quality.reorder_replies || is_reply()),
        };
        if fate.reordered {
            let delay = half_span(delay_draw, quality.reorder_delay);
            fate.latency = Span(fate.latency.0.saturating_add(delay.0));
        }
        if quality.duplicate.hit(duplicate_draw) {
            fate.copy = Some(half_span(copy_draw, quality.latency));
        }
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use proptest::prelude::*;

    fn any_range() -> impl Strategy<Value = SpanRange> {
        (0u64..1 << 40, 0u64..1 << 40).prop_map(|(min, more)| {
            SpanRange::new(Span(min), Span(min + more)).expect("min is not above max")
        })
    }

    fn any_ratio() -> impl Strategy<Value = Ratio> {
        (0u32..=100).prop_map(|num| Ratio::new(num, 100).expect("at most 1"))
    }

    fn any_quality() -> impl Strategy<Value = Quality> {
        (
            any_range(),
            any_ratio(),
            any_ratio(),
            any_ratio(),
            any_range(),
        )
            .prop_map(
                |(latency, loss, duplicate, reorder, reorder_delay)| Quality {
                    latency,
                    loss,
                    duplicate,
                    reorder,
                    reorder_delay,
                    reorder_replies: false,
                },
            )
    }

    fn fates(seed: u64, quality: Quality) -> Vec<Fate> {
        let mut link = Link::new(Stream::new(seed, Purpose::Link, 1));
        link.quality = quality;
        (0..50).map(|at| link.fate(|| at % 2 == 0)).collect()
    }

    proptest! {
        #[test]
        fn removing_one_fault_leaves_the_rest_where_it_was(seed: u64, quality in any_quality()) {
            let all = fates(seed, quality);
            let no_loss = fates(seed, Quality { loss: Ratio::ZERO, ..quality });
            let no_copy = fates(seed, Quality { duplicate: Ratio::ZERO, ..quality });
            let in_order = fates(seed, Quality { reorder: Ratio::ZERO, ..quality });
            for (at, fate) in all.iter().enumerate() {
                prop_assert_eq!(no_loss[at], Fate { lost: false, ..*fate });
                prop_assert_eq!(no_copy[at], Fate { copy: None, ..*fate });
                let Fate { lost, copy, .. } = in_order[at];
                prop_assert_eq!((lost, copy), (fate.lost, fate.copy));
                prop_assert!(fate.reordered || in_order[at].latency == fate.latency);
            }
        }

        #[test]
        fn where_only_replies_are_held_up_other_messages_are_as_without(
            seed: u64, quality in any_quality()
        ) {
            let all = fates(seed, quality);
            let none = fates(seed, Quality { reorder: Ratio::ZERO, ..quality });
            let replies = fates(seed, Quality { reorder_replies: true, ..quality });
            for (at, fate) in replies.iter().enumerate() {
                prop_assert_eq!(*fate, if at % 2 == 0 { all[at] } else { none[at] });
            }
        }

        #[test]
        fn a_latency_is_in_its_range_and_longer_when_reordered(
            seed: u64, quality in any_quality()
        ) {
            for fate in fates(seed, quality) {
                let (mut min, mut max) = (quality.latency.min().0, quality.latency.max().0);
                if fate.reordered {
                    min += quality.reorder_delay.min().0;
                    max += quality.reorder_delay.max().0;
                }
                prop_assert!((min..=max).contains(&fate.latency.0));
            }
        }
    }
}
