/*
 * ctxcache.hpp: the same calls from C++17.
 *
 * Includes <ctxcache.h> and adds, under the names that are macros in C, templates that box native
 * values by their type and own what they are given:
 *
 *     ctx_set(tenant, "acme");                          // ctx_set(tenant, value, &token)
 *     CTX_SCOPED(tenant, name);                         // ends with the block
 *     ctx_run(context, [&] { serve(request); });        // exceptions pass through
 *     ctxcache::bound later;   ctx_bind([=] { audit(id); }, &later);
 *     ctxcache::ref ref;       ctx_cache_call(cache, fn, &ref, 42, "eu");
 *     CTX_CACHE_WRAP(cached_price, double, price, std::int64_t, const char *)
 *
 * Status codes, semantics and thread rules are those of the C headers, which are the manual. An
 * exception thrown by a loader, or by what ctx_run() calls, reaches the caller through the library,
 * which cleans up on its way: nothing is stored, and others who wait for the same key get
 * CTX_ERR_ABANDONED. Nothing here throws by itself but std::bad_alloc from ctx_bind().
 *
 * The header adds no symbol to the library.
 */
#ifndef CTXCACHE_HPP
#define CTXCACHE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ctxcache.h"

namespace ctxcache
{
class bound;
}
template <class F> int ctx_bind(F &&f, ctxcache::bound *out_bound);

namespace ctxcache
{

/* ---- boxing ------------------------------------------------------------------------------- */

namespace detail
{

/* Which native types a ctx_value can hold; what is in none of them does not compile. */
template <class T>
inline constexpr bool is_text = std::is_same_v<T, char *> || std::is_same_v<T, const char *>;

template <class T>
inline constexpr bool is_integer =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= sizeof(std::int64_t);

template <class T>
inline constexpr bool is_signed = is_integer<T> && (std::is_signed_v<T> || std::is_same_v<T, char>);

template <class T> inline constexpr bool is_unsigned = is_integer<T> && !is_signed<T>;

template <class T>
inline constexpr bool is_floating = std::is_same_v<T, float> || std::is_same_v<T, double>;

template <class T>
inline constexpr bool is_native = std::is_same_v<T, bool> || is_integer<T> || is_floating<T> ||
                                  is_text<T> || std::is_same_v<T, std::string>;

} // namespace detail

/*
 * Boxes a native value by its type, as CTX_BOX does in C; std::string too. The result borrows a
 * string: it must outlive the value, as a temporary in the same call does. Not a std::string_view,
 * for a ctx_value promises a terminating NUL (ctx_bytes() promises none); no enum, pointer or
 * struct: say which integer, or use ctx_object() and its encoder.
 */
template <class T> ctx_value box(const T &x)
{
    using type = std::decay_t<T>;
    static_assert(std::is_same_v<type, ctx_value> || detail::is_native<type>,
                  "a context value is bool, an integer, float, double, (const) char *, "
                  "std::string or a ctx_value");

    if constexpr (std::is_same_v<type, bool>)
        return ctx_bool(x);
    else if constexpr (detail::is_signed<type>)
        return ctx_i64(static_cast<std::int64_t>(x));
    else if constexpr (detail::is_unsigned<type>)
        return ctx_u64(static_cast<std::uint64_t>(x));
    else if constexpr (detail::is_floating<type>)
        return ctx_f64(static_cast<double>(x));
    else if constexpr (std::is_same_v<type, std::string>)
        return ctx_string_n(x.c_str(), x.size());
    else if constexpr (detail::is_text<type>)
        return ctx_string(x);
    else
        return x;
}

#define CTX_BOX(x) ::ctxcache::box(x)

/* ---- owners ------------------------------------------------------------------------------- */

/* For std::unique_ptr: gives back what the C functions hand out. */
struct deleter {
    void operator()(ctx_cache *cache) const noexcept
    {
        ctx_cache_destroy(cache);
    }
    void operator()(ctx_context *context) const noexcept
    {
        ctx_context_unref(context);
    }
    void operator()(ctx_bound *bound) const noexcept
    {
        ctx_bound_free(bound);
    }
};

using cache_ptr = std::unique_ptr<ctx_cache, deleter>;
using context_ptr = std::unique_ptr<ctx_context, deleter>;

/*
 * A ctx_cache_ref that releases itself. The calls below take `&ref` where C takes a
 * `ctx_cache_ref *`; what it held before is released after the call, so that arguments may point
 * into it.
 */
class ref
{
  public:
    ref() noexcept = default;
    /* Takes over a reference that somebody else would have to release. */
    explicit ref(const ctx_cache_ref &raw) noexcept : raw_(raw)
    {
    }
    ref(ref &&other) noexcept : raw_(other.release())
    {
    }
    ref &operator=(ref &&other) noexcept
    {
        reset(other.release());
        return *this;
    }
    ref(const ref &) = delete;
    ref &operator=(const ref &) = delete;
    ~ref()
    {
        ctx_cache_ref_release(&raw_);
    }

    /* NULL, and 0, if it is empty. */
    const void *data() const noexcept
    {
        return raw_.data;
    }
    std::size_t size() const noexcept
    {
        return raw_.size;
    }
    explicit operator bool() const noexcept
    {
        return raw_.data != nullptr;
    }

    /* The value as characters; without a terminating NUL unless the loader stored one. */
    std::string_view text() const noexcept
    {
        return {static_cast<const char *>(raw_.data), raw_.size};
    }

    /* The value as a T, valid as long as this ref; NULL if it is empty or of another size. */
    template <class T> const T *as() const noexcept
    {
        static_assert(std::is_trivially_copyable_v<T>, "a cached value is plain bytes");
        return raw_.size == sizeof(T) ? static_cast<const T *>(raw_.data) : nullptr;
    }

    void reset() noexcept
    {
        reset(ctx_cache_ref CTX_CACHE_REF_INIT);
    }
    /* Releases what it holds and takes over `raw`. */
    void reset(const ctx_cache_ref &raw) noexcept
    {
        ctx_cache_ref old = std::exchange(raw_, raw);
        ctx_cache_ref_release(&old);
    }
    /* Gives up ownership: the caller owes ctx_cache_ref_release(). */
    ctx_cache_ref release() noexcept
    {
        return std::exchange(raw_, ctx_cache_ref CTX_CACHE_REF_INIT);
    }

  private:
    ctx_cache_ref raw_ = CTX_CACHE_REF_INIT;
};

/* ---- calls, behind the global names -------------------------------------------------------- */

namespace detail
{

/* Native arguments as an array of values that lives as long as the call. */
template <class... Args> struct boxed {
    static_assert(sizeof...(Args) <= CTX_CACHE_ARGS_MAX, "at most CTX_CACHE_ARGS_MAX arguments");
    static constexpr std::size_t count = sizeof...(Args);
    ctx_value values[sizeof...(Args) + 1]; /* one more, so that it is never empty */

    explicit boxed(const Args &...args) : values{box(args)..., ctx_null()}
    {
    }
};

/* call(out): into a plain reference as it is, into an owner by way of a fresh one. */
template <class Call> int into(ctx_cache_ref *out_ref, Call call)
{
    return call(out_ref);
}

template <class Call> int into(ref *out_ref, Call call)
{
    if (!out_ref)
        return call(nullptr);
    ctx_cache_ref fresh = CTX_CACHE_REF_INIT;
    int status = call(&fresh);
    out_ref->reset(fresh);
    return status;
}

} // namespace detail

/* ---- bound callables ----------------------------------------------------------------------- */

/*
 * A callable and the context that was current when ctx_bind() captured both; copies share them.
 * Runs may overlap on any number of threads, so the callable is called as const. A run() that is
 * under way keeps both alive; whoever hands get() to C must keep a copy until the last callback
 * returned.
 */
class bound
{
  public:
    bound() noexcept = default;

    /* ctx_bound_run(): CTX_OK after the callable ran; an exception of it passes through.
     * CTX_ERR_INVALID if nothing is bound. */
    int run() const
    {
        const auto alive = state_;
        return ctx_bound_run(get());
    }
    /* The same by ctx_bound_run_task(): what the callable leaves behind is told and dropped. */
    int run_task(ctx_task_report *report = nullptr, void *user = nullptr) const
    {
        const auto alive = state_;
        return ctx_bound_run_task(get(), report, user);
    }

    /* For ctx_bound_call(), ctx_bound_failures() and C callbacks; NULL if nothing is bound. */
    ctx_bound *get() const noexcept
    {
        return state_ ? state_->handle.get() : nullptr;
    }

  private:
    template <class F> friend int ::ctx_bind(F &&, bound *);

    struct state {
        std::unique_ptr<ctx_bound, deleter> handle;
    };
    template <class F> struct holder : state {
        const F callable;
        explicit holder(F f) : callable(std::move(f))
        {
        }
        static void call(void *self)
        {
            static_cast<const holder *>(self)->callable();
        }
    };

    std::shared_ptr<const state> state_;
};

} // namespace ctxcache

/* ---- context.h, bind.h, task.h and scope.h -------------------------------------------------- */

/* ctx_set(var, value) or ctx_set(var, value, &token); see ctx_set_v(). */
template <class T> int ctx_set(ctx_var *var, const T &value, ctx_token *out_token = nullptr)
{
    return ctx_set_v(var, ctxcache::box(value), out_token);
}

/*
 * Enters, calls f(), leaves; leaves also by exception, which the caller gets. `f` returns nothing,
 * so that no status of its own is lost: let it assign to something captured.
 */
template <class F> int ctx_run(ctx_context *context, F &&f)
{
    static_assert(std::is_void_v<std::invoke_result_t<F &&>>,
                  "what ctx_run() calls returns void: assign to something captured");
    auto call = [&f] { std::forward<F>(f)(); };
    auto run = [](void *arg) { (*static_cast<decltype(call) *>(arg))(); };
    return ctx_run(context, run, &call);
}

/* f() as a task: ctx_run_task() for what is not a C function. */
template <class F> int ctx_run_task(F &&f, ctx_task_report *report = nullptr, void *user = nullptr)
{
    static_assert(std::is_void_v<std::invoke_result_t<F &&>>,
                  "what ctx_run_task() calls returns void: assign to something captured");
    auto call = [&f] { std::forward<F>(f)(); };
    auto run = [](void *arg) { (*static_cast<decltype(call) *>(arg))(); };
    return ctx_run_task(run, &call, report, user);
}

/* Captures the current context and a copy of `f`; on an error *out_bound is empty. */
template <class F> int ctx_bind(F &&f, ctxcache::bound *out_bound)
{
    using callable = std::decay_t<F>;
    static_assert(std::is_void_v<std::invoke_result_t<const callable &>>,
                  "a bound callable returns void: its runs have nobody to answer to");
    if (!out_bound)
        return CTX_ERR_INVALID;

    using holder = ctxcache::bound::holder<callable>;
    auto owned = std::make_shared<holder>(std::forward<F>(f));
    ctx_bound *handle = nullptr;
    int status = ctx_bind(holder::call, owned.get(), &handle);
    owned->handle.reset(handle);
    out_bound->state_ = status == CTX_OK ? std::move(owned) : nullptr;
    return status;
}

/*
 * A value that ends with its block, as CTX_SCOPED in C: also by exception. Like there, a scope that
 * cannot set its value fails closed, and status() says why.
 */
class ctx_scoped
{
  public:
    template <class T>
    ctx_scoped(ctx_var *var, const T &value) : scope_(ctx_scope_begin(var, ctxcache::box(value)))
    {
    }
    ctx_scoped(const ctx_scoped &) = delete;
    ctx_scoped &operator=(const ctx_scoped &) = delete;
    ~ctx_scoped()
    {
        ctx_scope_end(&scope_);
    }

    int status() const noexcept
    {
        return ctx_scope_status(&scope_);
    }

  private:
    ctx_scope scope_;
};

inline int ctx_scope_status(const ctx_scoped *scope) noexcept
{
    return scope->status();
}

#define CTXI_JOIN_(a, b) a##b
#define CTXI_JOIN(a, b)  CTXI_JOIN_(a, b)

/* One a line; the scope itself is anonymous. */
#define CTX_SCOPED(var, value) CTX_SCOPED_AS(CTXI_JOIN(ctxi_scope_, __LINE__), var, value)

/* The same with a name, for name.status() or ctx_scope_status(&name). */
#define CTX_SCOPED_AS(name, var, value) [[maybe_unused]] const ::ctx_scoped name(var, value)

/* ---- call.h -------------------------------------------------------------------------------- */

/*
 * `out_ref` is a ctx_cache_ref *, which the caller then owes ctx_cache_ref_release(), or a
 * ctxcache::ref *.
 */
template <class Ref, class... Args>
int ctx_cache_call(ctx_cache *cache, ctx_cache_fn *fn, Ref *out_ref, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctxcache::detail::into(out_ref, [&](ctx_cache_ref *out) {
        return ctx_cache_call_v(cache, fn, boxed.values, boxed.count, nullptr, out, nullptr);
    });
}

template <class Ref, class... Args>
int ctx_cache_call_info(ctx_cache *cache, ctx_cache_fn *fn, Ref *out_ref, ctx_cache_info *info,
                        const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctxcache::detail::into(out_ref, [&](ctx_cache_ref *out) {
        return ctx_cache_call_v(cache, fn, boxed.values, boxed.count, nullptr, out, info);
    });
}

template <class Ref, class... Args>
int ctx_cache_begin(ctx_cache *cache, ctx_cache_fn *fn, const ctx_cache_begin_options *options,
                    Ref *out_ref, ctx_cache_flight *out_flight, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctxcache::detail::into(out_ref, [&](ctx_cache_ref *out) {
        return ctx_cache_begin_v(cache, fn, boxed.values, boxed.count, options, out, out_flight,
                                 nullptr);
    });
}

#ifdef CTXCACHE_UV_H /* it was included before */
template <class... Args>
int ctx_uv_cache_call(uv_loop_t *loop, ctx_cache *cache, ctx_cache_fn *fn,
                      ctx_uv_cache_cb *callback, void *user, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctx_uv_cache_call_v(loop, cache, fn, boxed.values, boxed.count, nullptr, callback, user);
}
#endif

template <class Ref, class... Args>
int ctx_cache_get(ctx_cache *cache, ctx_cache_fn *fn, Ref *out_ref, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctxcache::detail::into(out_ref, [&](ctx_cache_ref *out) {
        return ctx_cache_get_v(cache, fn, boxed.values, boxed.count, out, nullptr);
    });
}

template <class Ref, class... Args>
int ctx_cache_peek(ctx_cache *cache, ctx_cache_fn *fn, Ref *out_ref, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctxcache::detail::into(out_ref, [&](ctx_cache_ref *out) {
        return ctx_cache_peek_v(cache, fn, boxed.values, boxed.count, out, nullptr);
    });
}

template <class... Args>
int ctx_cache_put(ctx_cache *cache, ctx_cache_fn *fn, const void *data, std::size_t size,
                  const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctx_cache_put_v(cache, fn, boxed.values, boxed.count, data, size, 0);
}

template <class... Args>
int ctx_cache_invalidate(ctx_cache *cache, ctx_cache_fn *fn, const Args &...args)
{
    const ctxcache::detail::boxed<Args...> boxed(args...);
    return ctx_cache_invalidate_v(cache, fn, boxed.values, boxed.count);
}

/* ---- wrap.h -------------------------------------------------------------------------------- */

/*
 * The one-line wrappers of wrap.h. Each defines two static objects: the twin, to be called as
 *
 *     cached_price(cache, 42, "eu", &price)     // int; the value in `price` on CTX_OK alone
 *
 * and cached_price_fn, for ctx_cache_call_info(), ctx_cache_invalidate() and so on. Arguments may
 * also be std::string, or a const reference to any type that is allowed; the native function then
 * gets a copy. A twin from CTX_CACHE_WRAP_REF takes a ctx_cache_ref * or a ctxcache::ref * as its
 * last argument.
 */
#define CTX_CACHE_WRAP(twin, result, ...)                                                          \
    CTXI_WRAP(twin, CTXI_FIRST(__VA_ARGS__, 0), value_twin, result, CTXI_TYPES(__VA_ARGS__))
#define CTX_CACHE_WRAP_TRY(twin, result, ...)                                                      \
    CTXI_WRAP(twin, CTXI_FIRST(__VA_ARGS__, 0), try_twin, result, CTXI_TYPES(__VA_ARGS__))
#define CTX_CACHE_WRAP_REF(twin, ...)                                                              \
    CTXI_WRAP(twin, CTXI_FIRST(__VA_ARGS__, 0), ref_twin, void, CTXI_TYPES(__VA_ARGS__))

#define CTXI_FIRST(first, ...) first
/* (fn, T0, T1): `T0, T1, end`. The mark at the end keeps the list from being empty. */
#define CTXI_TYPES(...)       CTXI_REST(__VA_ARGS__, ::ctxcache::detail::end)
#define CTXI_REST(first, ...) __VA_ARGS__

/* The native function is called by name, from a type that no other file can have: the same twin
 * name in two files makes two functions. */
#define CTXI_WRAP(twin, fn, kind, result, ...)                                                     \
    namespace                                                                                      \
    {                                                                                              \
    struct twin##_native {                                                                         \
        template <class... CtxiArgs> static decltype(auto) call(CtxiArgs &&...ctxi_args)           \
        {                                                                                          \
            return fn(std::forward<CtxiArgs>(ctxi_args)...);                                       \
        }                                                                                          \
    };                                                                                             \
    using twin##_twin = ::ctxcache::detail::kind<twin##_native, result,                            \
                                                 ::ctxcache::detail::arguments<__VA_ARGS__>>;      \
    }                                                                                              \
    CTXI_WRAP_FN(twin, fn)                                                                         \
    [[maybe_unused]] static constexpr twin##_twin twin{twin##_fn};

/* One macro deeper, where `fn` is the name itself. */
#define CTXI_WRAP_FN(twin, fn)                                                                     \
    [[maybe_unused]] static ctx_cache_fn twin##_fn[1] = {                                          \
        {#fn, 1, 0, twin##_twin::load, nullptr, 0, 0}};

namespace ctxcache
{
namespace detail
{

template <class... T> struct types {
};

struct end {
};

/* types<T...> of a list that stops at `end`. */
template <class Done, class... T> struct without_end;
template <class... Done> struct without_end<types<Done...>, end> {
    using type = types<Done...>;
};
template <class... Done, class Head, class... Tail>
struct without_end<types<Done...>, Head, Tail...> : without_end<types<Done..., Head>, Tail...> {
};

template <class... T> using arguments = typename without_end<types<>, T...>::type;

/* By value or const reference: the loader hands over copies. */
template <class T>
inline constexpr bool is_argument = is_native<std::decay_t<T>> &&
                                    (!std::is_reference_v<T> ||
                                     std::is_const_v<std::remove_reference_t<T>>);

template <class T>
inline constexpr bool is_result =
    std::conjunction_v<std::is_trivially_copyable<T>, std::is_object<T>,
                       std::negation<std::is_pointer<T>>, std::negation<std::is_member_pointer<T>>,
                       std::negation<std::is_null_pointer<T>>>;

/* Whether it is what a T is boxed into. */
template <class T> bool matches(const ctx_value &v)
{
    using type = std::decay_t<T>;

    if constexpr (std::is_same_v<type, bool>)
        return v.type == CTX_BOOL;
    else if constexpr (is_signed<type>)
        return v.type == CTX_I64;
    else if constexpr (is_unsigned<type>)
        return v.type == CTX_U64;
    else if constexpr (is_floating<type>)
        return v.type == CTX_F64;
    else if constexpr (std::is_same_v<type, std::string>)
        return v.type == CTX_STRING;
    else
        return v.type == CTX_STRING || v.type == CTX_NULL;
}

template <class... Args, std::size_t... I>
bool all_match([[maybe_unused]] const ctx_value *args, std::size_t count, std::index_sequence<I...>)
{
    return count == sizeof...(Args) && (matches<Args>(args[I]) && ...);
}

/* The inverse of box(). */
template <class T> std::decay_t<T> unbox(const ctx_value &v)
{
    using type = std::decay_t<T>;

    if constexpr (std::is_same_v<type, bool>)
        return v.as.boolean;
    else if constexpr (is_signed<type>)
        return static_cast<type>(v.as.i64);
    else if constexpr (is_unsigned<type>)
        return static_cast<type>(v.as.u64);
    else if constexpr (is_floating<type>)
        return static_cast<type>(v.as.f64);
    else if constexpr (std::is_same_v<type, std::string>)
        return std::string(v.as.string.data, v.as.string.size);
    else
        return const_cast<type>(v.type == CTX_STRING ? v.as.string.data : nullptr);
}

/* Each twin: a loader for the library, and the call for the user. `Native` is the function. */
template <class Native, class Result, class Types> class value_twin;
template <class Native, class Result, class Types> class try_twin;
template <class Native, class Result, class Types> class ref_twin;

template <class... Args> struct argument_types {
    static_assert(sizeof...(Args) <= CTX_CACHE_ARGS_MAX, "at most CTX_CACHE_ARGS_MAX arguments");
    static_assert((is_argument<Args> && ...), "a memoized function takes bool, integers, float, "
                                              "double, (const) char * and std::string, by value "
                                              "or const reference");
};

/* What a twin with a result of fixed size does on the user's side. */
template <class Result, class... Args> class copying_twin : argument_types<Args...>
{
    static_assert(is_result<Result>, "a memoized result is copied byte by byte and points at "
                                     "nothing: use CTX_CACHE_WRAP_REF for others");

  public:
    explicit constexpr copying_twin(ctx_cache_fn *fn) noexcept : fn_(fn)
    {
    }

    int operator()(ctx_cache *cache, Args... args, Result *out_result) const
    {
        const boxed<std::decay_t<Args>...> values(args...);
        return ctx_cache_call_copy_v(cache, fn_, values.values, values.count, nullptr, out_result,
                                     sizeof *out_result, nullptr);
    }

  private:
    ctx_cache_fn *fn_;
};

template <class Native, class Result, class... Args>
class value_twin<Native, Result, types<Args...>> : public copying_twin<Result, Args...>
{
  public:
    using copying_twin<Result, Args...>::copying_twin;

    static int load(ctx_cache_load *load, const ctx_value *args, std::size_t count, void *)
    {
        if (!all_match<Args...>(args, count, std::index_sequence_for<Args...>()))
            return CTX_ERR_TYPE;
        return run(load, args, std::index_sequence_for<Args...>());
    }

  private:
    template <std::size_t... I>
    static int run(ctx_cache_load *load, [[maybe_unused]] const ctx_value *args,
                   std::index_sequence<I...>)
    {
        const Result out = Native::call(unbox<Args>(args[I])...);
        return ctx_cache_load_copy(load, &out, sizeof out);
    }
};

template <class Native, class Result, class... Args>
class try_twin<Native, Result, types<Args...>> : public copying_twin<Result, Args...>
{
  public:
    using copying_twin<Result, Args...>::copying_twin;

    static int load(ctx_cache_load *load, const ctx_value *args, std::size_t count, void *)
    {
        if (!all_match<Args...>(args, count, std::index_sequence_for<Args...>()))
            return CTX_ERR_TYPE;
        return run(load, args, std::index_sequence_for<Args...>());
    }

  private:
    template <std::size_t... I>
    static int run(ctx_cache_load *load, [[maybe_unused]] const ctx_value *args,
                   std::index_sequence<I...>)
    {
        Result out{};
        int status = Native::call(unbox<Args>(args[I])..., &out);
        return status == CTX_OK ? ctx_cache_load_copy(load, &out, sizeof out) : status;
    }
};

template <class Native, class... Args>
class ref_twin<Native, void, types<Args...>> : argument_types<Args...>
{
  public:
    explicit constexpr ref_twin(ctx_cache_fn *fn) noexcept : fn_(fn)
    {
    }

    int operator()(ctx_cache *cache, Args... args, ctx_cache_ref *out_ref) const
    {
        return ctx_cache_call(cache, fn_, out_ref, args...);
    }
    int operator()(ctx_cache *cache, Args... args, ref *out_ref) const
    {
        return ctx_cache_call(cache, fn_, out_ref, args...);
    }

    static int load(ctx_cache_load *load, const ctx_value *args, std::size_t count, void *)
    {
        if (!all_match<Args...>(args, count, std::index_sequence_for<Args...>()))
            return CTX_ERR_TYPE;
        return run(load, args, std::index_sequence_for<Args...>());
    }

  private:
    template <std::size_t... I>
    static int run(ctx_cache_load *load, [[maybe_unused]] const ctx_value *args,
                   std::index_sequence<I...>)
    {
        return Native::call(load, unbox<Args>(args[I])...);
    }

    ctx_cache_fn *fn_;
};

} // namespace detail
} // namespace ctxcache

#endif
