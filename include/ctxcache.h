/*
 * ctxcache: memoization and caching scoped by context.
 *
 * This header includes everything; each concept has one of its own in ctxcache/, which is its
 * manual. From C++ include <ctxcache.hpp> instead.
 */
#ifndef CTXCACHE_H
#define CTXCACHE_H

#include "ctxcache/allocator.h"
#include "ctxcache/bind.h"
#include "ctxcache/cache.h"
#include "ctxcache/call.h"
#include "ctxcache/context.h"
#include "ctxcache/curve.h"
#include "ctxcache/flight.h"
#include "ctxcache/function.h"
#include "ctxcache/record.h"
#include "ctxcache/scope.h"
#include "ctxcache/stats.h"
#include "ctxcache/status.h"
#include "ctxcache/task.h"
#include "ctxcache/value.h"
#include "ctxcache/variable.h"
#include "ctxcache/watch.h"
#include "ctxcache/wrap.h"

#endif
