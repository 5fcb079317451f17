/*
 * publish.pml: entries are published, found without a lock, removed, and their memory is used again.
 *
 *   step                    what it models in src/
 *   enter, leave            ctxi_section_enter(), ctxi_section_leave()         cache/reader.h
 *   look, compare, copy     ctxi_index_find(), copying the value               cache/index.h, call.c
 *   try_ref, unref          ctxi_entry_try_ref(), ctxi_entry_unref()           cache/entry.h, entry.c
 *   record                  ctxi_reader_record()                               cache/reader.h
 *   store                   fill(), chain_add()                                cache/entry.c, index.c
 *   remove                  chain_remove(), ctxi_entry_forsake_locked()        cache/index.c, entry.c
 *   fence_rarely            ctxi_fence_rarely()                                base/fence.c
 *   begin_grace, try_end    ctxi_readers_begin_grace(), _grace_ended()         cache/reader.c
 *   drain                   ctxi_recency_drain()                               cache/recency.c
 *   reclaim, free_waiting   the same                                           cache/reclaim.c
 *
 * What is assumed:
 *   - A reader's stores (section, records) leave through a buffer, first in, first out, at any later
 *     time, its loads do not wait for them, and it has no fence. This is weaker than C11 where the
 *     product's compare and swap of `refs` would empty the buffer on a real processor.
 *   - A writer's store that empties a bucket slot may be late, too, until it publishes or fences.
 *     Publication is a release store: the fill comes before it; with FAULT_RELAXED_PUBLISH it may come
 *     in any order with it.
 *   - Loads of a reader are in order: the slot is loaded with acquire, the entry depends on it, and
 *     leaving is a release store. With FAULT_RELAXED_LEAVE leaving may come before them.
 *   - membarrier: at one moment the buffers of all readers are emptied. Removal, order of use and limbo
 *     are guarded by the lock, so one writer stands for all.
 *   - A table of one slot, two numbers and two keys stand for all tables, and readers want key 1: growing is
 *     not modelled, for what is found is compared, whatever the way to it.
 *
 * What is checked: no reader gets a value of another key; none reads memory after it was given back,
 * as long as it is inside the section, or holds a reference; no record names a number that was used
 * again; in the end all that was removed is free, unless it is in the table.
 */

#define READERS 2
#define NUMBERS 2
#define KEYS    2
#ifndef CALLS
#define CALLS 2 /* of the first reader */
#endif
#ifndef OPS
#define OPS 4 /* of the writer */
#endif

/* Where a number is. */
#define FREE    0
#define MADE    1 /* taken, not yet in the table */
#define IN      2
#define HELD    3 /* removed, somebody has a reference */
#define FRESH   4 /* limbo.fresh */
#define WAITING 5 /* limbo.waiting */

#define WANTED 1 /* the key that readers want */

#define SECTION 0
#define RECORD  1

byte slot;    /* of the only bucket */
bool emptied; /* the writer has emptied it, though not all see it yet */

byte key[NUMBERS + 1], value[NUMBERS + 1]; /* the right value of a key is the key */
byte refs[NUMBERS + 1];
byte where[NUMBERS + 1];
byte gen[NUMBERS + 1]; /* not in the product: how often it was given back */

bool locked;
bool grace_begun;
byte section[READERS], noted[READERS];
bool awaited[READERS];

chan buffer[READERS] = [4] of { bit, byte, byte }; /* kind, number, gen */
chan ring[READERS] = [4] of { byte, byte };        /* number, gen */

byte readers_done;

/* ---- memory -------------------------------------------------------------------------------- */

inline commit(r)
{
    d_step {
        buffer[r]?kind, number, when;
        if
        :: kind == SECTION -> section[r]++
        :: else -> ring[r]!number, when
        fi;
        kind = 0; number = 0; when = 0
    }
}

proctype memory(byte r)
{
    bit kind;
    byte number, when;

end:
    do
    :: atomic { nempty(buffer[r]) -> commit(r) }
    od
}

/* ---- readers ------------------------------------------------------------------------------- */

#define LEGAL(n, g) (gen[n] == g && where[n] != FREE)

/* FAULT_RELAXED_LEAVE: the store may have overtaken what is before it. */
inline leave_early(r)
{
#ifdef FAULT_RELAXED_LEAVE
    if
    :: !left -> buffer[r]!SECTION, 0, 0; left = true
    :: true
    fi
#else
    skip
#endif
}

inline unref(n)
{
    d_step {
        refs[n]--;
        last = (refs[n] == 0)
    };
    if
    :: last -> atomic { !locked -> assert(where[n] == HELD); where[n] = FRESH } /* ctxi_reclaim_entry() */
    :: else
    fi
}

proctype reader(byte r)
{
    byte n, g, calls;
    bool found, held, left, last;

    do
    :: calls == CALLS - r -> break /* the second makes one call less */
    :: else ->
        d_step { buffer[r]!SECTION, 0, 0; calls++ }; /* enter */

        atomic { /* look */
            n = slot;
            g = gen[n];
            assert(n == 0 || where[n] != FREE)
        };
        if
        :: n == 0
        :: else ->
            leave_early(r);
            d_step { /* compare */
                assert(LEGAL(n, g));
                found = (key[n] == WANTED)
            }
        fi;

        if
        :: found ->
            leave_early(r);
            d_step { /* try_ref */
                assert(LEGAL(n, g));
#ifndef FAULT_BLIND_REF
                if
                :: refs[n] != 0 -> refs[n]++; held = true
                :: else -> found = false /* too late: look under the lock */
                fi
#else
                refs[n]++;
                held = true
#endif
            }
        :: found ->
            leave_early(r);
            d_step { /* copy */
                assert(LEGAL(n, g));
                assert(value[n] == WANTED)
            }
        :: !found
        fi;

#ifdef FAULT_RECORD_OUTSIDE
        if
        :: !left -> buffer[r]!SECTION, 0, 0; left = true
        :: else
        fi;
#endif
        if
        :: found -> leave_early(r); buffer[r]!RECORD, n, g /* record */
        :: else
        fi;
        if
        :: !left -> buffer[r]!SECTION, 0, 0 /* leave */
        :: else
        fi;

        if
        :: held ->
            d_step {
                assert(LEGAL(n, g));
                assert(value[n] == WANTED)
            };
            unref(n)
        :: else
        fi;
        d_step { n = 0; g = 0; found = false; held = false; left = false; last = false }
    od;
    readers_done++
}

/* ---- the writer, who has the lock ---------------------------------------------------------- */

inline settle_late()
{
    d_step {
        if
        :: emptied -> slot = 0; emptied = false
        :: else
        fi
    }
}

inline fence_rarely()
{
#ifndef FAULT_NO_WRITER_FENCE
    settle_late();
#endif
#ifndef FAULT_NO_READER_FENCE
    atomic {
        do
        :: nempty(buffer[0]) -> commit(0)
        :: nempty(buffer[1]) -> commit(1)
        :: empty(buffer[0]) && empty(buffer[1]) -> break
        od
    }
#else
    skip
#endif
}

inline carry_out(one)
{
    ring[one]?number, when;
    assert(gen[number] == when); /* it still names what it was written for */
    number = 0; when = 0
}

inline drain()
{
    atomic {
        do
        :: nempty(ring[0]) -> carry_out(0)
        :: nempty(ring[1]) -> carry_out(1)
        :: empty(ring[0]) && empty(ring[1]) -> break
        od
    };
    skip
}

inline begin_grace()
{
    fence_rarely();
    d_step {
        for (number : 1 .. NUMBERS) {
            if
            :: where[number] == FRESH -> where[number] = WAITING
            :: else
            fi
        };
        number = 0;
#ifndef FAULT_NO_GRACE
        for (r : 0 .. READERS - 1) {
            noted[r] = section[r];
            awaited[r] = (noted[r] % 2 == 1)
        };
        r = 0;
#endif
        grace_begun = true
    }
}

inline free_waiting()
{
#ifndef FAULT_NO_DRAIN
    drain();
#endif
    d_step {
        for (number : 1 .. NUMBERS) {
            if
            :: where[number] == WAITING ->
                assert(refs[number] == 0);
                where[number] = FREE; gen[number]++ /* ctxi_arena_give() */
            :: else
            fi
        };
        number = 0
    }
}

inline try_end()
{
    d_step {
        for (r : 0 .. READERS - 1) {
            if
            :: awaited[r] && section[r] != noted[r] -> awaited[r] = false; noted[r] = 0
            :: else
            fi
        };
        r = 0
    };
    if
    :: !awaited[0] && !awaited[1] -> grace_begun = false; free_waiting()
    :: else
    fi
}

#define IS_FRESH (where[1] == FRESH || where[2] == FRESH)

inline reclaim()
{
    if
    :: grace_begun -> try_end()
    :: else
    fi;
    if
    :: !grace_begun && IS_FRESH -> begin_grace(); try_end()
    :: else
    fi
}

/* Takes what is in the slot out of the cache. */
inline remove()
{
    d_step { n = slot; emptied = true };
    if
    :: settle_late()
    :: true
    fi;
#ifdef FAULT_FREE_HELD
    d_step { refs[n] = 0; where[n] = FRESH };
#else
    if /* ctxi_entry_forsake_locked() */
    :: d_step { refs[n] == 1 -> refs[n] = 0; where[n] = FRESH }
    :: d_step { refs[n] > 1 -> refs[n]--; where[n] = HELD }
    fi;
#endif
#ifdef FAULT_JOIN_GRACE
    if
    :: grace_begun && where[n] == FRESH -> where[n] = WAITING
    :: else
    fi;
#endif
    n = 0
}

/* Takes a free number, fills it, and publishes it. */
inline store()
{
    d_step {
        if
        :: where[1] == FREE -> n = 1
        :: else -> n = 2
        fi;
        where[n] = MADE;
        refs[n] = 1
    };
    if
    :: k = 1
    :: k = 2
    fi;
#ifdef FAULT_RELAXED_PUBLISH
    if
    :: slot = n; key[n] = k; value[n] = k
    :: key[n] = k; slot = n; value[n] = k
    :: true
    fi;
#endif
    key[n] = k;
    value[n] = k;
    d_step { slot = n; where[n] = IN; n = 0; k = 0 }
}

proctype writer()
{
    bit kind;
    byte number, when, ops, r, n, k;

    do
    :: ops == OPS -> break
    :: else ->
        d_step { ops++; locked = true };
        drain(); /* ctxi_cache_lock() */
        settle_late(); /* the store after it, to the same slot, comes after it */
        if
        :: slot != 0 -> remove()
        :: slot == 0 && (where[1] == FREE || where[2] == FREE) -> store()
        :: slot == 0 && where[1] != FREE && where[2] != FREE
        fi;
        reclaim();
        locked = false
    od;

    /* Nobody reads any more: nothing may be left over. */
    readers_done == READERS && empty(buffer[0]) && empty(buffer[1]);
    settle_late();
    reclaim();
    fence_rarely();
    reclaim();
    reclaim();
    drain();
    d_step {
        for (number : 1 .. NUMBERS) {
            assert(where[number] == FREE || where[number] == IN);
            assert(where[number] == FREE || refs[number] == 1)
        }
    }
}

init
{
    atomic {
        run memory(0); run memory(1);
        run reader(0); run reader(1);
        run writer()
    }
}
