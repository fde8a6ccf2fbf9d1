//! The core of the interpreter of the conformance vectors, against wit/transform.wit alone: that the contract can be written to in a
//! language without an SDK.

const contract = @import("contract.zig");
const memory = @import("memory.zig");
const words = @import("words.zig");
const Plan = @import("plan.zig").Plan;
const Split = words.Split;
const List = contract.List;
const same = words.same;

export fn cabi_realloc(old: u32, old_size: u32, alignment: u32, size: u32) [*]u8 {
    _ = alignment;
    const moved = memory.take(size);
    if (old_size != 0) @memcpy(moved[0..@min(old_size, size)], @as([*]u8, @ptrFromInt(old)));
    return moved;
}

const every_part = 0b11111;
const text_type = 0;
const nullable = 1;

var configured: contract.Configured = undefined;
var applied: contract.Applied = undefined;
var declared: [1]contract.Field = undefined;
var outputs: [3]List = undefined;

fn configure(settings: u32, count: u32) callconv(.c) *contract.Configured {
    _ = settings;
    _ = count;
    declared = .{.{ .path = List.of("/do"), .kind = text_type, .presence = nullable }};
    outputs = .{ List.of("a"), List.of("b"), List.of("c") };
    configured = .{ .description = .{
        .reads = every_part,
        .fields = List.these(contract.Field, &declared),
        .outputs = List.these(List, &outputs),
    } };
    return &configured;
}

fn apply(batch: *const contract.Batch) callconv(.c) *contract.Applied {
    var plan: Plan = .{};
    applied = .{ .is = .{ .output = .{} } };
    for (0..batch.count) |row| {
        if (interpret(batch, &plan, @intCast(row))) |failure| {
            applied = .{ .failed = 1, .is = .{ .failure = failure } };
            return &applied;
        }
    }
    applied.is.output = plan.output();
    return &applied;
}

/// The host has read the answer. The next batch is written before `apply` is called again.
fn done(answer: u32) callconv(.c) void {
    _ = answer;
    memory.reset();
}

comptime {
    const guest = "millstream:transform/guest@0.1.0#";
    @export(&configure, .{ .name = guest ++ "configure" });
    @export(&apply, .{ .name = guest ++ "apply" });
    @export(&done, .{ .name = "cabi_post_" ++ guest ++ "apply" });
}

/// Carries out what a record says; answers how the batch fails, if it does.
fn interpret(batch: *const contract.Batch, plan: *Plan, row: u32) ?contract.Failure {
    if (batch.values.value.get(row) == null) {
        _ = plan.emit(row, 0);
        return null;
    }
    const programs: *const contract.FieldColumn = @ptrFromInt(batch.fields.pointer);
    const program = programs.column.get(row) orelse {
        plan.reject(row, "no-program", "the record says nothing");
        return null;
    };
    const before = plan.emitted;
    var rest: Split = .{ .before = "", .after = program, .found = true };
    while (rest.found) {
        rest = Split.at(rest.after, '\n');
        const line = Split.at(rest.before, ' ');
        const instruction = line.before;
        if (same(instruction, "forward")) {
            _ = plan.emit(row, output(line.after));
        } else if (same(instruction, "emit")) {
            emit(plan, row, line.after);
        } else if (same(instruction, "drop")) {
            plan.back(before);
        } else if (same(instruction, "reject")) {
            const reject = Split.at(line.after, ' ');
            plan.back(before);
            plan.reject(row, words.bytes(reject.before), words.bytes(reject.after));
            return null;
        } else if (same(instruction, "fail")) {
            const failure = Split.at(line.after, ' ');
            const kind: u8 = if (same(failure.before, "transient")) 0 else 1;
            return .{ .kind = kind, .reason = List.of(words.bytes(failure.after)) };
        } else if (same(instruction, "show")) {
            plan.values.set(plan.emit(row, 0), show(batch, row, line.after));
        } else {
            plan.back(before);
            plan.reject(row, "unknown-instruction", instruction);
            return null;
        }
    }
    return null;
}

fn output(name: []const u8) u16 {
    return if (same(name, "a")) 0 else if (same(name, "b")) 1 else 2;
}

fn emit(plan: *Plan, row: u32, text: []const u8) void {
    var rest = Split.at(text, ' ');
    const position = plan.emit(row, output(rest.before));
    while (rest.found) {
        rest = Split.at(rest.after, ' ');
        const change = Split.at(rest.before, '=');
        const part = change.before;
        if (same(part, "headers")) {
            plan.headers.begin(position);
        } else if (words.startsWith(part, "set:")) {
            plan.headers.add(position, words.bytes(part[4..]), words.word(change.after));
        } else if (words.startsWith(part, "add:")) {
            plan.added.add(position, words.bytes(part[4..]), words.word(change.after));
        } else if (same(part, "key")) {
            plan.keys.set(position, words.word(change.after));
        } else if (same(part, "value")) {
            plan.values.set(position, words.word(change.after));
        } else if (same(part, "timestamp")) {
            plan.timestamps.set(position, words.number(change.after));
        } else if (same(part, "partition")) {
            plan.partitions.set(position, @intCast(words.number(change.after)));
        }
    }
}

fn show(batch: *const contract.Batch, row: u32, text: []const u8) ?[]const u8 {
    const what = Split.at(text, ' ');
    if (same(what.before, "key")) return batch.keys.value.get(row);
    if (same(what.before, "value")) return batch.values.value.get(row);
    if (same(what.before, "topic")) return batch.topic.slice();
    if (same(what.before, "partition")) return words.decimal(batch.partition);
    if (same(what.before, "offset")) return words.decimal(batch.offsets.value.number(i64, row));
    if (same(what.before, "timestamp")) return words.decimal(batch.timestamps.value.number(i64, row));
    const headers = &batch.headers.value;
    const start = if (row == 0) 0 else headers.ends.number(u32, row - 1);
    var all: memory.Bytes = .{};
    var last: ?[]const u8 = null;
    for (start..headers.ends.number(u32, row)) |i| {
        const name = headers.names.get(i) orelse "";
        const value = headers.values.get(i);
        if (same(name, what.after)) last = value;
        if (i != start) all.add("\n");
        all.add(name);
        all.add("=");
        words.write(&all, value);
    }
    return if (same(what.before, "last")) last else all.items;
}
