//! Our own part of the document: what lies under its `codeagent` key.
use std::{fmt, io};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use codeagent_core::{Fingerprint, Header, LocalTime};

use super::{
    FORMAT, digest,
    error::{ErrorKind, Fault, Scanned},
    read_task::time,
    scan::Scanner,
    write::Sink,
};

/// Fingerprints in one string: 768 bytes, 1,024 characters of base64 without padding.
const PER_LINE: usize = 48;

/// Which store a file belongs to: drawn once, when the store is created.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(pub [u8; 16]);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl StoreId {
    /// Reads 32 hex digits.
    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u128::from_str_radix(hex, 16).ok().map(|value| Self(value.to_be_bytes()))
    }
}

/// Where a snapshot stands in its store: the state at the start of journal `epoch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotMeta {
    /// Which store it belongs to.
    pub store_id: StoreId,
    /// The journal that goes on from here.
    pub epoch: u64,
    /// Nothing followed: the store was closed. (Not the guide's `clean_shutdown`.)
    pub clean: bool,
    /// The last record that is contained.
    pub last_lsn: u64,
    /// That record's checksum, which the next one carries.
    pub chain: u32,
}

/// The `codeagent` object as far as it was read.
#[derive(Default)]
pub(super) struct Own {
    store_id: Option<StoreId>,
    epoch: Option<u64>,
    clean: Option<bool>,
    last_lsn: Option<u64>,
    chain: Option<u32>,
    pub(super) last_update: Option<LocalTime>,
    pub(super) pruned: Vec<Fingerprint>,
    pub(super) unknown: String,
    pub(super) digest_at: Option<usize>,
}

impl Own {
    pub(super) fn read(s: &mut Scanner<'_>) -> Scanned<Self> {
        let mut own = Self::default();
        s.object(|s, key| {
            match &*key.name {
                "format" => check_format(s)?,
                "store_id" => own.store_id = Some(store_id(s)?),
                "epoch" => own.epoch = Some(s.integer()?),
                "clean" => own.clean = Some(s.bool()?),
                "last_lsn" => own.last_lsn = Some(s.integer()?),
                "chain" => own.chain = Some(s.integer()?),
                "last_update" => own.last_update = time(s)?,
                "pruned" => own.pruned = pruned(s)?,
                "digest" => {
                    own.digest_at = Some(s.at());
                    s.skip()?;
                }
                _ => s.keep(key, &mut own.unknown)?,
            }
            Ok(())
        })?;
        Ok(own)
    }

    /// Where the snapshot stands, if all of that is there.
    pub(super) fn meta(&self) -> Option<SnapshotMeta> {
        Some(SnapshotMeta {
            store_id: self.store_id?,
            epoch: self.epoch?,
            clean: self.clean?,
            last_lsn: self.last_lsn?,
            chain: self.chain?,
        })
    }
}

fn check_format(s: &mut Scanner<'_>) -> Scanned<()> {
    let start = s.at();
    let format: u32 = s.integer()?;
    if format > FORMAT {
        return Err(Fault::new(ErrorKind::NewerVersion(format!("format {format}")), start));
    }
    Ok(())
}

fn store_id(s: &mut Scanner<'_>) -> Scanned<StoreId> {
    let start = s.at();
    let id = StoreId::parse(&s.string()?);
    id.ok_or_else(|| Fault::new(ErrorKind::BadValue("32 hex digits"), start))
}

fn pruned(s: &mut Scanner<'_>) -> Scanned<Vec<Fingerprint>> {
    let mut fingerprints = Vec::new();
    let mut bytes = Vec::new();
    s.array(|s, _| {
        let start = s.at();
        bytes.clear();
        let decoded = BASE64.decode_vec(s.string()?.as_bytes(), &mut bytes);
        let (whole, rest) = bytes.as_chunks::<16>();
        if decoded.is_err() || !rest.is_empty() {
            return Err(Fault::new(ErrorKind::BadValue("fingerprints of 16 bytes each, in base64"), start));
        }
        fingerprints.extend(whole.iter().map(|bytes| Fingerprint(*bytes)));
        Ok(())
    })?;
    Ok(fingerprints)
}

/// Writes the `codeagent` member, which ends the document.
pub(super) fn write<'f>(
    out: &mut Sink<'_>,
    header: &Header,
    pruned: impl ExactSizeIterator<Item = &'f Fingerprint>,
    meta: Option<&SnapshotMeta>,
) -> io::Result<()> {
    out.text(",\n  \"codeagent\": {\n    \"format\": ");
    out.number(u64::from(FORMAT));
    if let Some(meta) = meta {
        write_meta(out, meta);
        out.member("last_update");
        out.time(header.last_update);
    }
    write_pruned(out, pruned)?;
    if let Some(unknown) = &header.unknown_own {
        out.text(",\n    ");
        out.text(unknown);
    }
    if meta.is_some() {
        out.text(",\n");
        out.bytes(digest::MEMBER);
        out.digest()?;
    }
    out.bytes(digest::TAIL);
    Ok(())
}

fn write_meta(out: &mut Sink<'_>, meta: &SnapshotMeta) {
    out.member("store_id");
    out.text(&format!("\"{}\"", meta.store_id));
    out.member("epoch");
    out.number(meta.epoch);
    out.member("clean");
    out.bool(meta.clean);
    out.member("last_lsn");
    out.number(meta.last_lsn);
    out.member("chain");
    out.number(u64::from(meta.chain));
}

fn write_pruned<'f>(
    out: &mut Sink<'_>,
    mut pruned: impl ExactSizeIterator<Item = &'f Fingerprint>,
) -> io::Result<()> {
    out.member("pruned");
    if pruned.len() == 0 {
        out.text("[]");
        return Ok(());
    }
    let mut line = Vec::with_capacity(PER_LINE * 16);
    let mut before = "[\n      \"";
    while pruned.len() > 0 {
        line.clear();
        pruned.by_ref().take(PER_LINE).for_each(|fingerprint| line.extend(fingerprint.0));
        out.text(before);
        out.text(&BASE64.encode(&line));
        out.flush_if_full()?;
        before = "\",\n      \"";
    }
    out.text("\"\n    ]");
    Ok(())
}
