/* Timers: callbacks at moments of the monotonic clock, kept by one thread.
 *
 * A timer is embedded in what waits, so setting one allocates nothing beyond the heap's own array,
 * which grows to the most timers ever set at once. The owner asks base_timers_next_ns how long it
 * may sleep and then calls base_timers_run. One thread.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct base_timer {
    void (*on_timer)(struct base_timer *self); /* set by the owner before the timer is */
    int64_t at_ns;                             /* base_clock_monotonic_ns */
    size_t slot;                               /* in the heap, from 1; 0 while not set */
};

struct base_timers {
    struct base_timer **heap; /* the soonest at slot 1; slot 0 is unused */
    size_t count;
    size_t capacity;
};

/* Starts with no timer set; allocates nothing yet. */
void base_timers_init(struct base_timers *timers);

/* Frees the array. Timers still set are forgotten. */
void base_timers_dispose(struct base_timers *timers);

/* Sets `timer`, or moves it when it is set already, to run at `at_ns`. It must stay in place until
 * it has run or is cancelled. */
void base_timers_set(struct base_timers *timers, struct base_timer *timer, int64_t at_ns);

/* Unsets `timer`; nothing happens when it is not set. */
void base_timers_cancel(struct base_timers *timers, struct base_timer *timer);

/* When the soonest timer is due; BASE_NEVER_NS when none is set. */
int64_t base_timers_next_ns(const struct base_timers *timers);

/* Unsets and runs every timer due at `now_ns`, soonest first. A callback may set and cancel any
 * timer; one it sets for no later than `now_ns` still runs in the same call. */
void base_timers_run(struct base_timers *timers, int64_t now_ns);

/* Whether `timer` is set. */
static inline bool base_timer_is_set(const struct base_timer *timer)
{
    return timer->slot != 0;
}

#endif
