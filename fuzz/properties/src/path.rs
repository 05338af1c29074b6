use sendas::Address;
use sendas::address::path::{ReversePath, read_path as read, read_unquoted};
use sendas::address::{AddrSpec, Canonical, LocalForm};

/// Brackets change nothing, the unquoted form is the same address, and what is canonical an administrator can write.
pub fn read_path(bytes: &[u8]) {
    if let Ok(spec) = read_unquoted(bytes, true) {
        spans(bytes, &spec);
        if let Ok(canonical) = spec.canonical(bytes) {
            administrator(&canonical);
        }
    }
    let spec = match read(bytes, true) {
        Ok(ReversePath::Null) => return assert_eq!(bytes, b"<>"),
        Ok(ReversePath::Mailbox(spec)) => spec,
        Err(error) => return assert!(error.offset() as usize <= bytes.len().max(300), "{error:?}"),
    };
    assert_eq!(read(bytes, false).is_ok(), bytes.is_ascii());
    spans(bytes, &spec);
    let inner = spec.span.of(bytes);
    let bare = mailbox(inner);
    let bracketed = [b"<", inner, b">"].concat();
    let in_brackets = mailbox(&bracketed);
    assert_eq!(bare.span.of(inner), in_brackets.span.of(&bracketed));
    let Ok(canonical) = spec.canonical(bytes) else { return };
    assert_eq!(bare.canonical(inner).as_ref(), Ok(&canonical));
    administrator(&canonical);
    let unquoted = [canonical.local(), b"@", canonical.domain()].concat();
    if !canonical.local().is_empty() {
        let spec = read_unquoted(&unquoted, true).expect("the unquoted form");
        assert_eq!(spec.form, LocalForm::Unquoted);
        assert_eq!(spec.canonical(&unquoted).as_ref(), Ok(&canonical));
    }
}

pub(crate) fn mailbox(bytes: &[u8]) -> AddrSpec {
    match read(bytes, true) {
        Ok(ReversePath::Mailbox(spec)) => spec,
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// The parts are in bounds, in order, and nothing but the at sign stands between them.
pub(crate) fn spans(bytes: &[u8], spec: &AddrSpec) {
    assert!(
        spec.span.start == spec.local.start && spec.local.end < spec.domain.start && spec.domain.end == spec.span.end
    );
    assert!(spec.span.end as usize <= bytes.len());
    assert_eq!([spec.local.of(bytes), b"@", spec.domain.of(bytes)].concat(), spec.span.of(bytes));
}

/// A canonical address is one that an administrator can write, and reads back as itself.
pub(crate) fn administrator(canonical: &Canonical) {
    let local = std::str::from_utf8(canonical.local()).expect("UTF-8");
    let domain = std::str::from_utf8(canonical.domain()).expect("ASCII");
    let quoted = local.replace('\\', "\\\\").replace('"', "\\\"");
    let address = Address::parse(&format!("\"{quoted}\"@{domain}")).expect("what is canonical can be written");
    assert_eq!(&Canonical::from(&address), canonical);
    assert_eq!(address.is_literal(), canonical.is_literal());
    let shown = address.to_string();
    assert_eq!(mailbox(shown.as_bytes()).canonical(shown.as_bytes()).as_ref(), Ok(canonical));
}
