//! The answer to a batch while it is being made.

const contract = @import("contract.zig");
const Bytes = @import("memory.zig").Bytes;
const Entries = contract.Entries;
const List = contract.List;

/// Positions among the emitted records that something changes of, ascending.
const Positions = struct {
    bytes: Bytes = .{},

    fn last(self: *const Positions) ?u32 {
        const count = self.bytes.items.len / 4;
        return if (count == 0) null else List.of(self.bytes.items).number(u32, count - 1);
    }

    /// How many are left once those from `emitted` on are taken back.
    fn cut(self: *Positions, emitted: u32) usize {
        while (self.last()) |position| {
            if (position < emitted) break;
            self.bytes.cut(self.bytes.items.len - 4);
        }
        return self.bytes.items.len / 4;
    }

    fn patch(self: *const Positions, comptime T: type, to: T) contract.Option(contract.Patch(T)) {
        if (self.bytes.items.len == 0) return .{};
        return .{ .some = 1, .value = .{ .at = .{ .some = 1, .value = List.of(self.bytes.items) }, .to = to } };
    }
};

const Texts = struct {
    at: Positions = .{},
    to: Entries = .{},

    pub fn set(self: *Texts, position: u32, entry: ?[]const u8) void {
        self.at.bytes.number(u32, position);
        self.to.add(entry);
    }

    fn cut(self: *Texts, emitted: u32) void {
        self.to.cut(self.at.cut(emitted));
    }
};

const HeaderLists = struct {
    at: Positions = .{},
    ends: Bytes = .{},
    names: Entries = .{},
    values: Entries = .{},

    /// A list for this record, to which headers are then added; it has one already or none.
    pub fn begin(self: *HeaderLists, position: u32) void {
        if (self.at.last() == position) return;
        self.at.bytes.number(u32, position);
        self.ends.number(u32, @intCast(self.names.count()));
    }

    pub fn add(self: *HeaderLists, position: u32, name: []const u8, value: ?[]const u8) void {
        self.begin(position);
        self.names.add(name);
        self.values.add(value);
        self.ends.cut(self.ends.items.len - 4);
        self.ends.number(u32, @intCast(self.names.count()));
    }

    fn cut(self: *HeaderLists, emitted: u32) void {
        const left = self.at.cut(emitted);
        self.ends.cut(4 * left);
        const count = if (left == 0) 0 else List.of(self.ends.items).number(u32, left - 1);
        self.names.cut(count);
        self.values.cut(count);
    }

    fn lists(self: *const HeaderLists) contract.Headers {
        return .{ .ends = List.of(self.ends.items), .names = self.names.column(), .values = self.values.column() };
    }
};

fn Numbers(comptime T: type) type {
    return struct {
        at: Positions = .{},
        to: Bytes = .{},

        pub fn set(self: *@This(), position: u32, number: T) void {
            self.at.bytes.number(u32, position);
            self.to.number(T, number);
        }

        fn cut(self: *@This(), emitted: u32) void {
            self.to.cut(@sizeOf(T) * self.at.cut(emitted));
        }
    };
}

pub const Plan = struct {
    emitted: u32 = 0,
    rows: Bytes = .{},
    outputs: Bytes = .{},
    keys: Texts = .{},
    values: Texts = .{},
    headers: HeaderLists = .{},
    added: HeaderLists = .{},
    timestamps: Numbers(i64) = .{},
    partitions: Numbers(i32) = .{},
    rejected: Bytes = .{},
    codes: Entries = .{},
    reasons: Entries = .{},

    /// Answers the record's position among the emitted ones.
    pub fn emit(self: *Plan, row: u32, to: u16) u32 {
        self.rows.number(u32, row);
        self.outputs.number(u16, to);
        self.emitted += 1;
        return self.emitted - 1;
    }

    /// Takes back what was emitted since there were so many.
    pub fn back(self: *Plan, emitted: u32) void {
        self.emitted = emitted;
        self.rows.cut(4 * emitted);
        self.outputs.cut(2 * emitted);
        inline for (.{ "keys", "values", "headers", "added", "timestamps", "partitions" }) |part| {
            @field(self, part).cut(emitted);
        }
    }

    pub fn reject(self: *Plan, row: u32, code: []const u8, reason: []const u8) void {
        self.rejected.number(u32, row);
        self.codes.add(code);
        self.reasons.add(reason);
    }

    pub fn output(self: *const Plan) contract.Output {
        return .{
            .rows = .{ .some = 1, .value = List.of(self.rows.items) },
            .outputs = .{ .some = 1, .value = List.of(self.outputs.items) },
            .keys = self.keys.at.patch(contract.Column, self.keys.to.column()),
            .values = self.values.at.patch(contract.Column, self.values.to.column()),
            .headers = self.headers.at.patch(contract.Headers, self.headers.lists()),
            .added_headers = self.added.at.patch(contract.Headers, self.added.lists()),
            .timestamps = self.timestamps.at.patch(List, List.of(self.timestamps.to.items)),
            .partitions = self.partitions.at.patch(List, List.of(self.partitions.to.items)),
            .rejected = .{
                .some = @intFromBool(self.rejected.items.len != 0),
                .value = .{
                    .rows = List.of(self.rejected.items),
                    .codes = self.codes.column(),
                    .reasons = self.reasons.column(),
                },
            },
        };
    }
};
