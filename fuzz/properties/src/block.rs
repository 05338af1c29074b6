use sendas::Limits;
use sendas::address::fields::{FieldName, classify, read_block as read};

/// The fields put together again are the header, and no part of a field could be cut differently.
pub fn read_block(block: &[u8]) {
    let mut limits = Limits::default();
    limits.header_octets = 4096;
    let fields = match read(block, &limits) {
        Ok(fields) => fields,
        Err(error) => {
            assert!(error.offset() as usize <= block.len(), "{error:?}");
            return;
        }
    };
    let header = &block[..fields.header_len()];
    assert!(header.len() <= 4096 || !header.ends_with(b"\r\n"));
    let mut together = Vec::new();
    for field in fields {
        let (name, body) = (field.name.of(block), field.body.of(block));
        assert!(!name.is_empty() && !name.contains(&b':') && !name.contains(&b'\n'));
        assert_eq!(classify(name), classify(&name.to_ascii_uppercase()));
        if name.trim_ascii_end() != name {
            assert!(matches!(classify(name), FieldName::Ambiguous | FieldName::Other));
        }
        for (at, _) in body.iter().enumerate().filter(|&(_, &octet)| matches!(octet, b'\r' | b'\n' | 0)) {
            let fold = matches!(body.get(at..at + 3), Some(b"\r\n " | b"\r\n\t"))
                || body[at] == b'\n' && body[at - 1] == b'\r';
            assert!(fold, "{}", body.escape_ascii());
        }
        together.extend_from_slice(name);
        together.push(b':');
        together.extend_from_slice(body);
        together.extend_from_slice(b"\r\n");
    }
    let without_end = header.strip_suffix(b"\r\n").unwrap_or(header);
    let all = together.strip_suffix(b"\r\n").unwrap_or(&together);
    assert!(header == together || without_end == together || without_end == all, "{}", block.escape_ascii());
}
