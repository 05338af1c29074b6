//! Octets that a host lends for a call, as arrays of Arrow's want them.

use std::process::abort;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_buffer::Buffer;

/// Hands octets to `run` as a buffer, of which nothing may be left when it returns.
///
/// They are not copied, unless numbers in them would not be aligned in memory: for that, streams count on where they
/// begin. A copy of a long stream is memory that is needed twice.
pub(crate) fn lend<T>(octets: &[u8], run: impl FnOnce(Buffer) -> T) -> T {
    let start = NonNull::from(octets).cast::<u8>();
    if start.align_offset(ALIGNMENT) != 0 {
        return run(Buffer::from(octets));
    }
    let lender = Lender(Arc::new(Lent));
    // SAFETY: the octets are there until this function ends, however it does, and the lender sees to it that no part of
    // the buffer is left then. Nothing writes into them: a buffer that was not allocated by Arrow can only be read.
    #[expect(unsafe_code, reason = "a buffer of Arrow's has no lifetime")]
    let buffer = unsafe { Buffer::from_custom_allocation(start, octets.len(), lender.0.clone()) };
    run(buffer)
}

/// Stands for the octets in each buffer that points to some of them.
struct Lent;

/// Ends the process where a buffer would outlive the octets.
struct Lender(Arc<Lent>);

impl Drop for Lender {
    fn drop(&mut self) {
        if Arc::get_mut(&mut self.0).is_none() {
            abort();
        }
    }
}

/// The parts of a stream begin at multiples of this ("Encapsulated message format", Arrow Columnar Format), and no
/// number that is read there is larger.
const ALIGNMENT: usize = 8;

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn aligned_octets_are_lent_and_others_copied() {
        let octets = Buffer::from(vec![7; 64]);
        for start in 0..=ALIGNMENT {
            let given = &octets[start..];
            let lent = lend(given, |buffer| {
                assert_eq!(buffer.as_slice(), given);
                buffer.as_ptr() == given.as_ptr()
            });
            assert_eq!(lent, start % ALIGNMENT == 0, "{start}");
        }
        lend(&[], |buffer| assert!(buffer.is_empty()));
    }

    #[test]
    fn octets_are_lent_where_the_call_panics() {
        let octets = vec![7; 64];
        assert!(catch_unwind(|| lend(&octets, |buffer| panic!("{}", buffer.slice(8).len()))).is_err());
    }
}
