//! The journal's bytes, torn, flipped and misplaced.
use codeagent_core::{Event, testkit};

use super::*;

const STORE: StoreId = StoreId([7; 16]);

fn header() -> Header {
    Header { store: STORE, epoch: 3, base: Position { lsn: 10, chain: 99 }, durable_base: true }
}

/// A journal of so many records, and the offset at which each begins.
fn journal(count: u64) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = header().encode().to_vec();
    let mut starts = Vec::new();
    let mut end = header().base;
    for _ in 0..count {
        starts.push(bytes.len());
        let head = RecordHead {
            kind: RecordKind::Events,
            lsn: end.lsn + 1,
            synced_upto: bytes.len() as u64,
            previous: end.chain,
        };
        let events = vec![Event::IterationCounted { at: testkit::now().local }];
        let crc = encode_record(&mut bytes, Seed::of(STORE, 3), &head, |out| {
            Ok(serde_json::to_writer(out, &events)?)
        });
        end = Position { lsn: end.lsn + 1, chain: crc.unwrap() };
    }
    (bytes, starts)
}

#[test]
fn header_survives_a_round_and_no_flipped_bit() {
    let bytes = header().encode();
    assert_eq!(Header::parse(&bytes, 3), Ok(header()));
    assert_eq!(Header::parse(&bytes, 4), Err(HeaderFault::Damaged));
    assert_eq!(Header::parse(&[0; 500], 3), Err(HeaderFault::Blank));
    assert_eq!(Header::parse(&[], 3), Err(HeaderFault::Blank));
    for bit in 0..HEADER_LEN * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Header::parse(&flipped, 3), Err(HeaderFault::Damaged), "bit {bit}");
    }
}

#[test]
fn a_whole_journal_is_read_with_and_without_zeros_behind() {
    let (mut bytes, _) = journal(5);
    for _ in 0..2 {
        let scan = scan(&bytes, &header(), bytes.len().min(100) as u64);
        assert_eq!((scan.records.len(), scan.end.lsn, scan.ending), (5, 15, Ending::Open));
        assert_eq!(scan.records[0].events().unwrap().len(), 1);
        bytes.resize(bytes.len() + 5000, 0);
    }
}

#[test]
fn the_last_record_torn_at_every_byte_is_gone_and_it_alone() {
    let (bytes, starts) = journal(5);
    let last = starts[4];
    for cut in last..bytes.len() {
        let mut torn = bytes[..cut].to_vec();
        torn.resize(bytes.len() + 100, 0);
        let scan = scan(&torn, &header(), last as u64);
        assert_eq!((scan.records.len(), scan.end.lsn), (4, 14), "cut at {cut}");
        assert!(!matches!(scan.ending, Ending::Damaged { .. }), "cut at {cut}");
    }
}

#[test]
fn damage_before_a_later_record_is_damage_at_every_byte() {
    let (bytes, starts) = journal(5);
    for at in starts[1]..starts[2] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        assert_eq!(scan(&damaged, &header(), 0).ending, Ending::Damaged { at: starts[1] as u64 }, "{at}");
    }
}

#[test]
fn the_watermark_tells_damage_of_the_last_record() {
    let (mut bytes, starts) = journal(5);
    bytes[starts[4] + 50] ^= 1;
    let torn = Ending::Torn { bytes: (bytes.len() - starts[4]) as u64 };
    assert_eq!(scan(&bytes, &header(), starts[4] as u64).ending, torn);
    let damaged = Ending::Damaged { at: starts[4] as u64 };
    assert_eq!(scan(&bytes, &header(), bytes.len() as u64).ending, damaged);
    bytes.truncate(starts[4]);
    assert_eq!(scan(&bytes, &header(), starts[4] as u64 + 1).ending, damaged);
}

#[test]
fn a_record_of_another_epoch_or_place_is_no_record() {
    let (bytes, starts) = journal(5);
    let other = Header { epoch: 4, ..header() };
    assert_eq!(scan(&bytes, &other, 0).records.len(), 0);
    let mut doubled = bytes.clone();
    doubled.extend_from_slice(&bytes[starts[4]..]);
    assert_eq!(scan(&doubled, &header(), 0).ending, Ending::Damaged { at: bytes.len() as u64 });
}

#[test]
fn zeros_where_a_header_should_be_are_nothing() {
    let scan = scan(&[0; 4096], &header(), 0);
    assert_eq!((scan.records.len(), scan.ending), (0, Ending::Open));
}

#[test]
fn a_seal_holds_only_at_the_end_and_leads_only_onwards() {
    let sealed = |lsn, next: u64| {
        let (mut bytes, _) = journal(2);
        let whole = scan(&bytes, &header(), 0);
        let (at, previous) = (bytes.len() as u64, whole.end.chain);
        let head = RecordHead { kind: RecordKind::Seal, lsn, synced_upto: at, previous };
        let next = next.to_le_bytes();
        let payload = |out: &mut Vec<u8>| {
            out.extend_from_slice(&next);
            Ok(())
        };
        encode_record(&mut bytes, Seed::of(STORE, 3), &head, payload).unwrap();
        scan(&bytes, &header(), 0).ending
    };
    assert_eq!(sealed(12, 4), Ending::Sealed { next: 4 });
    for (lsn, next) in [(11, 4), (13, 4), (12, 3), (12, 2), (11, 3)] {
        assert!(matches!(sealed(lsn, next), Ending::Damaged { .. }), "{lsn} {next}");
    }
}
