//! How the fields of commands and events stand in JSON: one codec for each form of value.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::address::{Address, DomainName};
use crate::admin::{Answer, Challenge, ClosedBy, Digest, DnsOutcome, Token};
use crate::net::{IpRange, IpRangeError};
use crate::policy::{Mode, Names};
use crate::reason::Control;
use crate::request::Channel;
use crate::time::Timestamp;

use super::super::build::{self, RecordBuilder};
use super::super::keys::{EXEMPTIBLE, Kind, MinItems, Presence, names};
use super::super::output::Output;
use super::super::tree::{Node, Value};

/// The text form of a field.
pub(super) trait Codec {
    type Value;
    /// What may stand there.
    const KIND: Kind;
    const PRESENCE: Presence = Presence::Required;

    /// Reads the field from the object that holds it; `None` where it is missing or wrong, which is reported elsewhere.
    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value>;

    /// Writes the field, or nothing for what may be left out.
    fn write(output: &mut Output, key: &str, value: &Self::Value);
}

/// Declares codecs of values that are one JSON string by their own grammar.
macro_rules! texts {
    ($($name:ident $kind:ident $type:ty, $read:expr, $write:expr;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = $type;
            const KIND: Kind = Kind::$kind;

            fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<$type> {
                builder.parsed(node, key, $read)
            }

            fn write(output: &mut Output, key: &str, value: &$type) {
                let write: fn(&$type) -> String = $write;
                output.key(key).string(&write(value));
            }
        }
    )+ };
}

texts! {
    IdText Id String, |text| Ok::<_, Never>(text.to_owned()), String::clone;
    NameText Name String, |text| Ok::<_, Never>(text.to_owned()), String::clone;
    AnyText Text String, |text| Ok::<_, Never>(text.to_owned()), String::clone;
    AddressText Address Address, Address::parse, Address::to_string;
    DomainText Domain DomainName, DomainName::parse, DomainName::to_string;
    TokenText Text Token, Token::from_hex, Token::to_hex;
    DigestText Text Digest, Digest::from_hex, Digest::to_string;
    ChallengeText Text Challenge, Challenge::from_hex, Challenge::to_string;
    RangeText Text IpRange, range, IpRange::to_string;
}

/// A grammar that refuses nothing.
enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// Reads an entry of an allowlist in any of its forms.
fn range(text: &str) -> Result<IpRange, IpRangeError> {
    if text.contains('/') {
        IpRange::cidr(text)
    } else if text.contains('-') {
        IpRange::range(text)
    } else {
        IpRange::address(text)
    }
}

/// Declares codecs of enums that are one word.
macro_rules! words {
    ($($name:ident $type:ty, $words:expr, $read:expr, $write:expr;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = $type;
            const KIND: Kind = Kind::Choice($words);

            fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<$type> {
                build::choice(node, key, $read)
            }

            fn write(output: &mut Output, key: &str, value: &$type) {
                let write: fn($type) -> &'static str = $write;
                output.key(key).string(write(*value));
            }
        }
    )+ };
}

words! {
    AnswerName Answer, names!(Answer), Answer::from_name, Answer::name;
    ChannelName Channel, names!(Channel), Channel::from_name, Channel::name;
    ClosedByName ClosedBy, names!(ClosedBy), ClosedBy::from_name, ClosedBy::name;
    ControlName Control, EXEMPTIBLE, control, Control::name;
    OutcomeName DnsOutcome, names!(DnsOutcome), DnsOutcome::from_name, DnsOutcome::name;
}

pub(super) fn control(name: &str) -> Option<Control> {
    Control::ALL.into_iter().find(|control| control.name() == name)
}

/// Declares codecs of values that may be absent, from those of the value.
macro_rules! optionals {
    ($($name:ident of $codec:ident;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = Option<<$codec as Codec>::Value>;
            const KIND: Kind = <$codec as Codec>::KIND;
            const PRESENCE: Presence = Presence::Optional;

            fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
                match node.get(key) {
                    None => Some(None),
                    Some(_) => $codec::read(builder, node, key).map(Some),
                }
            }

            fn write(output: &mut Output, key: &str, value: &Self::Value) {
                if let Some(value) = value {
                    $codec::write(output, key, value);
                }
            }
        }
    )+ };
}

optionals! {
    OptionalAddress of AddressText;
    OptionalChannels of Channels;
    OptionalCount of Count;
    OptionalFlag of GivenFlag;
    OptionalId of IdText;
    OptionalInstant of Instant;
    OptionalIp of IpText;
    OptionalMode of ModeText;
    OptionalName of NameText;
}

/// A flag that must stand.
pub(super) struct GivenFlag;

impl Codec for GivenFlag {
    type Value = bool;
    const KIND: Kind = Kind::Bool;

    fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<bool> {
        build::flag(node, key)
    }

    fn write(output: &mut Output, key: &str, value: &bool) {
        output.key(key).flag(*value);
    }
}

/// A flag that is false where it does not stand.
pub(super) struct Flag;

impl Codec for Flag {
    type Value = bool;
    const KIND: Kind = Kind::Bool;
    const PRESENCE: Presence = Presence::Default("false");

    fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<bool> {
        Some(build::flag(node, key).unwrap_or_default())
    }

    fn write(output: &mut Output, key: &str, value: &bool) {
        if *value {
            output.key(key).flag(true);
        }
    }
}

/// A whole number of 32 bits; a larger one is as the largest.
pub(super) struct Count;

impl Codec for Count {
    type Value = u32;
    const KIND: Kind = Kind::Count;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<u32> {
        LongCount::read(builder, node, key).map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    fn write(output: &mut Output, key: &str, value: &u32) {
        output.key(key).number(*value);
    }
}

/// A whole number of 64 bits.
pub(super) struct LongCount;

impl Codec for LongCount {
    type Value = u64;
    const KIND: Kind = Kind::Count;

    fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<u64> {
        match &node.get(key)?.value {
            Value::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    fn write(output: &mut Output, key: &str, value: &u64) {
        output.key(key).raw(&value.to_string());
    }
}

pub(super) struct Instant;

impl Codec for Instant {
    type Value = Timestamp;
    const KIND: Kind = Kind::Instant;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Timestamp> {
        builder.instant(node, key)
    }

    fn write(output: &mut Output, key: &str, value: &Timestamp) {
        output.key(key).string(&value.to_string());
    }
}

pub(super) struct IpText;

impl Codec for IpText {
    type Value = core::net::IpAddr;
    const KIND: Kind = Kind::Ip;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
        builder.parsed(node, key, IpRange::address).map(|range| range.first())
    }

    fn write(output: &mut Output, key: &str, value: &Self::Value) {
        output.key(key).string(&value.to_string());
    }
}

pub(super) struct ModeText;

impl Codec for ModeText {
    type Value = Mode;
    const KIND: Kind = Kind::Mode;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Mode> {
        builder.mode(node, key)
    }

    fn write(output: &mut Output, key: &str, value: &Mode) {
        let output = output.key(key);
        match value {
            Mode::Off => output.string("off"),
            Mode::Monitor => output.string("monitor"),
            Mode::Enforce => output.string("enforce"),
            Mode::EnforceFrom(from) => output.object(|output| {
                output.key("mode").string("enforce");
                Instant::write(output, "from", from);
            }),
        }
    }
}

pub(super) struct Channels;

impl Codec for Channels {
    type Value = crate::policy::ChannelSet;
    const KIND: Kind = Kind::List(&super::super::keys::CHANNEL, MinItems::One);

    fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
        let elements = node.get(key)?.elements().iter();
        Some(crate::policy::ChannelSet::new(elements.filter_map(|element| Channel::from_name(element.text()?))))
    }

    fn write(output: &mut Output, key: &str, value: &Self::Value) {
        strings(output, key, value.iter().map(|channel| channel.name().to_string()));
    }
}

/// Declares codecs of lists of strings.
macro_rules! lists {
    ($($name:ident $type:ty, $kind:ident, $least:ident;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = Vec<$type>;
            const KIND: Kind = Kind::List(&Kind::$kind, MinItems::$least);

            fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
                node.get(key).map(|_| build::strings(node, key))
            }

            fn write(output: &mut Output, key: &str, value: &Self::Value) {
                strings(output, key, value.iter().cloned());
            }
        }
    )+ };
}

lists! {
    IdList String, Id, None;
    NameList String, Name, None;
}

pub(super) struct AddressList;

impl Codec for AddressList {
    type Value = Vec<Address>;
    // Two spellings of one address are found later; the same one twice is no harm.
    const KIND: Kind = Kind::Strings;

    fn read(builder: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Self::Value> {
        let list = node.get(key)?;
        let read = builder.each(node, key, |builder, element| match Address::parse(element.text()?) {
            Ok(address) => Some(address),
            Err(error) => {
                builder.refuse(element, &error);
                None
            }
        });
        // What is no address has been reported, and so has what is no list.
        (read.len() == list.elements().len()).then_some(read)
    }

    fn write(output: &mut Output, key: &str, value: &Self::Value) {
        strings(output, key, value.iter().map(Address::to_string));
    }
}

/// Declares codecs of `"any"` or a list.
macro_rules! anys {
    ($($name:ident $kind:ident;)+) => { $(
        pub(super) struct $name;

        impl Codec for $name {
            type Value = Names;
            const KIND: Kind = Kind::AnyOr(&Kind::$kind);

            fn read(_: &mut RecordBuilder, node: &Node<'_>, key: &'static str) -> Option<Names> {
                build::names(node, key)
            }

            fn write(output: &mut Output, key: &str, value: &Names) {
                match value {
                    Names::Any => output.key(key).string("any"),
                    Names::Only(names) => strings(output, key, names.iter().cloned()),
                }
            }
        }
    )+ };
}

anys! {
    AnyIds Id;
    AnyNames Name;
}

pub(super) fn strings(output: &mut Output, key: &str, strings: impl Iterator<Item = String>) {
    output.key(key).array(|output| strings.for_each(|text| output.element().string(&text)));
}
