/* A binary heap in an array, each timer knowing its slot so that cancelling needs no search. */
#include "base/timer.h"

#include "base/clock.h"
#include "base/mem.h"

#define CAPACITY_FIRST (size_t)64

static void place(struct base_timers *timers, struct base_timer *timer, size_t slot)
{
    timers->heap[slot] = timer;
    timer->slot = slot;
}

static void sift_up(struct base_timers *timers, struct base_timer *timer, size_t slot)
{
    while (slot > 1 && timers->heap[slot / 2]->at_ns > timer->at_ns) {
        place(timers, timers->heap[slot / 2], slot);
        slot /= 2;
    }
    place(timers, timer, slot);
}

static void sift_down(struct base_timers *timers, struct base_timer *timer, size_t slot)
{
    for (size_t child; (child = slot * 2) <= timers->count; slot = child) {
        if (child < timers->count && timers->heap[child + 1]->at_ns < timers->heap[child]->at_ns) {
            child++;
        }
        if (timer->at_ns <= timers->heap[child]->at_ns) {
            break;
        }
        place(timers, timers->heap[child], slot);
    }
    place(timers, timer, slot);
}

/* Puts `timer` where it belongs, starting from a slot whose occupant has been taken out. */
static void settle(struct base_timers *timers, struct base_timer *timer, size_t slot)
{
    if (slot > 1 && timers->heap[slot / 2]->at_ns > timer->at_ns) {
        sift_up(timers, timer, slot);
    } else {
        sift_down(timers, timer, slot);
    }
}

static void grow(struct base_timers *timers)
{
    timers->capacity = timers->capacity == 0 ? CAPACITY_FIRST : timers->capacity * 2;
    timers->heap =
        base_realloc(timers->heap, (timers->capacity + 1) * sizeof *timers->heap); /* slot 0 */
}

void base_timers_init(struct base_timers *timers)
{
    *timers = (struct base_timers){0};
}

void base_timers_dispose(struct base_timers *timers)
{
    for (size_t slot = 1; slot <= timers->count; slot++) {
        timers->heap[slot]->slot = 0;
    }
    base_free(timers->heap);
    base_timers_init(timers);
}

void base_timers_set(struct base_timers *timers, struct base_timer *timer, int64_t at_ns)
{
    timer->at_ns = at_ns;
    if (timer->slot == 0) {
        if (timers->count == timers->capacity) {
            grow(timers);
        }
        sift_up(timers, timer, ++timers->count);
    } else {
        settle(timers, timer, timer->slot);
    }
}

void base_timers_cancel(struct base_timers *timers, struct base_timer *timer)
{
    size_t slot = timer->slot;
    if (slot == 0) {
        return;
    }
    timer->slot = 0;
    struct base_timer *last = timers->heap[timers->count--];
    if (last != timer) {
        settle(timers, last, slot);
    }
}

int64_t base_timers_next_ns(const struct base_timers *timers)
{
    return timers->count == 0 ? BASE_NEVER_NS : timers->heap[1]->at_ns;
}

void base_timers_run(struct base_timers *timers, int64_t now_ns)
{
    while (timers->count > 0 && timers->heap[1]->at_ns <= now_ns) {
        struct base_timer *due = timers->heap[1];
        base_timers_cancel(timers, due);
        due->on_timer(due);
    }
}
