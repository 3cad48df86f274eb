//! Values with a small, stable number each. The numbers of removed values are reused.

/// The number of a message in flight, with which a scheduler finds it again. It implies no order
/// and never reaches a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

#[derive(Clone)]
pub(crate) struct Slab<T> {
    cells: Vec<Option<T>>,
    free: Vec<Slot>,
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Slab<T> {
        Slab {
            cells: Vec::new(),
            free: Vec::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn insert(&mut self, value: T) -> (Slot, &mut T) {
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        let cell = &mut self.cells[slot.0 as usize];
        assert!(cell.is_none(), "a free slot holds a value");
        *cell = Some(value);
        (slot, cell.as_mut().expect("it was just filled"))
    }

    #[cold]
    fn grow(&mut self) -> Slot {
        let number = u32::try_from(self.cells.len()).expect("memory ends before 2³² messages");
        self.cells.push(None);
        Slot(number)
    }

    /// Removes a value and returns it. The slot must hold a value.
    pub(crate) fn remove(&mut self, slot: Slot) -> T {
        let value = self.cells[slot.0 as usize]
            .take()
            .expect("a removed slot holds a value");
        self.free.push(slot);
        value
    }

    /// Drops a value in place. The slot must hold a value.
    #[inline]
    pub(crate) fn discard(&mut self, slot: Slot) {
        let cell = &mut self.cells[slot.0 as usize];
        assert!(cell.is_some(), "a discarded slot holds a value");
        *cell = None;
        self.free.push(slot);
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.cells.get(slot.0 as usize)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.cells.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        (0u32..)
            .zip(&self.cells)
            .filter_map(|(number, cell)| Some((Slot(number), cell.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_value_is_gone_and_its_slot_is_used_again() {
        let mut slab = Slab::new();
        let a = slab.insert('a').0;
        let b = slab.insert('b').0;
        assert_eq!(slab.remove(a), 'a');
        assert_eq!(slab.get(a), None);
        assert_eq!(slab.insert('c').0, a);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(a, &'c'), (b, &'b')]);
    }
}
