//! Words of a program: bytes, with `%` for those that are no text, and `~` for null.

const Bytes = @import("memory.zig").Bytes;

/// What of a text comes before the first of these characters, and what comes after it.
pub const Split = struct {
    before: []const u8,
    after: []const u8,
    found: bool,

    pub fn at(text: []const u8, separator: u8) Split {
        for (text, 0..) |c, i| {
            if (c == separator) return .{ .before = text[0..i], .after = text[i + 1 ..], .found = true };
        }
        return .{ .before = text, .after = text[text.len..], .found = false };
    }
};

pub fn same(a: []const u8, b: []const u8) bool {
    if (a.len != b.len) return false;
    for (a, b) |x, y| if (x != y) return false;
    return true;
}

pub fn startsWith(text: []const u8, start: []const u8) bool {
    return text.len >= start.len and same(text[0..start.len], start);
}

fn digit(c: u8) ?u8 {
    return switch (c) {
        '0'...'9' => c - '0',
        'a'...'f' => c - 'a' + 10,
        'A'...'F' => c - 'A' + 10,
        else => null,
    };
}

pub fn bytes(written: []const u8) []const u8 {
    var all: Bytes = .{};
    var i: usize = 0;
    while (i < written.len) {
        if (written[i] == '%' and i + 2 < written.len) {
            if (digit(written[i + 1])) |high| if (digit(written[i + 2])) |low| {
                all.number(u8, high << 4 | low);
                i += 3;
                continue;
            };
        }
        all.number(u8, written[i]);
        i += 1;
    }
    return all.items;
}

pub fn word(written: []const u8) ?[]const u8 {
    return if (same(written, "~")) null else bytes(written);
}

/// A value as a word.
pub fn write(all: *Bytes, value: ?[]const u8) void {
    const digits = "0123456789ABCDEF";
    const known = value orelse return all.add("~");
    for (known) |c| switch (c) {
        'A'...'Z', 'a'...'z', '0'...'9', '-', '_', '.' => all.number(u8, c),
        else => all.add(&.{ '%', digits[c >> 4], digits[c & 15] }),
    };
}

/// A decimal number; what is none is 0, which no vector asks for.
pub fn number(text: []const u8) i64 {
    var sum: i64 = 0;
    const negative = text.len != 0 and text[0] == '-';
    for (text[@intFromBool(negative)..]) |c| sum = sum *% 10 -% (digit(c) orelse 0);
    return if (negative) sum else -%sum;
}

pub fn decimal(value: i64) []const u8 {
    var all: [20]u8 = undefined;
    var start: usize = all.len;
    // Towards the negative numbers, of which there is one more.
    var left = if (value > 0) -value else value;
    while (true) {
        start -= 1;
        all[start] = @intCast('0' - @rem(left, 10));
        left = @divTrunc(left, 10);
        if (left == 0) break;
    }
    if (value < 0) {
        start -= 1;
        all[start] = '-';
    }
    var text: Bytes = .{};
    text.add(all[start..]);
    return text.items;
}
