//! Memory that is taken piece by piece and given back all at once, and lists that grow in it.

const page = 64 * 1024;

var next: usize = 0;
var end: usize = 0;
var first: usize = 0;

/// Room for so many bytes, aligned to 8. Memory that cannot be had is a trap: the host says so.
pub fn take(bytes: usize) [*]u8 {
    if (next == 0) {
        first = @wasmMemorySize(0) * page;
        next = first;
        end = first;
    }
    const start = (next + 7) & ~@as(usize, 7);
    if (start + bytes > end) {
        const pages = (start + bytes - end + page - 1) / page;
        if (@wasmMemoryGrow(0, pages) < 0) @trap();
        end += pages * page;
    }
    next = start + bytes;
    return @ptrFromInt(start);
}

/// Everything that was taken is given back.
pub fn reset() void {
    next = first;
}

/// A list of bytes that grows. Numbers are appended in their little-endian bytes.
pub const Bytes = struct {
    items: []u8 = &.{},
    room: usize = 0,

    pub fn add(self: *Bytes, more: []const u8) void {
        const length = self.items.len;
        if (length + more.len > self.room) {
            self.room = @max(64, 2 * (length + more.len));
            const moved = take(self.room);
            @memcpy(moved[0..length], self.items);
            self.items = moved[0..length];
        }
        self.items = self.items.ptr[0 .. length + more.len];
        @memcpy(self.items[length..], more);
    }

    pub fn number(self: *Bytes, comptime T: type, value: T) void {
        const copy = value;
        self.add(@as([*]const u8, @ptrCast(&copy))[0..@sizeOf(T)]);
    }

    pub fn cut(self: *Bytes, length: usize) void {
        self.items = self.items[0..length];
    }
};
