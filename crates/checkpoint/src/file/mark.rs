//! The watermark: how far a journal was durable when its last batch was acknowledged.
//!
//! Written after each sync, never synced itself. It tells damage of the last acknowledged batch from a torn tail,
//! and that a journal existed that is gone now. A power cut may take it back to an older value, or to nothing:
//! it is believed when it says much, and proves nothing when it says little.
//!
//! ```text
//! 0 magic 8 · 8 epoch 8 · 16 offset 8 · 24 zeros 4 · 28 CRC-32C 4, seeded by the store id
//! ```
use crate::document::StoreId;

const MAGIC: [u8; 8] = *b"\xffCAMARK\xfe";

/// Bytes of the file: within one sector, so that it is never torn.
pub(crate) const LEN: usize = 32;

pub(crate) fn encode(store: StoreId, epoch: u64, offset: u64) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&epoch.to_le_bytes());
    bytes[16..24].copy_from_slice(&offset.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&store.0), &bytes[..28]);
    bytes[28..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// The offset; 0 where the file says nothing.
pub(crate) fn parse(bytes: &[u8], store: StoreId, epoch: u64) -> u64 {
    let Some(offset) = bytes.get(16..24).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes) else {
        return 0;
    };
    if bytes == encode(store, epoch, offset) { offset } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_nothing_unless_every_byte_is_right() {
        let store = StoreId([1; 16]);
        let bytes = encode(store, 5, 4711);
        assert_eq!(parse(&bytes, store, 5), 4711);
        assert_eq!(parse(&bytes, store, 6), 0);
        assert_eq!(parse(&bytes, StoreId([2; 16]), 5), 0);
        assert_eq!(parse(&bytes[..31], store, 5), 0);
        assert_eq!(parse(&[0; LEN], store, 5), 0);
        for bit in 0..LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped, store, 5), 0, "bit {bit}");
        }
    }
}
