#include "cli/limits.h"

#include "base/log.h"
#include "base/thread.h"

#include <time.h>

/* ---- Snapshots ---- */

/* On the watch's thread. */
static void publish(struct cli_limits *limits, struct gw_access *access)
{
    pthread_mutex_lock(&limits->lock);
    struct gw_access *oldest = limits->previous;
    limits->previous = limits->current;
    limits->current = access;
    if (limits->front != NULL) {
        gw_front_set_access(limits->front, access);
    }
    pthread_mutex_unlock(&limits->lock);
    gw_access_unref(oldest);
}

static void on_access(struct srv_access_listener *self, const struct srv_access_list *list)
{
    struct cli_limits *limits =
        (struct cli_limits *)(void *)((char *)self - offsetof(struct cli_limits, listener));
    struct gw_access_config config = {
        .keys = (const Tollgate__ApiKey *const *)list->keys,
        .key_count = list->key_count,
        .plans = (const Tollgate__UsagePlan *const *)list->plans,
        .plan_count = list->plan_count,
        .hash_key = limits->access->ring.hash_key,
        .stages = limits->policy.stages,
        .meters = limits->meters,
    };
    struct base_err err;
    struct gw_access *access = gw_access_create(&config, &err);
    if (access == NULL) {
        base_log(BASE_LOG_ERROR, "keys and plans stay as they were", "reason", err.message, NULL);
        return;
    }
    publish(limits, access);
}

/* ---- Writing down ---- */

static void flush(struct cli_limits *limits, bool is_last)
{
    int64_t now_s = base_clock_system.unix_ns(&base_clock_system) / BASE_NS_PER_S;
    gw_meters_flush(limits->meters, &limits->quota.sink, now_s, is_last);
}

static struct timespec next_flush(void)
{
    int64_t at_ns = base_clock_monotonic_ns() + CLI_LIMITS_FLUSH_MS * BASE_NS_PER_MS;
    return (struct timespec){.tv_sec = at_ns / BASE_NS_PER_S, .tv_nsec = at_ns % BASE_NS_PER_S};
}

static void *run_flusher(void *argument)
{
    struct cli_limits *limits = argument;
    base_role_enter(BASE_ROLE_WORKER);
    bool is_last;
    do {
        struct timespec until = next_flush();
        pthread_mutex_lock(&limits->lock);
        while (!limits->is_closing &&
               pthread_cond_timedwait(&limits->closing, &limits->lock, &until) == 0) {
        }
        is_last = limits->is_closing;
        pthread_mutex_unlock(&limits->lock);
        flush(limits, is_last);
    } while (!is_last);
    return NULL;
}

/* ---- Life ---- */

static void init_locks(struct cli_limits *limits)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&limits->closing, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&limits->lock, NULL);
}

static void dispose(struct cli_limits *limits)
{
    gw_access_unref(limits->current);
    gw_access_unref(limits->previous);
    gw_meters_destroy(limits->meters);
    limits->meters = NULL;
    pthread_cond_destroy(&limits->closing);
    pthread_mutex_destroy(&limits->lock);
}

bool cli_limits_open(struct cli_limits *limits, struct srv_access *access,
                     struct rpc_worker_pool *pool, struct base_err *err)
{
    init_locks(limits);
    cli_quota_init(&limits->quota, access->store, pool);
    limits->meters = gw_meters_create(&limits->quota.source);
    limits->access = access;
    limits->listener.on_access = on_access;
    limits->watch = srv_access_watch_open(access, &limits->listener, err);
    if (limits->watch == NULL) {
        dispose(limits);
        return false;
    }
    base_thread_start(&limits->flusher, run_flusher, limits);
    return true;
}

struct gw_access *cli_limits_take(struct cli_limits *limits)
{
    struct gw_access *access = NULL;
    if (limits->meters != NULL) {
        pthread_mutex_lock(&limits->lock);
        access = limits->current == NULL ? NULL : gw_access_ref(limits->current);
        pthread_mutex_unlock(&limits->lock);
    }
    return access;
}

void cli_limits_attach(struct cli_limits *limits, struct gw_front *front)
{
    if (limits->meters == NULL) {
        return;
    }
    pthread_mutex_lock(&limits->lock);
    limits->front = front;
    if (limits->current != NULL) {
        gw_front_set_access(front, limits->current);
    }
    pthread_mutex_unlock(&limits->lock);
}

void cli_limits_detach(struct cli_limits *limits)
{
    if (limits->meters != NULL) {
        pthread_mutex_lock(&limits->lock);
        limits->front = NULL;
        pthread_mutex_unlock(&limits->lock);
    }
}

void cli_limits_close(struct cli_limits *limits)
{
    if (limits->meters == NULL) {
        return;
    }
    srv_access_watch_close(limits->watch);
    cli_quota_settle(&limits->quota);
    pthread_mutex_lock(&limits->lock);
    limits->is_closing = true;
    pthread_cond_signal(&limits->closing);
    pthread_mutex_unlock(&limits->lock);
    pthread_join(limits->flusher, NULL);
    dispose(limits);
}
