//! Brings a line of memory near without waiting for it.

/// Has the line of memory that an octet stands in brought near the processor, which does not wait for it.
#[inline(always)]
pub(crate) fn bring_near(octet: &u8) {
    #[cfg(all(target_feature = "sse", not(sendas_portable)))]
    safe_arch::prefetch_t0(octet);
    // Other processors are asked by a read that nothing is done with: it holds up what comes some hundred instructions later.
    #[cfg(any(not(target_feature = "sse"), sendas_portable))]
    core::hint::black_box(*octet);
}
