//! What a program took: time, processor, memory, as the system counted it.
#![expect(
    unsafe_code,
    reason = "std waits for a child without telling what it took"
)]

use std::io;
use std::mem::MaybeUninit;
use std::ops::AddAssign;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::process::ExitStatus;
use std::time::Duration;

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// From start to end.
    pub wall: Duration,
    /// User and system time, of all threads and of the children it waited for.
    pub cpu: Duration,
    /// The most memory that was resident at once, in bytes.
    pub peak: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.wall += other.wall;
        self.cpu += other.cpu;
        self.peak = self.peak.max(other.peak);
    }
}

/// Waits for `child`; its wall time is not known here.
pub(crate) fn wait(child: &Child) -> io::Result<(ExitStatus, Usage)> {
    let pid = libc::pid_t::try_from(child.id()).expect("a process number fits");
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are to live values of the types that are asked for, and zeros are a valid `rusage`.
        if unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) } == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: zeroed before and filled in by the call.
    let usage = unsafe { usage.assume_init() };
    let used = Usage {
        wall: Duration::ZERO,
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak: u64::try_from(usage.ru_maxrss).unwrap_or(0) * PEAK_UNIT,
    };
    Ok((ExitStatus::from_raw(status), used))
}

/// macOS counts bytes, all others kibibytes.
const PEAK_UNIT: u64 = if cfg!(target_os = "macos") { 1 } else { 1024 };

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
