;; WASI preview 1 for guests whose compilers know no other.
;;
;; Go's runtime looks at the clock wherever it likes, also within `cabi_realloc`, where a component must not call out: so the
;; clock stands still here, and moves only when an SDK calls `sync_clock` at the beginning of a call. What is written goes to the
;; host's stdout and stderr, which it makes lines of a log of. There are no arguments, no environment and no files.
;;
;; The adapter has no memory of its own. What a call to the host returns through memory is written over the lowest bytes of the
;; guest's, which are put back before anything else runs.
(module
  (import "env" "memory" (memory 0))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get_stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop_stream (param i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))

  (global $success i32 (i32.const 0))
  (global $badf i32 (i32.const 8))

  ;; Nanoseconds since 1970, and how far sleeping has moved the clock on since it was set. Never 0, which Go's runtime takes for a
  ;; broken clock.
  (global $clock (mut i64) (i64.const 1))

  (func (export "sync_clock")
    (local $first i64) (local $second i64)
    (local.set $first (i64.load (i32.const 0)))
    (local.set $second (i64.load (i32.const 8)))
    (call $now (i32.const 0))
    (global.set $clock (i64.add
      (i64.mul (i64.load (i32.const 0)) (i64.const 1000000000))
      (i64.load32_u (i32.const 8))))
    (i64.store (i32.const 0) (local.get $first))
    (i64.store (i32.const 8) (local.get $second)))

  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $to i32) (result i32)
    (i64.store (local.get $to) (global.get $clock))
    (global.get $success))
  (func (export "clock_res_get") (param $id i32) (param $to i32) (result i32)
    (i64.store (local.get $to) (i64.const 1000000))
    (global.get $success))

  (func (export "random_get") (param $to i32) (param $length i32) (result i32)
    (local $bits i64)
    (block $done
      (loop $words
        (br_if $done (i32.lt_u (local.get $length) (i32.const 8)))
        (i64.store align=1 (local.get $to) (call $random))
        (local.set $to (i32.add (local.get $to) (i32.const 8)))
        (local.set $length (i32.sub (local.get $length) (i32.const 8)))
        (br $words)))
    (if (i32.eqz (local.get $length)) (then (return (global.get $success))))
    (local.set $bits (call $random))
    (loop $bytes
      (i64.store8 (local.get $to) (local.get $bits))
      (local.set $bits (i64.shr_u (local.get $bits) (i64.const 8)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $length (i32.sub (local.get $length) (i32.const 1)))
      (br_if $bytes (local.get $length)))
    (global.get $success))

  ;; To stdout and stderr, piece by piece; the host puts lines together.
  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)
    (local $stream i32) (local $sum i32) (local $from i32) (local $left i32) (local $size i32)
    (local $first i64) (local $second i32)
    (if (i32.eq (local.get $fd) (i32.const 1))
      (then (local.set $stream (call $get_stdout)))
      (else
        (if (i32.ne (local.get $fd) (i32.const 2)) (then (return (global.get $badf))))
        (local.set $stream (call $get_stderr))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $from (i32.load (local.get $pieces)))
        (local.set $left (i32.load offset=4 (local.get $pieces)))
        (local.set $sum (i32.add (local.get $sum) (local.get $left)))
        (block $piece_done
          (loop $part
            (br_if $piece_done (i32.eqz (local.get $left)))
            ;; WASI takes at most 4096 bytes at once.
            (local.set $size (select (i32.const 4096) (local.get $left) (i32.gt_u (local.get $left) (i32.const 4096))))
            (local.set $first (i64.load (i32.const 0)))
            (local.set $second (i32.load (i32.const 8)))
            (call $write (local.get $stream) (local.get $from) (local.get $size) (i32.const 0))
            (i64.store (i32.const 0) (local.get $first))
            (i32.store (i32.const 8) (local.get $second))
            (local.set $from (i32.add (local.get $from) (local.get $size)))
            (local.set $left (i32.sub (local.get $left) (local.get $size)))
            (br $part)))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (call $drop_stream (local.get $stream))
    (i32.store (local.get $written) (local.get $sum))
    (global.get $success))

  ;; Sleeping ends at once, and the clock has moved on by what was asked for. Nothing else can be waited for.
  (func (export "poll_oneoff") (param $subscriptions i32) (param $events i32) (param $count i32) (param $happened i32) (result i32)
    (i32.store (local.get $happened) (local.get $count))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        ;; A clock, and a time from now rather than a moment.
        (if (i32.and
              (i32.eqz (i32.load8_u offset=8 (local.get $subscriptions)))
              (i32.eqz (i32.and (i32.load16_u offset=40 (local.get $subscriptions)) (i32.const 1))))
          (then (global.set $clock (i64.add (global.get $clock) (i64.load offset=24 (local.get $subscriptions))))))
        ;; The event: whose it is, no error, of which kind.
        (i64.store (local.get $events) (i64.load (local.get $subscriptions)))
        (i64.store offset=8 (local.get $events) (i64.const 0))
        (i64.store offset=16 (local.get $events) (i64.const 0))
        (i64.store offset=24 (local.get $events) (i64.const 0))
        (i32.store8 offset=10 (local.get $events) (i32.load8_u offset=8 (local.get $subscriptions)))
        (local.set $subscriptions (i32.add (local.get $subscriptions) (i32.const 48)))
        (local.set $events (i32.add (local.get $events) (i32.const 32)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (global.get $success))

  (func (export "sched_yield") (result i32) (global.get $success))
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) unreachable)

  (func $nothing (param $count i32) (param $bytes i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $bytes) (i32.const 0))
    (global.get $success))
  (export "args_sizes_get" (func $nothing))
  (export "environ_sizes_get" (func $nothing))
  (func (export "args_get") (param i32 i32) (result i32) (global.get $success))
  (func (export "environ_get") (param i32 i32) (result i32) (global.get $success))

  ;; stdin, stdout and stderr are character devices; there is nothing else.
  (func (export "fd_fdstat_get") (param $fd i32) (param $to i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (global.get $badf))))
    (i64.store (local.get $to) (i64.const 2))
    (i64.store offset=8 (local.get $to) (i64.const -1))
    (i64.store offset=16 (local.get $to) (i64.const -1))
    (global.get $success))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (global.get $success))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (global.get $badf))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (global.get $badf))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (global.get $badf))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (global.get $badf))
  (func (export "fd_tell") (param i32 i32) (result i32) (global.get $badf))
  (func (export "fd_close") (param i32) (result i32) (global.get $badf))
  (func (export "fd_sync") (param i32) (result i32) (global.get $badf))
  (func (export "fd_datasync") (param i32) (result i32) (global.get $badf))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (global.get $badf))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (global.get $badf))
  (func (export "fd_renumber") (param i32 i32) (result i32) (global.get $badf))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (global.get $badf))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (global.get $badf))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (global.get $badf))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (global.get $badf))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (global.get $badf))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (global.get $badf))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (global.get $badf))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (global.get $badf))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (global.get $badf))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (global.get $badf)))
