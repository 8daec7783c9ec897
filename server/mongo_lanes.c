/* A flag and a condition each, rather than a mutex held, so that waiting can end by
 * the deadline. */
#include "server/mongo_lanes.h"

#include "base/hash.h"
#include "base/mem.h"

#include <pthread.h>

/* How long anybody waits: longer than an update that finds its database working. */
#define PATIENCE_NS (5 * BASE_NS_PER_S)

struct lane {
    pthread_mutex_t lock;
    pthread_cond_t left; /* on the monotonic clock */
    bool is_taken;
};

struct srv_mongo_lanes {
    struct lane lanes[SRV_MONGO_LANE_COUNT];
};

struct srv_mongo_lanes *srv_mongo_lanes_create(void)
{
    struct srv_mongo_lanes *lanes = base_calloc(1, sizeof *lanes);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    for (size_t i = 0; i < SRV_MONGO_LANE_COUNT; i++) {
        pthread_mutex_init(&lanes->lanes[i].lock, NULL);
        pthread_cond_init(&lanes->lanes[i].left, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
    return lanes;
}

void srv_mongo_lanes_destroy(struct srv_mongo_lanes *lanes)
{
    for (size_t i = 0; lanes != NULL && i < SRV_MONGO_LANE_COUNT; i++) {
        pthread_cond_destroy(&lanes->lanes[i].left);
        pthread_mutex_destroy(&lanes->lanes[i].lock);
    }
    base_free(lanes);
}

/* By the key alone: that two collections meet on a lane does not matter. */
static int lane_of(struct srv_key key)
{
    bool is_text = key.kind == SRV_KEY_TEXT;
    uint64_t hash =
        base_hash_add(BASE_HASH_START, is_text ? key.text.data : (const void *)&key.number,
                      is_text ? key.text.len : sizeof key.number);
    return (int)(hash % SRV_MONGO_LANE_COUNT);
}

int srv_mongo_lanes_enter(struct srv_mongo_lanes *lanes, struct srv_key key, int64_t deadline_ns)
{
    int number = lane_of(key);
    struct lane *lane = &lanes->lanes[number];
    int64_t patience_ns = base_clock_monotonic_ns() + PATIENCE_NS;
    int64_t end_ns = deadline_ns < patience_ns ? deadline_ns : patience_ns;
    struct timespec end = {.tv_sec = end_ns / BASE_NS_PER_S, .tv_nsec = end_ns % BASE_NS_PER_S};
    pthread_mutex_lock(&lane->lock);
    while (lane->is_taken && base_clock_monotonic_ns() < end_ns) {
        pthread_cond_timedwait(&lane->left, &lane->lock, &end);
    }
    bool taken = !lane->is_taken;
    lane->is_taken = true;
    pthread_mutex_unlock(&lane->lock);
    return taken ? number : -1;
}

void srv_mongo_lanes_leave(struct srv_mongo_lanes *lanes, int lane)
{
    if (lane >= 0) {
        pthread_mutex_lock(&lanes->lanes[lane].lock);
        lanes->lanes[lane].is_taken = false;
        pthread_cond_signal(&lanes->lanes[lane].left);
        pthread_mutex_unlock(&lanes->lanes[lane].lock);
    }
}
