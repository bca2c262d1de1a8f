//! Packages made for the occasion: the same bytes at every run, on every machine.
//!
//! ```text
//! p-000/bin/p-000                    in two of five packages
//! p-000/share/man/man1/p-000.1       in two of five
//! p-000/lib/p-000/dNN/fNNN           the rest, sizes from a hundred bytes to most of a mebibyte
//! ```

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::Result;

/// How many packages, files and bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub packages: usize,
    pub files: usize,
    pub bytes: usize,
}

impl Size {
    /// 2,300 files, 70 MB.
    pub(crate) const SMALL: Self = Self {
        packages: 95,
        files: 2_300,
        bytes: 70_000_000,
    };

    /// 56,100 files, 2.74 GB, or a part of it.
    pub(crate) fn large(scale: f64) -> Self {
        Self {
            packages: 95,
            files: part(56_100, scale),
            bytes: part(2_740_000_000, scale),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "far from the limits"
)]
pub(crate) fn part(whole: usize, scale: f64) -> usize {
    (whole as f64 * scale) as usize
}

/// A generator of bytes that look like chance and are not (xorshift).
struct Bytes(u64);

impl Bytes {
    fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn write(&mut self, mut length: usize, to: &mut impl Write) -> Result<()> {
        let mut buffer = [0; 8192];
        while length > 0 {
            for word in buffer.as_chunks_mut::<8>().0 {
                *word = self.next().to_le_bytes();
            }
            let now = length.min(buffer.len());
            to.write_all(&buffer[..now])?;
            length -= now;
        }
        Ok(())
    }
}

/// One file in twenty has the bytes of another.
const REPEATED: usize = 20;

/// Makes the packages below `folder`, unless they are there; returns their folders.
pub(crate) fn packages(folder: &Path, size: Size) -> Result<Vec<PathBuf>> {
    let names: Vec<String> = (0..size.packages).map(|n| format!("p-{n:03}")).collect();
    let folders: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    if folder.join(".made").exists() {
        return Ok(folders);
    }
    let each = size.files / size.packages;
    for (number, (name, package)) in names.iter().zip(&folders).enumerate() {
        for index in 0..each {
            let path = package.join(place(name, number, index));
            let seed = number * each + index;
            let same_as = if seed.is_multiple_of(REPEATED) {
                seed / 2
            } else {
                seed
            };
            file(&path, same_as, length(same_as, size), index == 0)?;
        }
    }
    fs::write(folder.join(".made"), "")?;
    Ok(folders)
}

/// Makes one package of `files` files of about two kilobytes; another `seed` makes other bytes.
pub(crate) fn package(folder: &Path, files: usize, seed: usize) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    for index in 0..files {
        let path = folder.join(format!("lib/{name}/d{:03}/f{index:05}", index / 50));
        file(&path, seed * 1_000_003 + index, 1024 + index % 2048, false)?;
    }
    Ok(())
}

fn place(name: &str, number: usize, index: usize) -> String {
    match (number % 5, index) {
        (0 | 1, 0) => format!("bin/{name}"),
        (2 | 3, 0) => format!("share/man/man1/{name}.1"),
        _ => format!("lib/{name}/d{:02}/f{index:03}", index / 40),
    }
}

/// Sizes double over thirteen steps, each as likely as the other, as those of real packages nearly do.
fn length(seed: usize, size: Size) -> usize {
    const STEPS: u32 = 13;
    let mean_weight = ((1 << STEPS) - 1) / STEPS as usize;
    let mut chance = Bytes::new(seed ^ 0x5A5A);
    let weight = 1_usize << (chance.next() % u64::from(STEPS));
    (size.bytes / size.files * weight / mean_weight).max(16)
}

pub(crate) fn file(path: &Path, seed: usize, length: usize, executable: bool) -> Result<()> {
    fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
    let mut options = fs::OpenOptions::new();
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    Bytes::new(seed).write(length, &mut file)
}
