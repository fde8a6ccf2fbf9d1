//! The types of wit/transform.wit as the canonical ABI lays them out. `extern` structs have C's layout, which is the same: each part
//! at a multiple of its alignment; an option is a byte and then what it holds.

const Bytes = @import("memory.zig").Bytes;

pub const List = extern struct {
    pointer: u32 = 0,
    length: u32 = 0,

    pub fn of(bytes: []const u8) List {
        return .{ .pointer = @intCast(@intFromPtr(bytes.ptr)), .length = @intCast(bytes.len) };
    }

    /// A list of `T`s that lies in this program.
    pub fn these(comptime T: type, all: []const T) List {
        return .{ .pointer = @intCast(@intFromPtr(all.ptr)), .length = @intCast(all.len) };
    }

    pub fn slice(self: List) []const u8 {
        if (self.length == 0) return &.{};
        return @as([*]const u8, @ptrFromInt(self.pointer))[0..self.length];
    }

    pub fn number(self: List, comptime T: type, i: usize) T {
        return @as(*align(1) const T, @ptrFromInt(self.pointer + i * @sizeOf(T))).*;
    }
};

pub fn Option(comptime T: type) type {
    return extern struct { some: u8 = 0, value: T = .{} };
}

pub const Column = extern struct {
    data: List = .{},
    ends: List = .{},
    nulls: List = .{},

    /// Entry `i`; null where it is null.
    pub fn get(self: Column, i: usize) ?[]const u8 {
        if (self.nulls.length != 0 and self.nulls.slice()[i / 8] >> @intCast(i % 8) & 1 == 1) return null;
        const start = if (i == 0) 0 else self.ends.number(u32, i - 1);
        return self.data.slice()[start..self.ends.number(u32, i)];
    }
};

pub const Headers = extern struct { ends: List = .{}, names: Column = .{}, values: Column = .{} };

pub const FieldColumn = extern struct { kind: u8, column: Column };

pub const Batch = extern struct {
    topic: List,
    partition: i32,
    count: u32,
    offsets: Option(List),
    timestamps: Option(List),
    keys: Option(Column),
    values: Option(Column),
    headers: Option(Headers),
    fields: List,
    lookups: List,
};

pub fn Patch(comptime T: type) type {
    return extern struct { at: Option(List) = .{}, to: T = .{} };
}

pub const Rejections = extern struct { rows: List = .{}, codes: Column = .{}, reasons: Column = .{} };

pub const Output = extern struct {
    rows: Option(List) = .{},
    outputs: Option(List) = .{},
    keys: Option(Patch(Column)) = .{},
    values: Option(Patch(Column)) = .{},
    headers: Option(Patch(Headers)) = .{},
    added_headers: Option(Patch(Headers)) = .{},
    timestamps: Option(Patch(List)) = .{},
    partitions: Option(Patch(List)) = .{},
    rejected: Option(Rejections) = .{},
};

pub const Failure = extern struct { kind: u8, reason: List };

/// What `apply` answers.
pub const Applied = extern struct {
    failed: u8 = 0,
    is: extern union { output: Output, failure: Failure },
};

pub const Part = extern struct { which: u8 = 0, header: List = .{} };
pub const Field = extern struct { part: Part = .{}, path: List, kind: u8, presence: u8 };

pub const Description = extern struct {
    reads: u8,
    fields: List,
    lookups: List = .{},
    tables: List = .{},
    outputs: List,
    counters: List = .{},
    options: List = .{},
};

/// What `configure` answers; this guest never refuses.
pub const Configured = extern struct { failed: u8 = 0, description: Description };

// The contract's sizes: another layout would be read as something else.
comptime {
    if (@sizeOf(Batch) != 172) @compileError("the layout of a batch is another");
    if (@sizeOf(Output) != 356) @compileError("the layout of an output is another");
    if (@sizeOf(Field) != 24) @compileError("the layout of a field is another");
}

/// A column that is being made.
pub const Entries = struct {
    data: Bytes = .{},
    ends: Bytes = .{},
    /// One byte an entry, 1 for null.
    null_bytes: Bytes = .{},

    pub fn add(self: *Entries, entry: ?[]const u8) void {
        self.data.add(entry orelse &.{});
        self.ends.number(u32, @intCast(self.data.items.len));
        self.null_bytes.number(u8, @intFromBool(entry == null));
    }

    pub fn count(self: *const Entries) usize {
        return self.null_bytes.items.len;
    }

    pub fn cut(self: *Entries, entries: usize) void {
        self.null_bytes.cut(entries);
        self.ends.cut(4 * entries);
        const length = if (entries == 0) 0 else List.of(self.ends.items).number(u32, entries - 1);
        self.data.cut(length);
    }

    pub fn column(self: *const Entries) Column {
        var nulls: Bytes = .{};
        for (self.null_bytes.items, 0..) |is_null, i| {
            if (i % 8 == 0) nulls.number(u8, 0);
            nulls.items[i / 8] |= is_null << @intCast(i % 8);
        }
        return .{ .data = List.of(self.data.items), .ends = List.of(self.ends.items), .nulls = List.of(nulls.items) };
    }
};
