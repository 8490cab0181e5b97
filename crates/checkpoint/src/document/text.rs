//! JSON strings: finding their end, taking escapes away, putting them on.
use super::error::{ErrorKind, Fault, Scanned};

/// How many leading bytes stand for themselves inside a JSON string (eight are looked at in one step).
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is zero gets its high bit set; what the borrow does to bytes above it does not matter.
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = zero_in(word ^ (ONES * b'"' as u64));
        let backslash = zero_in(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let stop = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\');
    words.len() * 8 + stop.unwrap_or(rest.len())
}

/// Takes the escapes of a string's inside away. `at` is where it stands, for errors.
///
/// Half of a surrogate pair alone is refused: Python can hold it, UTF-8 cannot, and a replacement would
/// change what the text says.
pub(super) fn unescape(inside: &str, at: usize) -> Scanned<String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(plain) = rest.find('\\') {
        text.push_str(&rest[..plain]);
        let (c, length) = escaped(&rest.as_bytes()[plain..]).ok_or_else(|| {
            let offset = inside.len() - rest.len() + plain;
            Fault::new(ErrorKind::BadValue("a string without a lone surrogate"), at + offset)
        })?;
        text.push(c);
        rest = &rest[plain + length..];
    }
    text.push_str(rest);
    Ok(text)
}

/// The character of the escape that `bytes` starts with, and the escape's length.
fn escaped(bytes: &[u8]) -> Option<(char, usize)> {
    let c = match bytes.get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(bytes),
        &other => char::from(other),
    };
    Some((c, 2))
}

fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hex4(bytes.get(2..6)?)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = match bytes.get(6..8)? {
        br"\u" => hex4(bytes.get(8..12)?)?,
        _ => return None,
    };
    let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)?, 12))
}

/// The value of four hex digits.
pub(super) fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | char::from(digit).to_digit(16)?))
}

/// Appends a JSON string as Python writes it with `ensure_ascii=False`.
pub(super) fn push_string(to: &mut Vec<u8>, text: &str) {
    to.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let plain = plain_len(rest);
        to.extend_from_slice(&rest[..plain]);
        let Some(&special) = rest.get(plain) else { break };
        push_escape(to, special);
        rest = &rest[plain + 1..];
    }
    to.push(b'"');
}

fn push_escape(to: &mut Vec<u8>, special: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match special {
        b'"' | b'\\' => special,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            to.extend_from_slice(br"\u00");
            to.extend([HEX[usize::from(special >> 4)], HEX[usize::from(special & 15)]]);
            return;
        }
    };
    to.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escape(text: &str) -> String {
        let mut to = Vec::new();
        push_string(&mut to, text);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn escapes_as_python_does() {
        assert_eq!(
            escape("a\"\\\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}é"),
            "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u0000\\u001f\u{7f}é\""
        );
    }

    #[test]
    fn takes_every_escape() {
        let read = |inside| unescape(inside, 0).map_err(|fault| fault.kind);
        assert_eq!(read(r#"\"\\\/\b\f\n\r\t\u0041\uD83D\ude00"#), Ok("\"\\/\u{8}\u{c}\n\r\tA😀".into()));
        for lone in [r"\ud800", r"\ud800x", r"\udc00", r"\ud800\n", r"\ud800\u0041", r"\ud800\ud800"] {
            assert!(read(lone).is_err(), "{lone}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert_eq!(unescape(&escaped[1..escaped.len() - 1], 0).unwrap(), text);
        }

        #[test]
        fn steps_of_eight_find_what_steps_of_one_find(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let one_by_one = bytes.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\');
            prop_assert_eq!(plain_len(&bytes), one_by_one.unwrap_or(bytes.len()));
        }
    }
}
