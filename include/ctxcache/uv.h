/*
 * uv.h: contexts that follow the work through libuv's loops. In libctxcache-uv, for which pkg-config
 * has a file of its own; <ctxcache.h> does not include this header, for it needs <uv.h>.
 *
 * Each call of libuv that takes a callback has a twin here, with ctx_ in front of its name, the same
 * parameters and the same result. What a twin does besides:
 *
 * - *Captures when the callback is handed over*, as asyncio's call_soon() does: a copy, O(1), of the
 *   context that is current then. What the caller sets later reaches no callback.
 * - *The callback runs in what was captured.* One that comes once (a request, a timer that does not
 *   repeat, a close) has that copy to itself; one that comes again and again gets a fresh copy of it
 *   each time. So what one run sets reaches no other run, and no other chain of callbacks.
 * - *Or in a context that you name*, see CTX_UV_IN().
 * - `data` of handles, requests and loops stays yours.
 *
 * Errors: those of libuv (but for ctx_uv_cache_call(), whose statuses are those of status.h: print them by
 * ctx_strerror(), never uv_strerror()), and UV_ENOMEM if there is no memory for what is captured, UV_EINVAL if a
 * handle, request or loop is NULL, or a callback is where libuv cannot do without. Then libuv was not
 * asked, or has refused: nothing was captured, and what was started before goes on. A twin returns an
 * int also where libuv's function returns nothing.
 *
 * A callback that is handed to libuv's own functions runs in whatever the loop's thread was in when it called
 * uv_run(), or in the middle of another callback. Keep that free of tenants (CTX_SCOPED instead of ctx_set()),
 * and a twin that was forgotten fails closed: also in CTX_UV_IN(), where it goes unnoticed. For
 * uv_thread_create() there is ctx_thread_create() (bind.h).
 *
 * A callback that swaps contexts (ctx_swap()) must swap back before it returns. Nothing may be thrown through
 * libuv, which is not made for it: contexts are left in order, but the loop cannot be closed any more.
 *
 * Threads: as in libuv a loop, with all that belongs to it, is used by one thread at a time.
 * ctx_uv_queue_work() says what runs elsewhere.
 *
 * Memory: what is captured is let go when the callback has come for the only time; when the handle is
 * started anew, stopped or closed by the twins; at the latest by ctx_uv_loop_close(). After libuv's
 * own uv_close() or uv_timer_stop() it stays until the memory of the handle is used by a twin again, or
 * the loop is closed.
 */
#ifndef CTXCACHE_UV_H
#define CTXCACHE_UV_H

#include <uv.h>

#include "bind.h"
#include "flight.h"

CTX_BEGIN_DECLS

/* ---- in which context --------------------------------------------------------------------- */

/*
 * For one hand-over: the callback runs in this very context, which is entered and not copied, as with
 * asyncio's context=. What a run sets stays there, for later runs and for you.
 *
 *     error = CTX_UV_IN(session, ctx_uv_timer_start(&timer, on_timeout, 10, 0));
 *
 * `call` is one call of a twin, or of ctx_uv_spawn(); its result is the macro's. A reference to the
 * context is held for as long as a copy would be. NULL: UV_EINVAL. It need not be idle now, but when the
 * callback comes: see ctx_uv_failures().
 */
#define CTX_UV_IN(context, call) (ctx_uv_in_begin(context), ctx_uv_in_end(call))

/* The two halves of the macro: between them, the first hand-over of this thread takes the context. */
CTX_API void ctx_uv_in_begin(ctx_context *context);
CTX_API int ctx_uv_in_end(int result);

/*
 * A callback must come, or whoever waits for it hangs. Where its context cannot be entered, it is
 * called in no context at all: every variable is unset, and so a partitioned cache refuses (fail
 * closed). That happens
 *
 * - if a context that was named is entered at that moment, by another thread or in a callback around
 *   this one (CTX_ERR_ENTERED);
 * - if there is no memory for another copy after a run that changed its own, or for a thread's first
 *   use of the library (CTX_ERR_NOMEM).
 *
 * Each is counted, until the loop is closed. On the loop's thread; 0 if nothing is known of the loop.
 */
CTX_API uint64_t ctx_uv_failures(uv_loop_t *loop);

/*
 * fn(user, status) is called for each such failure, on the loop's thread, before the callback and as
 * it in no context. NULL: nobody is told. It lasts until ctx_uv_loop_close(). UV_ENOMEM, UV_EINVAL.
 */
typedef void ctx_uv_failure_cb(void *user, int status);
CTX_API int ctx_uv_on_failure(uv_loop_t *loop, ctx_uv_failure_cb *fn, void *user);

/* ---- tasks -------------------------------------------------------------------------------- */

/*
 * Starts a task, as asyncio.create_task() does: fn(arg) runs in the next iteration of the loop, never
 * inside this call, in its own copy of the context that is current now. Tasks begin in the order of
 * their spawning; what one sets, its siblings do not see. With CTX_UV_IN(context, ...) it is
 * create_task(context=...).
 *
 * The loop stays alive until its tasks have run. While tasks wait, it has a handle of ours (uv_idle_t),
 * which uv_walk() shows like any other; whoever closes that ends the tasks that wait.
 *
 * UV_EINVAL (loop or fn is NULL), UV_ENOMEM, UV_ECANCELED (that handle is being closed).
 */
CTX_API int ctx_uv_spawn(uv_loop_t *loop, void (*fn)(void *arg), void *arg);

/* ---- the end of a loop -------------------------------------------------------------------- */

/*
 * uv_loop_close(), and frees whatever the adapter still has for this loop: what was captured for
 * handles that libuv's own functions stopped or closed, tasks that can no longer run, the observer of
 * failures. UV_EBUSY while handles, requests or tasks are open, or in a callback of this loop; then the
 * loop is as before.
 *
 * Cached calls that are open are no hindrance: each is answered with CTX_ERR_ABANDONED, inside this call,
 * and those that lead give up their flights. A loader that runs is waited for, and the loop runs
 * meanwhile; what a callback opens then is again UV_EBUSY, and so are requests of yours that are still
 * under way (of these libuv tells only afterwards).
 *
 * A loop whose handles were all closed by ctx_uv_close(), and that had no failure and has no observer, may
 * be closed by uv_loop_close() as well.
 */
CTX_API int ctx_uv_loop_close(uv_loop_t *loop);

/* ---- cached calls ------------------------------------------------------------------------- */

/*
 * The answer to a call. Called exactly once, on the loop's thread, in a copy of the context in which the
 * call was made, or in the one that was named.
 *
 * status  as ctx_cache_call_v() returns it (call.h); CTX_ERR_ABANDONED also if the loop is being closed
 * ref     on CTX_OK the value, else empty. Released after the call: to keep it, move it out
 *         (kept = *ref; *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;)
 * info    valid during the call
 */
typedef void ctx_uv_cache_cb(void *user, int status, ctx_cache_ref *ref,
                             const ctx_cache_info *info);

/*
 * A memoized call that does not block the loop: what is not in the cache is loaded by fn's loader on a
 * thread of libuv's pool, in a copy of the context that is current here. The answer comes later, never
 * inside this call, also if the value is there. Callers who ask for one key meanwhile, on this loop, on
 * others, or by blocking calls, share one load; the rules are those of call.h and flight.h, the read
 * audit's included. Only a blocking call without a deadline that comes before a thread of the pool has begun
 * with the load does it for itself: else loaders that ask for it could have all threads of the pool wait for
 * what is queued behind them.
 *
 * With CTX_UV_IN(context, ...) that context says what the call varies on, and the callback runs in it; the
 * loader has a copy. CTX_ERR_INVALID if it names NULL, CTX_ERR_ENTERED if it is entered elsewhere.
 *
 * args     copied; objects among them are retained until the load has run
 * options  wait_ns: a deadline for waiting on another's load, by a timer of the loop. May be NULL
 * cache    must not be destroyed before the answer
 *
 * CTX_OK: the callback will come, and until then the loop stays alive. Anything else, and it will not, so
 * look at it: the errors of ctx_cache_begin_v() (CTX_ERR_UNSET for one; the info of ctx_cache_peek_v() with
 * the same arguments names the variable), and CTX_ERR_ABANDONED if the loop is being
 * closed. While calls wait the loop has handles of ours (uv_async_t, uv_timer_t, uv_idle_t), which
 * uv_walk() shows like any others.
 */
CTX_API int ctx_uv_cache_call_v(uv_loop_t *loop, ctx_cache *cache, ctx_cache_fn *fn,
                                const ctx_value *args, size_t arg_count,
                                const ctx_cache_options *options, ctx_uv_cache_cb *callback,
                                void *user);

/* To write by hand, with 0 to 16 native arguments at the end:
 * ctx_uv_cache_call(loop, cache, fn, callback, user, 42, "eu"). In C++ include this header before
 * <ctxcache.hpp>, which has it as a template. */
#ifndef __cplusplus
#define ctx_uv_cache_call(loop, cache, fn, callback, ...)                                          \
    ctx_uv_cache_call_v(loop, cache, fn, CTXI_REST(__VA_ARGS__), 0, callback,                      \
                        CTXI_FIRST(__VA_ARGS__, 0))
#endif

/* ---- handles ------------------------------------------------------------------------------ */

/*
 * The callback comes once if `repeat` is 0, else again and again. Starting a timer that runs starts it
 * anew, with another callback and another context.
 */
CTX_API int ctx_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout,
                               uint64_t repeat);
CTX_API int ctx_uv_timer_stop(uv_timer_t *timer);

/*
 * uv_timer_again(), which if the timer repeats hands the same callback over anew: here the context of
 * its runs may change. After the only run of a timer that did not repeat, or ctx_uv_timer_stop(), the
 * callback is not known any more (UV_EINVAL); libuv's own uv_timer_again() then starts a timer that
 * stops itself without a callback. While it runs, libuv's own leaves it its context.
 */
CTX_API int ctx_uv_timer_again(uv_timer_t *timer);

/* Once in each iteration of the loop. Starting one that is active does nothing, as in libuv. */
CTX_API int ctx_uv_idle_start(uv_idle_t *idle, uv_idle_cb callback);
CTX_API int ctx_uv_idle_stop(uv_idle_t *idle);
CTX_API int ctx_uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb callback);
CTX_API int ctx_uv_prepare_stop(uv_prepare_t *prepare);
CTX_API int ctx_uv_check_start(uv_check_t *check, uv_check_cb callback);
CTX_API int ctx_uv_check_stop(uv_check_t *check);

/*
 * The callback runs in what was current here, whichever thread sends and whatever is current there:
 * uv_async_send() merges what several threads send. NULL: no callback, as in libuv.
 */
CTX_API int ctx_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback);

/* Whenever one of `events` happens. No events: stops, as in libuv. */
CTX_API int ctx_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback);
CTX_API int ctx_uv_poll_stop(uv_poll_t *poll);

/*
 * uv_close(). The callback runs in the context of the close, and may free the handle. NULL: none, and
 * then it cannot fail. On UV_ENOMEM the handle is not closed. Whatever was captured for the handle is
 * let go; requests that were open on it come back first, with UV_ECANCELED, in their own contexts.
 */
CTX_API int ctx_uv_close(uv_handle_t *handle, uv_close_cb callback);

/* ---- streams ------------------------------------------------------------------------------ */

/* For every connection. The connections know nothing of it: what is read from them is handed over by
 * the callback, in whose context a request may set what is its own. */
CTX_API int ctx_uv_listen(uv_stream_t *stream, int backlog, uv_connection_cb callback);

/* Both callbacks, each time, in what was captured. */
CTX_API int ctx_uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb callback);
CTX_API int ctx_uv_read_stop(uv_stream_t *stream);

/* Requests: each callback comes once, also if it fails. NULL: none, as in libuv. */
CTX_API int ctx_uv_write(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
                         unsigned int count, uv_write_cb callback);
CTX_API int ctx_uv_write2(uv_write_t *request, uv_stream_t *stream, const uv_buf_t buffers[],
                          unsigned int count, uv_stream_t *send_handle, uv_write_cb callback);
CTX_API int ctx_uv_shutdown(uv_shutdown_t *request, uv_stream_t *stream, uv_shutdown_cb callback);
CTX_API int ctx_uv_tcp_connect(uv_connect_t *request, uv_tcp_t *tcp, const struct sockaddr *address,
                               uv_connect_cb callback);
/* uv_pipe_connect() returns nothing: 0 here says that the callback will come. */
CTX_API int ctx_uv_pipe_connect(uv_connect_t *request, uv_pipe_t *pipe, const char *name,
                                uv_connect_cb callback);
/* uv_tcp_close_reset(); the rest as ctx_uv_close(). */
CTX_API int ctx_uv_tcp_close_reset(uv_tcp_t *tcp, uv_close_cb callback);

/* ---- work on other threads ---------------------------------------------------------------- */

/*
 * work() runs on a thread of the pool, after_work() on the loop's, each in a copy of its own of what
 * is current here: what work() sets, after_work() does not see. With CTX_UV_IN() both run in the context
 * that was named, one after the other, and after_work() sees what work() has set. after_work may be
 * NULL. After uv_cancel() it alone is called.
 */
CTX_API int ctx_uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work,
                              uv_after_work_cb after_work);

/*
 * Looking up names, addresses and random bytes. NULL as callback: libuv does it at once and blocks, and
 * the result is the answer.
 */
CTX_API int ctx_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request,
                               uv_getaddrinfo_cb callback, const char *node, const char *service,
                               const struct addrinfo *hints);
CTX_API int ctx_uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *request,
                               uv_getnameinfo_cb callback, const struct sockaddr *address,
                               int flags);
CTX_API int ctx_uv_random(uv_loop_t *loop, uv_random_t *request, void *bytes, size_t size,
                          unsigned int flags, uv_random_cb callback);

/* ---- datagrams ---------------------------------------------------------------------------- */

/* As ctx_uv_write() and ctx_uv_read_start(). */
CTX_API int ctx_uv_udp_send(uv_udp_send_t *request, uv_udp_t *udp, const uv_buf_t buffers[],
                            unsigned int count, const struct sockaddr *address,
                            uv_udp_send_cb callback);
CTX_API int ctx_uv_udp_recv_start(uv_udp_t *udp, uv_alloc_cb alloc, uv_udp_recv_cb callback);
CTX_API int ctx_uv_udp_recv_stop(uv_udp_t *udp);

/* ---- the system --------------------------------------------------------------------------- */

/* Each time, or once. */
CTX_API int ctx_uv_signal_start(uv_signal_t *signal, uv_signal_cb callback, int number);
CTX_API int ctx_uv_signal_start_oneshot(uv_signal_t *signal, uv_signal_cb callback, int number);
CTX_API int ctx_uv_signal_stop(uv_signal_t *signal);

/*
 * uv_spawn(): options->exit_cb is captured, and may be NULL; the options are not changed. Under another
 * name, for ctx_uv_spawn() starts a task. As in libuv the handle is to be closed also where this fails
 * with one of libuv's errors.
 */
CTX_API int ctx_uv_spawn_process(uv_loop_t *loop, uv_process_t *process,
                                 const uv_process_options_t *options);

/* Changes of files: by events of the kernel, or by looking, where a start of what is active does nothing. */
CTX_API int ctx_uv_fs_event_start(uv_fs_event_t *watch, uv_fs_event_cb callback, const char *path,
                                  unsigned int flags);
CTX_API int ctx_uv_fs_event_stop(uv_fs_event_t *watch);
CTX_API int ctx_uv_fs_poll_start(uv_fs_poll_t *poll, uv_fs_poll_cb callback, const char *path,
                                 unsigned int interval);
CTX_API int ctx_uv_fs_poll_stop(uv_fs_poll_t *poll);

/* ---- files -------------------------------------------------------------------------------- */

/*
 * The requests of uv_fs_...(), with its parameters. The callback comes once, and calls
 * uv_fs_req_cleanup() as ever. NULL: libuv does it at once and blocks, and the result is the answer;
 * nothing is captured.
 */

/* Opening, reading, writing, closing. */
CTX_API int ctx_uv_fs_open(uv_loop_t *loop, uv_fs_t *request, const char *path, int flags, int mode,
                           uv_fs_cb callback);
CTX_API int ctx_uv_fs_close(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback);
CTX_API int ctx_uv_fs_read(uv_loop_t *loop, uv_fs_t *request, uv_file file,
                           const uv_buf_t buffers[], unsigned int count, int64_t offset,
                           uv_fs_cb callback);
CTX_API int ctx_uv_fs_write(uv_loop_t *loop, uv_fs_t *request, uv_file file,
                            const uv_buf_t buffers[], unsigned int count, int64_t offset,
                            uv_fs_cb callback);
CTX_API int ctx_uv_fs_sendfile(uv_loop_t *loop, uv_fs_t *request, uv_file out_fd, uv_file in_fd,
                               int64_t in_offset, size_t length, uv_fs_cb callback);
CTX_API int ctx_uv_fs_fsync(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback);
CTX_API int ctx_uv_fs_fdatasync(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback);
CTX_API int ctx_uv_fs_ftruncate(uv_loop_t *loop, uv_fs_t *request, uv_file file, int64_t offset,
                                uv_fs_cb callback);

/* What is known of files, and changing it. */
CTX_API int ctx_uv_fs_stat(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback);
CTX_API int ctx_uv_fs_lstat(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback);
CTX_API int ctx_uv_fs_fstat(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback);
CTX_API int ctx_uv_fs_statfs(uv_loop_t *loop, uv_fs_t *request, const char *path,
                             uv_fs_cb callback);
CTX_API int ctx_uv_fs_access(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                             uv_fs_cb callback);
CTX_API int ctx_uv_fs_chmod(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                            uv_fs_cb callback);
CTX_API int ctx_uv_fs_fchmod(uv_loop_t *loop, uv_fs_t *request, uv_file file, int mode,
                             uv_fs_cb callback);
CTX_API int ctx_uv_fs_chown(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_uid_t uid,
                            uv_gid_t gid, uv_fs_cb callback);
CTX_API int ctx_uv_fs_fchown(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_uid_t uid,
                             uv_gid_t gid, uv_fs_cb callback);
CTX_API int ctx_uv_fs_lchown(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_uid_t uid,
                             uv_gid_t gid, uv_fs_cb callback);
CTX_API int ctx_uv_fs_utime(uv_loop_t *loop, uv_fs_t *request, const char *path, double atime,
                            double mtime, uv_fs_cb callback);
CTX_API int ctx_uv_fs_futime(uv_loop_t *loop, uv_fs_t *request, uv_file file, double atime,
                             double mtime, uv_fs_cb callback);
CTX_API int ctx_uv_fs_lutime(uv_loop_t *loop, uv_fs_t *request, const char *path, double atime,
                             double mtime, uv_fs_cb callback);

/* Names: making, moving, removing, resolving. */
CTX_API int ctx_uv_fs_rename(uv_loop_t *loop, uv_fs_t *request, const char *path,
                             const char *new_path, uv_fs_cb callback);
CTX_API int ctx_uv_fs_unlink(uv_loop_t *loop, uv_fs_t *request, const char *path,
                             uv_fs_cb callback);
CTX_API int ctx_uv_fs_copyfile(uv_loop_t *loop, uv_fs_t *request, const char *path,
                               const char *new_path, int flags, uv_fs_cb callback);
CTX_API int ctx_uv_fs_link(uv_loop_t *loop, uv_fs_t *request, const char *path,
                           const char *new_path, uv_fs_cb callback);
CTX_API int ctx_uv_fs_symlink(uv_loop_t *loop, uv_fs_t *request, const char *path,
                              const char *new_path, int flags, uv_fs_cb callback);
CTX_API int ctx_uv_fs_readlink(uv_loop_t *loop, uv_fs_t *request, const char *path,
                               uv_fs_cb callback);
CTX_API int ctx_uv_fs_realpath(uv_loop_t *loop, uv_fs_t *request, const char *path,
                               uv_fs_cb callback);
CTX_API int ctx_uv_fs_mkstemp(uv_loop_t *loop, uv_fs_t *request, const char *tpl,
                              uv_fs_cb callback);

/* Folders. */
CTX_API int ctx_uv_fs_mkdir(uv_loop_t *loop, uv_fs_t *request, const char *path, int mode,
                            uv_fs_cb callback);
CTX_API int ctx_uv_fs_mkdtemp(uv_loop_t *loop, uv_fs_t *request, const char *tpl,
                              uv_fs_cb callback);
CTX_API int ctx_uv_fs_rmdir(uv_loop_t *loop, uv_fs_t *request, const char *path, uv_fs_cb callback);
CTX_API int ctx_uv_fs_scandir(uv_loop_t *loop, uv_fs_t *request, const char *path, int flags,
                              uv_fs_cb callback);
CTX_API int ctx_uv_fs_opendir(uv_loop_t *loop, uv_fs_t *request, const char *path,
                              uv_fs_cb callback);
CTX_API int ctx_uv_fs_readdir(uv_loop_t *loop, uv_fs_t *request, uv_dir_t *dir, uv_fs_cb callback);
CTX_API int ctx_uv_fs_closedir(uv_loop_t *loop, uv_fs_t *request, uv_dir_t *dir, uv_fs_cb callback);

CTX_END_DECLS

#endif
