//! The catalogue against itself (both languages the same) and against the sources (every key used and known).

use super::*;

#[test]
fn a_missing_key_is_shown() {
    let catalogue = Catalogue::new(Lang::En);
    assert!(!catalogue.has("core-no-such"));
    assert!(!catalogue.has("nopart-x"));
    assert_eq!(catalogue.try_format("core-no-such", &[]), None);
}
