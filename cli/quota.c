#include "cli/quota.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/usage.h"

#include <time.h>

struct reserve_job {
    struct rpc_job job;
    struct cli_quota *quota;
    struct gw_quota_reservation *reservation;
};

static struct srv_quota_owner owner_of(struct gw_quota_owner owner)
{
    return (struct srv_quota_owner){base_str_of(owner.plan_id), base_str_of(owner.key_id)};
}

static struct srv_quota_term term_of(const struct gw_quota_term *term)
{
    return (struct srv_quota_term){term->limit, term->period, term->start_s};
}

static void start(struct rpc_context *ctx)
{
    rpc_context_init(ctx);
    ctx->deadline_ns = base_clock_monotonic_ns() + CLI_QUOTA_TIMEOUT_MS * BASE_NS_PER_MS;
}

/* Ends a call on the store; a failure is logged with the key's id, which is no secret. */
static bool finish(struct rpc_context *ctx, bool ok, const char *doing, struct gw_quota_owner owner,
                   const struct base_err *err)
{
    rpc_context_dispose(ctx);
    if (!ok) {
        base_log(BASE_LOG_WARN, doing, "plan", owner.plan_id, "key", owner.key_id, "reason",
                 err->message, NULL);
    }
    return ok;
}

static void run_reserve(struct rpc_job *self)
{
    struct reserve_job *job = (struct reserve_job *)self;
    struct gw_quota_reservation *reservation = job->reservation;
    struct srv_quota_term term = term_of(&reservation->term);
    struct rpc_context ctx;
    struct base_err err;
    int64_t granted = 0;
    int64_t left = 0;
    start(&ctx);
    bool ok = srv_quota_reserve(job->quota->store, &ctx, owner_of(reservation->owner), &term,
                                reservation->want, &granted, &left, &err);
    ok = finish(&ctx, ok, "cannot reserve quota", reservation->owner, &err);
    struct cli_quota *quota = job->quota;
    base_free(job);
    gw_quota_reserved(reservation, ok, granted, left);
    atomic_fetch_sub(&quota->reserving, 1);
}

static void reserve(struct gw_quota_source *self, struct gw_quota_reservation *reservation)
{
    struct cli_quota *quota = (struct cli_quota *)self;
    struct reserve_job *job = base_calloc(1, sizeof *job);
    *job = (struct reserve_job){{.run = run_reserve}, quota, reservation};
    atomic_fetch_add(&quota->reserving, 1);
    if (!rpc_worker_pool_submit(quota->pool, &job->job)) {
        base_free(job);
        gw_quota_reserved(reservation, false, 0, 0);
        atomic_fetch_sub(&quota->reserving, 1);
    }
}

static struct cli_quota *of_sink(struct gw_usage_sink *sink)
{
    return (struct cli_quota *)(void *)((char *)sink - offsetof(struct cli_quota, sink));
}

static bool add(struct gw_usage_sink *self, struct gw_quota_owner owner, int64_t day, int64_t count)
{
    struct rpc_context ctx;
    struct base_err err;
    start(&ctx);
    bool ok = srv_usage_add(of_sink(self)->store, &ctx, owner_of(owner), day, count, &err);
    return finish(&ctx, ok, "cannot write usage", owner, &err);
}

static void release(struct gw_usage_sink *self, struct gw_quota_owner owner,
                    const struct gw_quota_term *term, int64_t count)
{
    struct srv_quota_term of = term_of(term);
    struct rpc_context ctx;
    struct base_err err;
    start(&ctx);
    bool ok = srv_quota_release(of_sink(self)->store, &ctx, owner_of(owner), &of, count, &err);
    finish(&ctx, ok, "cannot give quota back", owner, &err);
}

static void forget(struct gw_usage_sink *self, struct gw_quota_owner owner,
                   const struct gw_quota_term *term)
{
    struct srv_quota_term of = term_of(term);
    struct rpc_context ctx;
    struct base_err err;
    start(&ctx);
    bool ok = srv_quota_forget(of_sink(self)->store, &ctx, owner_of(owner), &of, &err);
    finish(&ctx, ok, "cannot forget a period's quota", owner, &err);
}

void cli_quota_init(struct cli_quota *quota, struct srv_store *store, struct rpc_worker_pool *pool)
{
    *quota = (struct cli_quota){
        .source = {reserve},
        .sink = {.add = add, .release = release, .forget = forget},
        .store = store,
        .pool = pool,
    };
}

void cli_quota_settle(struct cli_quota *quota)
{
    static const struct timespec a_moment = {.tv_nsec = BASE_NS_PER_MS};
    while (atomic_load(&quota->reserving) > 0) {
        nanosleep(&a_moment, NULL);
    }
}
