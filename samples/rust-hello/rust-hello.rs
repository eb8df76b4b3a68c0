// SPDX-License-Identifier: GPL-2.0
//! A module in Rust, without the kernel's own Rust support: no standard library, C's functions declared by hand. What the
//! macros of C write into sections (license, init, exit) is written by hand too.
#![no_std]

extern "C" {
    /// The kernel's printk(). A level stands before the text: "\x01" and a digit.
    fn _printk(format: *const u8, ...) -> i32;
}

/// Puts one "tag=value" into .modinfo, as MODULE_LICENSE() and MODULE_DESCRIPTION() do.
macro_rules! modinfo {
    ($name:ident, $text:literal) => {
        #[used]
        #[link_section = ".modinfo"]
        static $name: [u8; $text.len()] = *$text;
    };
}
modinfo!(LICENSE, b"license=GPL\0");
modinfo!(DESCRIPTION, b"description=Says hello in Rust\0");

static mut GREETINGS: i32 = 0;

/// The length of the longest row of halving and tripling steps that starts below `limit`.
fn longest_walk(limit: u64) -> (u64, u32) {
    let mut best = (1, 0);
    let mut start = 1;
    while start < limit {
        let (mut n, mut steps) = (start, 0);
        while n != 1 {
            n = if n & 1 == 0 { n >> 1 } else { 3 * n + 1 };
            steps += 1;
        }
        if steps > best.1 {
            best = (start, steps);
        }
        start += 1;
    }
    best
}

#[no_mangle]
pub extern "C" fn init_module() -> i32 {
    let (start, steps) = longest_walk(1000);
    // SAFETY: the format is terminated and its arguments have the types that it names; nobody else runs yet.
    unsafe {
        GREETINGS += 1;
        _printk(b"\x016rust_hello: hello from Rust, greeting %d\n\0".as_ptr(), GREETINGS);
        _printk(b"\x016rust_hello: from %llu it takes %u steps to 1\n\0".as_ptr(), start, steps);
    }
    0
}

#[no_mangle]
pub extern "C" fn cleanup_module() {
    // SAFETY: as above.
    unsafe {
        _printk(b"\x016rust_hello: goodbye\n\0".as_ptr());
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
