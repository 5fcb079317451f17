/*
 * flight.h: cached calls that do not block: a load that begins here and ends elsewhere, for event loops,
 * worker pools and whatever else must not wait.
 *
 *     ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
 *     options.landing = answer;        // void answer(void *user, int status, ctx_cache_ref *ref, ...)
 *     options.user = request;
 *     switch (ctx_cache_begin(cache, fn, &options, &ref, &flight, 42, "eu")) {
 *     case CTX_OK: // it was there
 *         use(ref.data);
 *         ctx_cache_ref_release(&ref);
 *         break;
 *     case CTX_LEAD: // load it, then ctx_cache_finish()
 *         start_query(request, flight);
 *         break;
 *     case CTX_JOINED: // somebody is loading it: answer() will be called
 *         break;
 *     default:
 *         fail(request);
 *     }
 *
 * The rules are those of ctx_cache_call_v() (call.h): one load for all who ask for a key meanwhile, be it
 * by begin or by a blocking call; partition values are read once, at the beginning; nothing is stored that
 * read an undeclared variable, or whose partition was invalidated meanwhile; a load that asks for its own
 * key, or waits in a circle, is refused.
 *
 * Threads: any thread may begin, finish or abandon; of two that end one flight, exactly one succeeds. A
 * flight's load and context are used by one thread at a time, which nobody lets end it meanwhile.
 *
 * A flight may outlive ctx_cache_destroy(); then it is ended like any other, and stored nowhere. But deadlines
 * are seen to through the cache, and do not pass any more.
 */
#ifndef CTXCACHE_FLIGHT_H
#define CTXCACHE_FLIGHT_H

#include "call.h"
#include "context.h"

CTX_BEGIN_DECLS

/*
 * A flight that was begun or joined. A plain number, never given out twice in a process: copy it, hand
 * it to any thread, use it too late; a flight that has ended answers CTX_ERR_FLIGHT.
 *
 * A child of fork() has the flights of its parent, too, as flights of its own that nobody joins. But those that
 * another thread was running or ending, and blocking loads of other threads, never end there: who has joined
 * one waits until its deadline, or until it gives up.
 */
typedef struct ctx_cache_flight {
    uint64_t id; /* 0: none */
} ctx_cache_flight;

#define CTX_CACHE_FLIGHT_NONE                                                                      \
    {                                                                                              \
        0                                                                                          \
    }

/*
 * The answer to who got CTX_JOINED. Called exactly once, unless ctx_cache_give_up() came first, on the thread
 * that ends the load (or sees to deadlines: ctx_cache_expire()), with no lock held, in a copy of the context
 * in which it began: it may call any cache, also this one. It runs in the middle of whatever that thread is
 * doing, a blocking call of somebody else's for instance, so it should neither take long nor throw: an
 * exception passes on to who ended the load, after the other landings; of several one does.
 *
 * status  as ctx_cache_call_v() returns it; CTX_ERR_ABANDONED: the load ended without an answer;
 *         CTX_ERR_TIMEOUT: the deadline passed. CTX_LEAD: the answer was not to be shared (or failed, with
 *         CTX_CACHE_RETRY): this one now leads `flight` and owes its end
 * ref     on CTX_OK the value, else empty. Released after the call: to keep it, move it out
 *         (kept = *ref; *ref = (ctx_cache_ref)CTX_CACHE_REF_INIT;)
 * flight  the one of ctx_cache_begin(), which has ended but for CTX_LEAD
 * info    valid during the call; for CTX_LEAD it says nothing yet
 */
typedef void ctx_cache_landing(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                               const ctx_cache_info *info);

enum ctx_cache_begin_flag {
    /* Copies the arguments (objects are retained), for ctx_cache_flight_run(). Each call keeps its own: who
     * joins, and may land with CTX_LEAD, needs this as well. Such a load may be queued for threads that all
     * wait for it, so before it runs a blocking call without a deadline does not: it loads the key for
     * itself, beside, and its result is not stored. */
    CTX_CACHE_KEEP_ARGS = 1,
    /* The load serves everybody in the partition: the flight's context holds exactly the partition's
     * values, everything else is unset in it; so does the context of this one's landing. */
    CTX_CACHE_BACKGROUND = 2,
    /* CTX_LEAD although it is there: what is loaded takes its place, and until then it goes on answering
     * everybody, its own load included. What is larger than the capacity takes no place. Refreshing the same
     * key twice at once is joining. Implies CTX_CACHE_BACKGROUND. */
    CTX_CACHE_REFRESH = 4
};

/* Zero is the default everywhere. Start from CTX_CACHE_BEGIN_OPTIONS_INIT. */
typedef struct ctx_cache_begin_options {
    size_t size;    /* sizeof(ctx_cache_begin_options) */
    uint32_t flags; /* enum ctx_cache_begin_flag */
    uint32_t reserved;
    uint64_t wait_ns; /* how long to wait for another's load; 0: as the cache is configured */
    ctx_cache_landing
        *landing; /* NULL: who would join gets CTX_ERR_BUSY instead, and is not counted */
    void *user;
} ctx_cache_begin_options;

#define CTX_CACHE_BEGIN_OPTIONS_INIT                                                               \
    {                                                                                              \
        sizeof(ctx_cache_begin_options), 0, 0, 0, 0, 0                                             \
    }

/*
 * The value of fn(args) in the current context if it is there; else who is to load it. Never blocks, and
 * never runs the loader of `fn`.
 *
 * options, info  may be NULL. `info` is written at once, for hits and refusals
 * out_ref        on CTX_OK the caller owes ctx_cache_ref_release(); otherwise it is empty
 * out_flight     written for CTX_LEAD and CTX_JOINED; otherwise it is none
 *
 * CTX_OK, CTX_ABSENT  a hit
 * CTX_LEAD            this call leads: it owes ctx_cache_finish() or ctx_cache_abandon(), from any
 *                     thread. There is no deadline for that: until then all who ask for the key wait. Also where a blocking call would run the
 *                     loader past the cache (the unset policy BYPASS, a long key)
 * CTX_JOINED          somebody else leads, and `landing` will be called (maybe before this returns)
 * CTX_ERR_BUSY        somebody else leads, and there is no landing
 * CTX_ERR_RECURSION, CTX_ERR_DEADLOCK and all that call.h lists for every function
 */
CTX_API int ctx_cache_begin_v(ctx_cache *cache, ctx_cache_fn *fn, const ctx_value *args,
                              size_t arg_count, const ctx_cache_begin_options *options,
                              ctx_cache_ref *out_ref, ctx_cache_flight *out_flight,
                              ctx_cache_info *info);

/* ---- loading ------------------------------------------------------------------------------ */

/*
 * The context of a flight that this one leads: a copy of the one in which it began, with the record of
 * what the load reads. Whatever computes the value runs in it (ctx_run()), or in what was bound or copied
 * in it, so that its reads are audited; a value computed elsewhere is not. Whoever inspects it
 * (ctx_context_get(), _count()) reads for the load as well. The caller owes
 * ctx_context_unref(). CTX_ERR_FLIGHT, CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_flight_context(ctx_cache_flight flight, ctx_context **out_context);

/*
 * The load of a flight that this one leads, to give the value to (function.h: ctx_cache_load_copy() and the
 * others). Borrowed, valid until the flight ends. CTX_ERR_FLIGHT, CTX_ERR_INVALID.
 */
CTX_API int ctx_cache_flight_load(ctx_cache_flight flight, ctx_cache_load **out_load);

/*
 * Ends a flight that this one leads: `status` CTX_OK with the value that its load was given, anything else
 * is a failure, which is handed to all who wait. The landings of those who joined run inside this call.
 *
 * Nothing is stored or shared (info: CTX_CACHE_CHANGED, with the variable, or "*") if a partition variable has another value than at
 * the beginning in the flight's context or, where it is set, in the current one: who stands in another
 * tenant's context finishes nothing for this one. Nor if the flight's context cannot be looked into, since
 * another thread is in it, or this one entered it before the task (task.h) or landing in which it finishes.
 *
 * out_ref, info  may be NULL; as in ctx_cache_call_v(), whose values it returns; and
 * CTX_ERR_FLIGHT it ended before (finished, abandoned), is only joined, or never was
 * CTX_ERR_BUSY   ctx_cache_flight_run() is running it
 * CTX_ERR_NOMEM  this thread's state could not be made (its first use of the library): the flight goes on;
 *                or the value could not be finished: then that is what all who wait get
 */
CTX_API int ctx_cache_finish(ctx_cache_flight flight, int status, ctx_cache_ref *out_ref,
                             ctx_cache_info *info);

/*
 * The whole of a load, on a thread that may block: runs the loader of the function in the flight's context,
 * with the arguments that CTX_CACHE_KEEP_ARGS kept, and finishes. If the loader does not return (C++
 * exception, pthread_exit(), cancellation), the flight is abandoned. As ctx_cache_finish(), and
 * CTX_ERR_INVALID if it was begun or joined without CTX_CACHE_KEEP_ARGS, CTX_ERR_ENTERED if a thread, this one or another, is in the
 * flight's context; then the flight goes on.
 */
CTX_API int ctx_cache_flight_run(ctx_cache_flight flight, ctx_cache_ref *out_ref,
                                 ctx_cache_info *info);

/*
 * Ends a flight that this one leads without an answer: all who wait get CTX_ERR_ABANDONED, inside this call.
 * CTX_ERR_FLIGHT, CTX_ERR_BUSY as above; CTX_ERR_NOMEM as above, and the flight goes on.
 */
CTX_API int ctx_cache_abandon(ctx_cache_flight flight);

/*
 * Gives up waiting, which disturbs nobody: the landing will not be called. It counts as a call that timed
 * out. CTX_ERR_FLIGHT: this one has not joined, or its landing has begun, or is about to.
 */
CTX_API int ctx_cache_give_up(ctx_cache_flight flight);

/*
 * Calls the landings of those whose deadline has passed, with CTX_ERR_TIMEOUT. The library has no thread of
 * its own, so a program with deadlines calls this from a timer; ctx_cache_maintain() does it, too.
 * *out_next_ns (may be NULL): nanoseconds until the next deadline; UINT64_MAX: there is none. Ask again after
 * a begin with wait_ns: its deadline may come first.
 * CTX_ERR_INVALID; CTX_ERR_NOMEM: this thread's state could not be made.
 */
CTX_API int ctx_cache_expire(ctx_cache *cache, uint64_t *out_next_ns);

/* To write by hand, with 0 to 16 native arguments at the end. */
#ifndef __cplusplus
#define ctx_cache_begin(cache, fn, options, ref, ...)                                              \
    ctx_cache_begin_v(cache, fn, CTXI_REST(__VA_ARGS__), options, ref, CTXI_FIRST(__VA_ARGS__, 0), \
                      0)
#endif

CTX_END_DECLS

#endif
