/*
 * stamps.pml: hits are carried out in their order, although each thread writes them down for itself.
 *
 *   step                    what it models in src/
 *   enter, leave            ctxi_section_enter(), ctxi_section_leave()         cache/reader.h
 *   stamp                   ctxi_stamp(), ctxi_stamp_claim()                   cache/reader.h, reader.c
 *   record                  ctxi_reader_record()                               cache/reader.h
 *   drain, drain_one,       ctxi_recency_drain() and what it calls             cache/recency.c
 *   drain_all, try_alone
 *   grace                   ctxi_reclaim(), where the trial of one who was     cache/reclaim.c
 *                           alone ends
 *
 * What is assumed:
 *   - Each reading of the clock is later than the one before: two calls that do not overlap never have
 *     the same time (a unit of time is less than what a call takes).
 *   - A call begins with its load of `recorder`, and ends with its record: what it does before and after
 *     that touches nothing here.
 *   - Loads see the newest value. Within a call that is enough even for relaxed ones: whoever ended
 *     before this call began is seen by it, and anything newer is as good.
 *   - Sections and graces work (publish.pml). One drainer stands for all who take the lock. It may find
 *     that one thread is alone as soon as only one ring has something.
 *   - Rings are never full.
 *
 * What is checked: when call A ended before call B began, A is carried out before B; a drain carries
 * out all calls that ended before it began; in the end none is lost.
 */

#define READERS 2
#ifndef CALLS
#define CALLS 2 /* of each reader */
#endif
#ifndef DRAINS
#define DRAINS 2
#endif

/* The word `recorder`. */
#define NONE  0
#define ONE   1 /* `who` records alone, since `since` */
#define TRIAL 2 /* `who` seems to be alone; reads the clock still */
#define MANY  3

byte state, who, since;

byte time = 1;
bool inside[READERS], awaited[READERS];
bool grace_begun, trial_waits; /* the trial under way is older than the grace */

/* The rings: record i of reader r, which is of its call i, is stamps[AT(r, i)]. */
byte stamps[READERS * CALLS];
byte written[READERS], carried[READERS]; /* head and tail */

#define AT(r, i) ((r) * CALLS + (i))

/* Not in the product: sets of calls, a bit for each. */
byte ended, done;
byte before[READERS * CALLS]; /* what had ended when this call began */
byte readers_done;

#define BIT(call) (1 << (call))
#define ALL       ((1 << (READERS * CALLS)) - 1)

inline read_clock(to)
{
    to = time;
    time++
}

proctype reader(byte r)
{
    byte calls, stamp;
    bool needs_clock;

    do
    :: calls == CALLS -> break
    :: else ->
        d_step {
            before[AT(r, calls)] = ended & ~done;
            inside[r] = true; /* enter */
            if                /* stamp */
            :: state == ONE && who == r -> stamp = since
            :: state == NONE -> state = ONE; who = r; stamp = since
            :: else ->
                needs_clock = true;
                if
#ifndef FAULT_STAY_ONE
                :: state != MANY && who != r -> state = MANY; who = 0
#endif
                :: else
                fi
            fi
        };
        if
        :: needs_clock -> d_step { read_clock(stamp); needs_clock = false }
        :: else
        fi;
        d_step {
            stamps[AT(r, calls)] = stamp; /* record */
            written[r]++;
            stamp = 0;
            inside[r] = false; /* leave */
            awaited[r] = false;
            ended = ended | BIT(AT(r, calls));
            calls++
        }
    od;
    readers_done++
}

/* ---- the drainer, who has the lock --------------------------------------------------------- */

inline carry_out(r)
{
    assert((before[AT(r, carried[r])] & ~done) == 0); /* all that ended before it began were before it */
    done = done | BIT(AT(r, carried[r]));
    before[AT(r, carried[r])] = 0; /* what is not needed any more would only make more states */
    stamps[AT(r, carried[r])] = 0;
    carried[r]++
}

inline drain_one()
{
    end[seen_who] = written[seen_who];
#ifndef FAULT_LOOK_ONCE
    if
    :: state != ONE || who != seen_who -> all = true /* what it wrote since need not be the next */
    :: else
    fi;
#endif
    if
    :: !all ->
        atomic {
            do
            :: carried[seen_who] != end[seen_who] -> carry_out(seen_who)
            :: else -> break
            od
        }
    :: else
    fi
}

/* Whether a ring has something, and the stamp of that. */
#define HAS(r)  (carried[r] != end[r])
#define NEXT(r) stamps[AT(r, carried[r])]
#define LAST(r) stamps[AT(r, end[r] - 1)]

/* note_ends() */
inline note_end(r)
{
    end[r] = written[r];
#ifndef FAULT_NO_CLIP
    atomic {
        do
        :: HAS(r) ->
            if
            :: LAST(r) > now -> end[r]--
            :: else -> break
            fi
        :: else -> break
        od
    }
#endif
}

inline drain_all()
{
#ifdef FAULT_LATE_NOW
    now = 255;
    note_end(0);
    note_end(1);
    d_step { read_clock(now) };
#else
    d_step { read_clock(now) };
    note_end(0);
    note_end(1);
#endif
    if /* the only ring that has something */
    :: HAS(0) && !HAS(1) -> alone = 0
    :: HAS(1) && !HAS(0) -> alone = 1
    :: HAS(0) == HAS(1) -> alone = READERS
    fi;
    atomic { /* merge() */
        do
        :: HAS(0) || HAS(1) ->
            if
            :: !HAS(1) -> carry_out(0)
            :: !HAS(0) -> carry_out(1)
            :: HAS(0) && HAS(1) ->
                if
                :: NEXT(0) <= NEXT(1) -> carry_out(0)
                :: else -> carry_out(1)
                fi
            fi
        :: else -> break
        od
    }
}

inline drain()
{
    d_step {
        must = ended;
        all = false; alone = READERS;
        seen_state = state; seen_who = who
    };
    if
#ifdef FAULT_NO_TRIAL
    :: seen_state == NONE && !unsettled
    :: seen_state == ONE && !unsettled -> drain_one()
    :: seen_state == MANY || unsettled -> all = true
#else
    :: seen_state == NONE
    :: seen_state == ONE -> drain_one()
    :: seen_state == MANY || seen_state == TRIAL -> all = true
#endif
    fi;
    if
    :: all -> drain_all()
    :: else
    fi;
    assert((must & ~done) == 0); /* all that had ended are carried out */
    d_step {
        must = 0; end[0] = 0; end[1] = 0; now = 0;
        if /* nobody remembers a time: it may as well begin anew */
        :: !inside[0] && !inside[1] && written[0] == carried[0] && written[1] == carried[1] ->
            since = 0; time = 1
        :: else
        fi
    }
}

/* One thread was alone for long, as it seems. */
inline try_alone()
{
    if
    :: seen_state == MANY && alone < READERS ->
#ifdef FAULT_NO_TRIAL
        d_step { read_clock(since); state = NONE; unsettled = true; trial_waits = false }
#else
        d_step { state = TRIAL; who = alone; trial_waits = false }
#endif
    :: true
    fi
}

inline settle()
{
#ifdef FAULT_NO_TRIAL
    unsettled = unsettled && !trial_waits;
    trial_waits = false
#else
    if
    :: state == TRIAL && trial_waits ->
        d_step { read_clock(now) };
        d_step { /* compare and swap: a second thread may have come */
            if
            :: state == TRIAL -> state = ONE; since = now
            :: else
            fi;
            now = 0
        }
    :: else
    fi;
    trial_waits = false
#endif
}

inline grace()
{
    if
    :: !grace_begun ->
        d_step {
            grace_begun = true;
            trial_waits = true;
            awaited[0] = inside[0];
            awaited[1] = inside[1]
        }
    :: true
    fi;
    if
#ifdef FAULT_SETTLE_EARLY
    :: grace_begun ->
#else
    :: grace_begun && !awaited[0] && !awaited[1] ->
#endif
        grace_begun = false;
        drain();
        settle()
    :: true
    fi
}

proctype drainer()
{
    byte end[READERS];
    byte drains, now, seen_state, seen_who, must, alone;
    bool all, unsettled;

    do
    :: drains == DRAINS -> break
    :: else ->
        drains++;
        drain();
        try_alone();
        grace()
    od;
    readers_done == READERS;
    drain();
    assert(done == ALL)
}

init
{
    atomic {
        if
        :: state = NONE
        :: state = MANY
        fi;
        run reader(0); run reader(1);
        run drainer()
    }
}
