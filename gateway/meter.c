/* Requests are counted in two slots, for even and odd days, so that those of either side of
 * midnight are told apart. A meter that has something to write down puts itself on a list, once,
 * and holds a reference of its own while it is there: the thread that flushes looks at no others.
 */
#include "gateway/meter.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#include <assert.h>

#define SLOTS_MIN 64

struct named_bucket {
    struct named_bucket *next;
    struct gw_token_bucket bucket;
    char name[];
};

/* The flushing thread's notes on a meter. */
struct ledger {
    struct gw_meter *next; /* of those it looks at */
    struct {
        int64_t day;
        int64_t count; /* taken from the slot, not yet written down */
    } days[2];
    uint64_t held; /* the block as it was a flush ago */
    int idle_flushes;
    struct gw_quota_term term;  /* the quota's a flush ago; start_s 0 without one */
    struct gw_quota_term stale; /* one before it whose counter is still there; likewise */
};

struct gw_meter {
    /* What a request looks at comes first, so that it is in as few cache lines as can be. */
    struct gw_token_bucket bucket; /* the plan's own */
    _Atomic int64_t used[2];       /* by the parity of the day */
    atomic_bool is_listed;
    struct gw_quota quota;

    struct gw_meters *meters;
    struct gw_meter *next; /* in its slot of the table */
    uint64_t hash;
    atomic_uint refs;
    struct gw_quota_owner owner;
    struct named_bucket *buckets; /* under the meters' lock */
    struct gw_meter *next_listed;
    struct ledger ledger;
};

struct gw_meters {
    struct gw_quota_source *source;
    _Atomic(struct gw_meter *) listed; /* since the last flush */
    struct gw_meter *active;           /* the flushing thread's */
    pthread_mutex_t lock;              /* of what follows */
    struct gw_meter **slots;           /* a power of two */
    size_t slot_count;
    size_t count;
};

/* ---- The table ---- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    /* Ids are the server's own. The NUL keeps "a", "bc" and "ab", "c" apart. */
    return base_hash_add(hash, text, strlen(text) + 1);
}

static struct gw_meter **slot_of(struct gw_meters *meters, uint64_t hash)
{
    return &meters->slots[base_hash_fold(hash) & (meters->slot_count - 1)];
}

static void grow(struct gw_meters *meters)
{
    struct gw_meter **slots = meters->slots;
    size_t count = meters->slot_count;
    meters->slot_count = count == 0 ? SLOTS_MIN : 2 * count;
    meters->slots = base_calloc(meters->slot_count, sizeof(struct gw_meter *));
    for (size_t i = 0; i < count; i++) {
        for (struct gw_meter *meter = slots[i], *next; meter != NULL; meter = next) {
            struct gw_meter **slot = slot_of(meters, meter->hash);
            next = meter->next;
            meter->next = *slot;
            *slot = meter;
        }
    }
    base_free(slots);
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(base_alloc(size), text, size);
}

static struct gw_meter *meter_create(struct gw_meters *meters, const char *plan_id,
                                     const char *key_id, uint64_t hash)
{
    struct gw_meter *meter = base_calloc(1, sizeof *meter);
    meter->meters = meters;
    meter->hash = hash;
    meter->owner = (struct gw_quota_owner){copy_text(plan_id), copy_text(key_id)};
    gw_quota_init(&meter->quota, meter->owner, meters->source);
    return meter;
}

static void meter_destroy(struct gw_meter *meter)
{
    for (struct named_bucket *bucket = meter->buckets, *next; bucket != NULL; bucket = next) {
        next = bucket->next;
        base_free(bucket);
    }
    gw_quota_dispose(&meter->quota);
    base_free((void *)(uintptr_t)meter->owner.plan_id);
    base_free((void *)(uintptr_t)meter->owner.key_id);
    base_free(meter);
}

/* Under the lock. */
static struct gw_meter *find_or_make(struct gw_meters *meters, const char *plan_id,
                                     const char *key_id)
{
    uint64_t hash = hash_text(hash_text(BASE_HASH_START, plan_id), key_id);
    struct gw_meter *meter = *slot_of(meters, hash);
    while (meter != NULL && !(meter->hash == hash && strcmp(meter->owner.plan_id, plan_id) == 0 &&
                              strcmp(meter->owner.key_id, key_id) == 0)) {
        meter = meter->next;
    }
    if (meter != NULL) {
        return meter;
    }
    if (meters->count++ == meters->slot_count) {
        grow(meters);
    }
    meter = meter_create(meters, plan_id, key_id, hash);
    meter->next = *slot_of(meters, hash);
    *slot_of(meters, hash) = meter;
    return meter;
}

/* Under the lock. */
static void take_out(struct gw_meter *meter)
{
    struct gw_meter **at = slot_of(meter->meters, meter->hash);
    while (*at != meter) {
        at = &(*at)->next;
    }
    *at = meter->next;
    meter->meters->count--;
}

struct gw_meters *gw_meters_create(struct gw_quota_source *source)
{
    struct gw_meters *meters = base_calloc(1, sizeof *meters);
    meters->source = source;
    pthread_mutex_init(&meters->lock, NULL);
    grow(meters);
    return meters;
}

/* The meters of a list that is linked by next_listed (or, of those it looks at, by its ledger). */
static void drop_listed(struct gw_meter *list)
{
    for (struct gw_meter *meter = list, *next; meter != NULL; meter = next) {
        next = meter->next_listed;
        gw_meter_unref(meter);
    }
}

static void drop_active(struct gw_meter *list)
{
    for (struct gw_meter *meter = list, *next; meter != NULL; meter = next) {
        next = meter->ledger.next;
        gw_meter_unref(meter);
    }
}

void gw_meters_destroy(struct gw_meters *meters)
{
    if (meters == NULL) {
        return;
    }
    drop_listed(atomic_exchange(&meters->listed, NULL));
    drop_active(meters->active);
    assert(meters->count == 0);
    pthread_mutex_destroy(&meters->lock);
    base_free(meters->slots);
    base_free(meters);
}

struct gw_meter *gw_meters_get(struct gw_meters *meters, const char *plan_id, const char *key_id)
{
    pthread_mutex_lock(&meters->lock);
    struct gw_meter *meter = find_or_make(meters, plan_id, key_id);
    atomic_fetch_add(&meter->refs, 1);
    pthread_mutex_unlock(&meters->lock);
    return meter;
}

/* The last reference goes under the lock, or another thread could find the meter meanwhile. */
void gw_meter_unref(struct gw_meter *meter)
{
    struct gw_meters *meters = meter->meters;
    pthread_mutex_lock(&meters->lock);
    bool is_last = atomic_fetch_sub(&meter->refs, 1) == 1;
    if (is_last) {
        take_out(meter);
    }
    pthread_mutex_unlock(&meters->lock);
    if (is_last) {
        meter_destroy(meter);
    }
}

struct gw_token_bucket *gw_meter_bucket(struct gw_meter *meter, const char *name)
{
    if (name[0] == '\0') {
        return &meter->bucket;
    }
    pthread_mutex_lock(&meter->meters->lock);
    struct named_bucket *bucket = meter->buckets;
    while (bucket != NULL && strcmp(bucket->name, name) != 0) {
        bucket = bucket->next;
    }
    if (bucket == NULL) {
        size_t size = strlen(name) + 1;
        bucket = base_calloc(1, sizeof *bucket + size);
        memcpy(bucket->name, name, size);
        bucket->next = meter->buckets;
        meter->buckets = bucket;
    }
    pthread_mutex_unlock(&meter->meters->lock);
    return &bucket->bucket;
}

struct gw_quota *gw_meter_quota(struct gw_meter *meter)
{
    return &meter->quota;
}

/* ---- Counting ---- */

static void list(struct gw_meter *meter)
{
    struct gw_meters *meters = meter->meters;
    struct gw_meter *head = atomic_load(&meters->listed);
    atomic_fetch_add(&meter->refs, 1);
    do {
        meter->next_listed = head;
    } while (!atomic_compare_exchange_weak(&meters->listed, &head, meter));
}

static void list_once(struct gw_meter *meter)
{
    if (!atomic_load(&meter->is_listed) && !atomic_exchange(&meter->is_listed, true)) {
        list(meter);
    }
}

/* The addition comes before the look at is_listed, and where a meter is dropped its end comes
 * before the look at the slots: so one of the two sees the other. */
void gw_meter_count(struct gw_meter *meter, int64_t now_s)
{
    atomic_fetch_add(&meter->used[now_s / BASE_SECONDS_PER_DAY & 1], 1);
    list_once(meter);
}

void gw_meter_put_back(struct gw_meter *meter, const struct gw_quota_term *term)
{
    gw_quota_put_back(&meter->quota, term);
    list_once(meter);
}

/* ---- Writing down ---- */

/* Moves a slot's count into the ledger, and from there to the sink. */
static void write_day(struct gw_meter *meter, struct gw_usage_sink *sink, int64_t day)
{
    size_t slot = (size_t)(day & 1);
    int64_t used = atomic_exchange(&meter->used[slot], 0);
    if (meter->ledger.days[slot].count == 0) {
        meter->ledger.days[slot].day = day;
    }
    meter->ledger.days[slot].count += used;
    int64_t count = meter->ledger.days[slot].count;
    if (count > 0 && sink->add(sink, meter->owner, meter->ledger.days[slot].day, count)) {
        meter->ledger.days[slot].count = 0;
    }
}

/* The other slot is yesterday's; in the second half of the day it has been empty for long, and
 * what comes there is tomorrow's already, by a clock read a moment later. */
static void write_days(struct gw_meter *meter, struct gw_usage_sink *sink, int64_t now_s)
{
    int64_t today = now_s / BASE_SECONDS_PER_DAY;
    if (now_s % BASE_SECONDS_PER_DAY < BASE_SECONDS_PER_DAY / 2) {
        write_day(meter, sink, today - 1);
    }
    write_day(meter, sink, today);
}

static bool is_over(const struct gw_quota_term *term, int64_t now_s)
{
    return now_s >= base_period_end(term->period, term->start_s) + GW_METER_GRACE_S;
}

static void forget_if_over(struct gw_meter *meter, struct gw_usage_sink *sink,
                           struct gw_quota_term *term, int64_t now_s)
{
    if (term->start_s != 0 && is_over(term, now_s)) {
        sink->forget(sink, meter->owner, term);
        *term = (struct gw_quota_term){0};
    }
}

static bool is_same_term(const struct gw_quota_term *a, const struct gw_quota_term *b)
{
    return a->start_s == b->start_s && a->period.unit == b->period.unit;
}

static void follow_terms(struct gw_meter *meter, struct gw_usage_sink *sink, int64_t now_s)
{
    struct ledger *ledger = &meter->ledger;
    struct gw_quota_term term = gw_quota_term(&meter->quota);
    if (term.start_s != 0 && !is_over(&term, now_s) && !is_same_term(&term, &ledger->term)) {
        forget_if_over(meter, sink, &ledger->stale, now_s);
        ledger->stale = ledger->term;
        ledger->term = term;
    }
    forget_if_over(meter, sink, &ledger->stale, now_s);
    forget_if_over(meter, sink, &ledger->term, now_s);
}

static void give_back(struct gw_meter *meter, struct gw_usage_sink *sink, int64_t now_s)
{
    struct gw_quota_term term;
    int64_t count = gw_quota_empty(&meter->quota, &term);
    if (count > 0 && !is_over(&term, now_s)) {
        sink->release(sink, meter->owner, &term, count);
    }
}

static void watch_block(struct gw_meter *meter, struct gw_usage_sink *sink, int64_t now_s,
                        bool is_last)
{
    struct ledger *ledger = &meter->ledger;
    uint64_t held = atomic_load(&meter->quota.held);
    ledger->idle_flushes = held == ledger->held ? ledger->idle_flushes + 1 : 0;
    ledger->held = held;
    if (is_last || ledger->idle_flushes == GW_METER_IDLE_FLUSHES) {
        give_back(meter, sink, now_s);
    }
}

/* Who takes from a block is counted, so a meter whose reservation was begun ahead is looked at, and
 * is held by that until the reservation has been answered. */
static bool has_more(struct gw_meter *meter)
{
    const struct ledger *ledger = &meter->ledger;
    return gw_quota_is_reserving(&meter->quota) || atomic_load(&meter->used[0]) != 0 ||
           atomic_load(&meter->used[1]) != 0 || ledger->days[0].count != 0 ||
           ledger->days[1].count != 0 || ledger->term.start_s != 0 || ledger->stale.start_s != 0;
}

/* Whether it is still to be looked at. Where it has been counted meanwhile it is on the list of
 * those that come in, by a reference of its own. */
static bool stays(struct gw_meter *meter)
{
    if (has_more(meter)) {
        return true;
    }
    atomic_store(&meter->is_listed, false);
    return has_more(meter) && !atomic_exchange(&meter->is_listed, true);
}

static void take_listed(struct gw_meters *meters)
{
    for (struct gw_meter *meter = atomic_exchange(&meters->listed, NULL), *next; meter != NULL;
         meter = next) {
        next = meter->next_listed;
        meter->ledger.next = meters->active;
        meters->active = meter;
    }
}

void gw_meters_flush(struct gw_meters *meters, struct gw_usage_sink *sink, int64_t now_s,
                     bool is_last)
{
    take_listed(meters);
    struct gw_meter **at = &meters->active;
    while (*at != NULL) {
        struct gw_meter *meter = *at;
        write_days(meter, sink, now_s);
        follow_terms(meter, sink, now_s);
        watch_block(meter, sink, now_s, is_last);
        if (stays(meter)) {
            at = &meter->ledger.next;
        } else {
            *at = meter->ledger.next;
            gw_meter_unref(meter);
        }
    }
}
