//! What a value holds of memory.

/// Makes a value, and counts the octets that it holds: what `malloc` has given out, C libraries included, with its own overhead.
///
/// `None` where the C library cannot tell.
pub fn held<T>(make: impl FnOnce() -> T) -> (T, Option<usize>) {
    let before = in_use();
    let made = make();
    (made, in_use().zip(before).map(|(after, before)| after.saturating_sub(before)))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn in_use() -> Option<usize> {
    #[expect(unsafe_code, reason = "the C library has no safe way to ask it")]
    // SAFETY: it takes no argument, and returns numbers.
    let info = unsafe { libc::mallinfo2() };
    Some(info.uordblks + info.hblkhd)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn in_use() -> Option<usize> {
    None
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_and_what_was_dropped_is_not() {
        let (made, octets) = held(|| {
            drop(vec![1_u8; 3 << 20]);
            vec![1_u8; 1 << 20]
        });
        assert!(octets.is_some_and(|octets| (1 << 20..2 << 20).contains(&octets)), "{octets:?}");
        drop(made);
    }
}
