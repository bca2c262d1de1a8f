//! Archives written byte by byte: no program would write these.

/// A tar archive under way.
#[derive(Default, Clone)]
pub(super) struct Tar(pub(super) Vec<u8>);

impl Tar {
    /// Adds an entry with a ustar header.
    #[expect(clippy::too_many_arguments, reason = "a header has that many fields")]
    pub(super) fn entry(
        mut self,
        kind: u8,
        name: &[u8],
        mode: u32,
        link: &[u8],
        body: &[u8],
    ) -> Self {
        let header = header(kind, name, mode, link, body.len() as u64);
        self.0.extend(header);
        self.body(body)
    }

    pub(super) fn file(self, name: &str, body: &[u8]) -> Self {
        self.entry(b'0', name.as_bytes(), 0o644, b"", body)
    }

    pub(super) fn program(self, name: &str, body: &[u8]) -> Self {
        self.entry(b'0', name.as_bytes(), 0o755, b"", body)
    }

    pub(super) fn folder(self, name: &str) -> Self {
        self.entry(b'5', name.as_bytes(), 0o755, b"", b"")
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name.as_bytes(), 0o777, target.as_bytes(), b"")
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name.as_bytes(), 0o644, target.as_bytes(), b"")
    }

    /// Extensions for the next entry, or with kind `g` for all.
    pub(super) fn pax(self, kind: u8, pairs: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (key, value) in pairs {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length = rest + length.to_string().len();
            }
            body.extend(format!("{length} {key}=").bytes());
            body.extend(*value);
            body.push(b'\n');
        }
        self.entry(kind, b"pax", 0o644, b"", &body)
    }

    pub(super) fn body(mut self, body: &[u8]) -> Self {
        self.0.extend(body);
        let padding = self.0.len().next_multiple_of(512) - self.0.len();
        self.0.extend(vec![0; padding]);
        self
    }

    /// The archive with its end.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

pub(super) fn header(kind: u8, name: &[u8], mode: u32, link: &[u8], size: u64) -> [u8; 512] {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..107].copy_from_slice(format!("{mode:07o}").as_bytes());
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link);
    header[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut header);
    header
}

/// Puts the sum of a header in its place.
pub(super) fn seal(header: &mut [u8; 512]) {
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

/// A zip archive under way: every entry stored, not compressed.
#[derive(Default)]
pub(super) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// What a zip entry says about itself.
pub(super) struct ZipEntry<'a> {
    pub(super) name: &'a [u8],
    /// The Unix mode, or 0 for none.
    pub(super) mode: u32,
    pub(super) body: &'a [u8],
    /// How many bytes it says it has.
    pub(super) says: u32,
    pub(super) flags: u16,
    pub(super) method: u16,
}

impl Zip {
    pub(super) fn file(self, name: &str, mode: u32, body: &[u8]) -> Self {
        self.entry(&ZipEntry {
            name: name.as_bytes(),
            mode,
            body,
            says: u32::try_from(body.len()).unwrap(),
            flags: 0,
            method: 0,
        })
    }

    pub(super) fn entry(mut self, entry: &ZipEntry<'_>) -> Self {
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let system: u16 = if entry.mode == 0 { 0 } else { 3 << 8 };
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(entry.flags.to_le_bytes());
        common.extend(entry.method.to_le_bytes());
        common.extend([0, 0, 0x21, 0]);
        common.extend(crc(entry.body).to_le_bytes());
        common.extend(u32::try_from(entry.body.len()).unwrap().to_le_bytes());
        common.extend(entry.says.to_le_bytes());
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend(entry.name);
        self.bytes.extend(entry.body);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend((0x14 | system).to_le_bytes());
        self.directory.extend(&common);
        self.directory.extend([0; 6]);
        self.directory.extend((entry.mode << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(entry.name);
        self.count += 1;
        self
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        let start = u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes
            .extend(u32::try_from(self.directory.len()).unwrap().to_le_bytes());
        self.bytes.extend(start.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
