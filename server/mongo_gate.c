/* One lock, and a condition a kind, so that a slot that comes free wakes one who can use it. Free
 * slots are a stack: the connections that worked last work next, and those beyond the load stay
 * idle or are never made. */
#include "server/mongo_gate.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>

struct srv_mongo_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed[SRV_MONGO_KIND_COUNT]; /* on the monotonic clock */
    size_t *free_slots;
    size_t free_count;
    size_t slot_count;
    size_t waiting;
    size_t waiting_max;
    int64_t patience_ns;
    bool is_reachable[SRV_MONGO_KIND_COUNT];
    int64_t lost_ns[SRV_MONGO_KIND_COUNT]; /* since when it is not */
};

struct srv_mongo_gate *srv_mongo_gate_create(size_t slot_count, size_t waiting_max,
                                             int64_t patience_ms)
{
    struct srv_mongo_gate *gate = base_calloc(1, sizeof *gate);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (int kind = 0; kind < SRV_MONGO_KIND_COUNT; kind++) {
        pthread_cond_init(&gate->changed[kind], &monotonic);
        gate->lost_ns[kind] = base_clock_monotonic_ns();
    }
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&gate->lock, NULL);
    gate->free_slots = base_calloc(slot_count, sizeof *gate->free_slots);
    for (size_t i = 0; i < slot_count; i++) {
        gate->free_slots[i] = slot_count - 1 - i;
    }
    gate->slot_count = slot_count;
    gate->free_count = slot_count;
    gate->waiting_max = waiting_max;
    gate->patience_ns = patience_ms * BASE_NS_PER_MS;
    return gate;
}

void srv_mongo_gate_destroy(struct srv_mongo_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    assert(gate->free_count == gate->slot_count && gate->waiting == 0);
    for (int kind = 0; kind < SRV_MONGO_KIND_COUNT; kind++) {
        pthread_cond_destroy(&gate->changed[kind]);
    }
    pthread_mutex_destroy(&gate->lock);
    base_free(gate->free_slots);
    base_free(gate);
}

void srv_mongo_gate_set_reachable(struct srv_mongo_gate *gate, enum srv_mongo_kind kind,
                                  bool is_reachable)
{
    pthread_mutex_lock(&gate->lock);
    if (gate->is_reachable[kind] && !is_reachable) {
        gate->lost_ns[kind] = base_clock_monotonic_ns();
    }
    gate->is_reachable[kind] = is_reachable;
    pthread_cond_broadcast(&gate->changed[kind]);
    pthread_mutex_unlock(&gate->lock);
}

/* When a call that arrives now stops waiting. */
static int64_t end_of_patience(const struct srv_mongo_gate *gate, int64_t deadline_ns)
{
    int64_t now = base_clock_monotonic_ns();
    int64_t own = deadline_ns < now ? 0 : (deadline_ns - now) / 4 * 3;
    return now + (own < gate->patience_ns ? own : gate->patience_ns);
}

static bool may_enter(const struct srv_mongo_gate *gate, enum srv_mongo_kind kind)
{
    return gate->is_reachable[kind] && gate->free_count > 0;
}

/* When one who waits until `until_ns` gives up: earlier, when the database has then been gone for
 * longer than anybody waits. */
static int64_t give_up_ns(const struct srv_mongo_gate *gate, enum srv_mongo_kind kind,
                          int64_t until_ns)
{
    int64_t hopeless_ns = gate->lost_ns[kind] + gate->patience_ns;
    return gate->is_reachable[kind] || until_ns < hopeless_ns ? until_ns : hopeless_ns;
}

/* Waits, with the lock held, until it may enter or has to give up. */
static void wait_to_enter(struct srv_mongo_gate *gate, enum srv_mongo_kind kind, int64_t until_ns)
{
    gate->waiting++;
    while (!may_enter(gate, kind)) {
        int64_t end_ns = give_up_ns(gate, kind, until_ns);
        if (base_clock_monotonic_ns() >= end_ns) {
            break;
        }
        struct timespec end = {.tv_sec = end_ns / BASE_NS_PER_S, .tv_nsec = end_ns % BASE_NS_PER_S};
        pthread_cond_timedwait(&gate->changed[kind], &gate->lock, &end);
    }
    gate->waiting--;
}

bool srv_mongo_gate_enter(struct srv_mongo_gate *gate, enum srv_mongo_kind kind,
                          int64_t deadline_ns, size_t *out_slot, struct base_err *err)
{
    pthread_mutex_lock(&gate->lock);
    if (!may_enter(gate, kind) && gate->waiting < gate->waiting_max) {
        wait_to_enter(gate, kind, end_of_patience(gate, deadline_ns));
    }
    bool is_reachable = gate->is_reachable[kind];
    bool entered = may_enter(gate, kind);
    if (entered) {
        *out_slot = gate->free_slots[--gate->free_count];
    }
    pthread_mutex_unlock(&gate->lock);
    return entered || base_err_set(err, BASE_UNAVAILABLE, "%s",
                                   is_reachable ? "all connections to the database are busy"
                                                : "the database cannot be reached");
}

void srv_mongo_gate_leave(struct srv_mongo_gate *gate, size_t slot)
{
    pthread_mutex_lock(&gate->lock);
    assert(slot < gate->slot_count && gate->free_count < gate->slot_count);
    gate->free_slots[gate->free_count++] = slot;
    for (int kind = 0; kind < SRV_MONGO_KIND_COUNT; kind++) {
        pthread_cond_signal(&gate->changed[kind]);
    }
    pthread_mutex_unlock(&gate->lock);
}
