//! What stands before the pages of an image.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::address::suffix;
use crate::address::unicode_version;
use crate::compile::{denies, mode_from, mode_kind};
use crate::options::Options;
use crate::policy::Provider;
use crate::snapshot::image::Image;
use crate::snapshot::layout::{Damaged, Read, Run, Writer, small, words_of};
use crate::snapshot::root::UNIT;
use crate::snapshot::row::Row;
use crate::snapshot::rows::{ROOT_HEAD, RootRow};

/// What the provider sets for all tenants.
pub(crate) struct Front {
    pub(super) writer: Writer,
    pub(super) options: Options,
    pub(super) head: [u32; 4],
    pub(super) texts: [Run; 2],
    pub(super) denies: Run,
    pub(super) settings: u128,
}

impl Front {
    /// Writes the provider's settings, and the versions of the lists that decisions depend on.
    pub(crate) fn new(provider: &Provider, options: &Options) -> Self {
        let mut writer = Writer::default();
        writer.reserve(RootRow::WORDS);
        let texts = [suffix::LIST_VERSION, unicode_version()]
            .map(|text| Run { start: writer.octets(&[text.as_bytes()]), count: small(text.len()) });
        let denies = denies(&mut writer, &provider.denies);
        let [low, high, ..] = words_of(u128::from(u64::from_le_bytes(mode_from(provider.hosted).to_le_bytes())));
        let head = [0, mode_kind(provider.hosted), low, high];
        let mut hasher = SipHasher13::new();
        head.iter().for_each(|word| hasher.write(&word.to_le_bytes()));
        hasher.write(writer.so_far());
        writer.fill(UNIT);
        let settings = hasher.finish128().as_u128();
        Self { writer, options: *options, head, texts, denies, settings }
    }

    /// Takes over what stands before the pages of an image.
    pub(crate) fn of(image: &Image, options: &Options) -> Read<Self> {
        let head = image.head()?;
        let start = head.pages().start as usize * 4;
        let mut writer = Writer::default();
        writer.reserve(RootRow::WORDS);
        writer.octets(&[image.bytes().0.get(ROOT_HEAD..start).ok_or(Damaged)?]);
        let [low, high, ..] = words_of(u128::from(u64::from_le_bytes(head.hosted_from().to_le_bytes())));
        let texts = [head.suffixes_run(), head.unicode_run()];
        let words = [0, head.hosted(), low, high];
        Ok(Self { writer, options: *options, head: words, texts, denies: head.denies(), settings: head.settings() })
    }
}
