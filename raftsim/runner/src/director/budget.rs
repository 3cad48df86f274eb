//! The message budgets of script steps.

use scenario::{Budget, Statement};

use super::Director;
use super::script::{End, Flow};
use crate::world::KvWorld;

impl<'s> Director<'s> {
    /// Starts counting messages.
    pub(super) fn count(
        &mut self,
        thread: usize,
        step: &'s Statement,
        budget: &'s Budget<Statement>,
    ) {
        let end = End::Count(step, budget, self.program.meter);
        self.push(thread, &budget.steps, end);
    }

    /// All messages sent until now are counted. Then the steps of a budget begin, or they are done.
    pub(super) fn counted(&mut self, thread: usize, world: &KvWorld) -> Flow {
        let is = self.program.meter;
        let Some(frame) = self.program.threads[thread].frames.last_mut() else {
            return Flow::Over;
        };
        let End::Count(step, budget, was) = &mut frame.end else {
            return Flow::On;
        };
        if frame.next == 0 {
            *was = is;
            return Flow::On;
        }
        let counts = [
            ("requests", budget.requests, is.requests - was.requests),
            ("bytes", budget.bytes, is.bytes - was.bytes),
        ];
        let step: &'s Statement = step;
        self.program.threads[thread].frames.pop();
        for (what, wanted, count) in counts {
            if let Some(wanted) = wanted.filter(|wanted| !wanted.holds(count)) {
                let missing = format!("{count} {what}, not {wanted}");
                self.fail(step, false, missing, world);
            }
        }
        Flow::On
    }
}
