//! From fields of the whole grammar, obsolete forms included, into which another's address is grafted.

use super::Choices;

/// The only address that the sender owns.
pub const OWN: &str = "mallory@attacker.example";

/// Somebody else's address, which no reader may find in an allowed field.
const VICTIM: &str = "ceo@victim.example";

/// Makes a body: mostly a list that names the sender alone, with the victim in names and comments, then damaged or not.
#[must_use]
pub fn grafted(choices: &mut Choices<'_>) -> String {
    let mut body = " ".to_owned();
    let count = if choices.chance(3) { 2 } else { 1 };
    for number in 0..count {
        if number > 0 {
            body.push_str(choices.pick(&[", ", ",", ",,", ";", "; ", ",\r\n ", " "]));
        }
        body.push_str(&element(choices));
    }
    for _ in 0..choices.pick(&[0, 0, 0, 1, 1, 2, 3]) {
        damage(&mut body, choices);
    }
    body
}

fn element(choices: &mut Choices<'_>) -> String {
    match choices.below(16) {
        0 => format!("{}: {};", phrase(choices), mailbox(choices)),
        1 => format!("{}:;", phrase(choices)),
        2 => format!("{}{}{}", gap(choices), mailbox(choices), gap(choices)),
        _ => mailbox(choices),
    }
}

fn mailbox(choices: &mut Choices<'_>) -> String {
    let (spec, gap) = (addr_spec(choices), gap(choices));
    match choices.below(8) {
        0 | 1 => spec,
        2 => format!("{spec}{gap}"),
        3 => format!(
            "{} <@{}:{spec}>",
            phrase(choices),
            choices.pick(&["victim.example", "attacker.example,@victim.example"])
        ),
        4 => format!("{}{gap}<{spec}>{}", phrase(choices), choices.pick(&["", "", " (x)", " x"])),
        5 => format!("{} <\r\n {spec}>", phrase(choices)),
        _ => format!("{} <{spec}>", phrase(choices)),
    }
}

fn addr_spec(choices: &mut Choices<'_>) -> String {
    match choices.below(24) {
        0 => "\"mallory\"@attacker.example".to_owned(),
        1 => "mallory@ATTACKER.example".to_owned(),
        2 => "MALLORY@attacker.example".to_owned(),
        3 => "\"mal\\lory\"@attacker.example".to_owned(),
        4 => format!("mallory{}@{}attacker.example", gap(choices), gap(choices)),
        5 => format!("mallory@attacker{}.{}example", gap(choices), gap(choices)),
        6 => format!("\"{VICTIM}\"@attacker.example"),
        7 => format!("{VICTIM}@attacker.example"),
        8 => format!("{OWN}@victim.example"),
        9 => "=?utf-8?q?ceo=40victim.example?=@attacker.example".to_owned(),
        10 => "mallory@attacker.example.".to_owned(),
        11 => VICTIM.to_owned(),
        _ => OWN.to_owned(),
    }
}

fn phrase(choices: &mut Choices<'_>) -> String {
    let words: Vec<String> = choices.several(1, 3, |choices| {
        let shown = choices.pick(&[
            "News",
            "J.",
            "Dr. Who",
            VICTIM,
            "<ceo@victim.example>",
            "ceo@victim.example,",
            "Acme",
            "Acme\r\n News",
            "x\r\n <ceo@(y)victim.example>, z",
            "x\r\n ceo @victim.example, z",
            "x\r\n , ceo.(",
        ]);
        match choices.below(8) {
            0 | 1 => format!("\"{shown}\""),
            2 => format!(
                "=?utf-8?q?{}?=",
                shown.replace(' ', "_").replace('@', "=40").replace('<', "=3C").replace('>', "=3E").replace(',', "=2C")
            ),
            3 => "=?utf-8?b?PGNlb0B2aWN0aW0uZXhhbXBsZT4=?=".to_owned(),
            4 => format!("({shown})"),
            5 => format!("\"\\{shown}\\\"\""),
            6 => "\u{e9}t\u{e9}".to_owned(),
            _ => choices.pick(&["News", "of", "J.", VICTIM]).to_owned(),
        }
    });
    words.join(choices.pick(&[" ", " ", "", "\r\n ", "\t"]))
}

fn gap(choices: &mut Choices<'_>) -> &'static str {
    choices.pick(&[
        "",
        "",
        "",
        " ",
        "\r\n ",
        "(x)",
        "(ceo@victim.example)",
        "(\\)<ceo@victim.example>)",
        " ((a) b) ",
        "\t",
    ])
}

/// Puts in, takes out or moves a few octets.
fn damage(body: &mut String, choices: &mut Choices<'_>) {
    let places: Vec<usize> = body.char_indices().map(|(at, _)| at).collect();
    if places.is_empty() {
        return;
    }
    let at = places[choices.below(places.len().min(256))];
    match choices.below(4) {
        0 => drop(body.remove(at)),
        1 => body.insert_str(
            at,
            choices.pick(&[
                "<ceo@victim.example>",
                "ceo@victim.example,",
                "ceo@victim.example ",
                "<ceo@victim.example>,",
                "(ceo@victim.example",
            ]),
        ),
        _ => body.insert_str(
            at,
            choices.pick(&[
                "<", ">", "(", ")", "\"", "\\", ",", ";", ":", "@", ".", "[", "]", " ", "\0", "\r", "\n", "\r\n ",
                "\r\n", "\u{1}", "\u{a0}", "\u{202e}", "=?", "?=",
            ]),
        ),
    }
}
