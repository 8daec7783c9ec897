/* The block is one word, so that the number and the period it counts in change together: 29 bits of
 * minutes since 1970 and 3 of the period's unit above 32 of requests left. A request of another
 * period sees another tag, and so an empty block. */
#include "gateway/quota.h"

#include "base/clock.h"

#include <assert.h>

#define REQUESTS_BITS 32
#define REQUESTS_MASK UINT64_C(0xffffffff)
#define LONG_BLOCK_NS (5 * GW_QUOTA_BLOCK_NS)

static uint64_t tag_of(const struct gw_quota_term *term)
{
    uint64_t minutes = (uint64_t)(term->start_s / 60) & ((UINT64_C(1) << 29) - 1);
    return (minutes << 3 | (uint64_t)term->period.unit) << REQUESTS_BITS;
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void gw_quota_init(struct gw_quota *quota, struct gw_quota_owner owner,
                   struct gw_quota_source *source)
{
    *quota = (struct gw_quota){.source = source, .size = GW_QUOTA_BLOCK_MIN};
    quota->reservation = (struct gw_quota_reservation){.owner = owner, .quota = quota};
    quota->last = &quota->first;
    atomic_init(&quota->low, -1);
    pthread_mutex_init(&quota->lock, NULL);
}

void gw_quota_dispose(struct gw_quota *quota)
{
    assert(!quota->is_reserving);
    pthread_mutex_destroy(&quota->lock);
}

/* ---- The block ---- */

/* Gives what is left of the block. */
static bool take_held(struct gw_quota *quota, uint64_t tag, int64_t *out_held)
{
    uint64_t held = atomic_load_explicit(&quota->held, memory_order_acquire);
    do {
        if ((held & ~REQUESTS_MASK) != tag || (held & REQUESTS_MASK) == 0) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&quota->held, &held, held - 1,
                                                    memory_order_acq_rel, memory_order_acquire));
    *out_held = (int64_t)((held - 1) & REQUESTS_MASK);
    return true;
}

/* Adds to the block of `tag`; where `replaces`, a block of another term makes way. */
static void add_held(struct gw_quota *quota, uint64_t tag, int64_t count, bool replaces)
{
    uint64_t held = atomic_load_explicit(&quota->held, memory_order_acquire);
    uint64_t next;
    do {
        bool is_same = (held & ~REQUESTS_MASK) == tag;
        if (!is_same && !replaces) {
            return;
        }
        next = (is_same ? held : tag) + (uint64_t)count;
    } while (!atomic_compare_exchange_weak_explicit(&quota->held, &held, next, memory_order_acq_rel,
                                                    memory_order_acquire));
}

void gw_quota_put_back(struct gw_quota *quota, const struct gw_quota_term *term)
{
    add_held(quota, tag_of(term), 1, false);
}

int64_t gw_quota_left(struct gw_quota *quota, const struct gw_quota_term *term)
{
    uint64_t held = atomic_load_explicit(&quota->held, memory_order_relaxed);
    if ((held & ~REQUESTS_MASK) != tag_of(term)) {
        return term->limit;
    }
    return (int64_t)(held & REQUESTS_MASK) +
           atomic_load_explicit(&quota->left, memory_order_relaxed);
}

int64_t gw_quota_empty(struct gw_quota *quota, struct gw_quota_term *out_term)
{
    pthread_mutex_lock(&quota->lock);
    uint64_t held = atomic_fetch_and_explicit(&quota->held, ~REQUESTS_MASK, memory_order_acq_rel);
    *out_term = quota->term;
    bool is_current = (held & ~REQUESTS_MASK) == tag_of(&quota->term);
    pthread_mutex_unlock(&quota->lock);
    return is_current ? (int64_t)(held & REQUESTS_MASK) : 0;
}

struct gw_quota_term gw_quota_term(struct gw_quota *quota)
{
    pthread_mutex_lock(&quota->lock);
    struct gw_quota_term term = quota->term;
    pthread_mutex_unlock(&quota->lock);
    return term;
}

bool gw_quota_is_reserving(struct gw_quota *quota)
{
    pthread_mutex_lock(&quota->lock);
    bool is_reserving = quota->is_reserving;
    pthread_mutex_unlock(&quota->lock);
    return is_reserving;
}

/* ---- Reserving ---- */

/* Under the lock. */
static void choose_size(struct gw_quota *quota, const struct gw_quota_term *term, int64_t now_ns)
{
    bool is_same_term = tag_of(&quota->term) == tag_of(term);
    int64_t lasted_ns = now_ns - quota->reserved_ns;
    if (lasted_ns < GW_QUOTA_BLOCK_NS) {
        quota->size = min_of(quota->size * 2, GW_QUOTA_BLOCK_MAX);
    } else if (lasted_ns > LONG_BLOCK_NS && quota->size > GW_QUOTA_BLOCK_MIN) {
        quota->size /= 2;
    }
    int64_t left = is_same_term ? atomic_load(&quota->left) : term->limit;
    int64_t most = left / GW_QUOTA_SHARE;
    int64_t want = min_of(quota->size, most);
    quota->reservation.want = want < 1 ? 1 : want;
}

/* Under the lock; the caller starts the source after it. */
static void prepare(struct gw_quota *quota, const struct gw_quota_term *term, int64_t now_ns)
{
    choose_size(quota, term, now_ns);
    quota->is_reserving = true;
    quota->term = *term;
    quota->reservation.term = *term;
}

/* The block is nearly used up: reserves what makes it a whole one again. */
static void reserve_ahead(struct gw_quota *quota, const struct gw_quota_term *term, int64_t held,
                          int64_t now_ns)
{
    pthread_mutex_lock(&quota->lock);
    bool starts = !quota->is_reserving && tag_of(&quota->term) == tag_of(term) &&
                  atomic_load(&quota->left) > 0;
    if (starts) {
        prepare(quota, term, now_ns);
        int64_t want = quota->reservation.want - held;
        quota->reservation.want = want < 1 ? 1 : want;
    }
    pthread_mutex_unlock(&quota->lock);
    if (starts) {
        quota->source->reserve(quota->source, &quota->reservation);
    }
}

static void wait(struct gw_quota *quota, const struct gw_quota_term *term,
                 struct gw_quota_waiter *waiter)
{
    waiter->next = NULL;
    waiter->term = *term;
    waiter->outcome = GW_QUOTA_WAITING;
    *quota->last = waiter;
    quota->last = &waiter->next;
    quota->waiting++;
}

/* What an empty block answers without asking. */
static bool is_known(struct gw_quota *quota, uint64_t tag, int64_t now_ns,
                     enum gw_quota_outcome *out)
{
    if (now_ns >= atomic_load_explicit(&quota->retry_at_ns, memory_order_acquire)) {
        return false;
    }
    uint64_t held = atomic_load_explicit(&quota->held, memory_order_acquire);
    *out = (enum gw_quota_outcome)atomic_load_explicit(&quota->answer, memory_order_relaxed);
    return (held & ~REQUESTS_MASK) == tag || *out == GW_QUOTA_UNKNOWN;
}

/* Under the lock. */
static enum gw_quota_outcome ask(struct gw_quota *quota, const struct gw_quota_term *term,
                                 int64_t now_ns, struct gw_quota_waiter *waiter, bool *out_starts)
{
    enum gw_quota_outcome known;
    *out_starts = false;
    /* Others may have been answered since this request looked. */
    int64_t held;
    if (take_held(quota, tag_of(term), &held)) {
        return GW_QUOTA_GRANTED;
    }
    if (is_known(quota, tag_of(term), now_ns, &known)) {
        return known;
    }
    if (quota->waiting == GW_QUOTA_WAITERS_MAX) {
        return GW_QUOTA_UNKNOWN;
    }
    wait(quota, term, waiter);
    *out_starts = !quota->is_reserving;
    if (*out_starts) {
        prepare(quota, term, now_ns);
    }
    return GW_QUOTA_WAITING;
}

enum gw_quota_outcome gw_quota_take(struct gw_quota *quota, const struct gw_quota_term *term,
                                    int64_t now_ns, struct gw_quota_waiter *waiter)
{
    enum gw_quota_outcome outcome;
    int64_t held;
    if (take_held(quota, tag_of(term), &held)) {
        if (held == atomic_load_explicit(&quota->low, memory_order_relaxed)) {
            reserve_ahead(quota, term, held, now_ns);
        }
        return GW_QUOTA_GRANTED;
    }
    if (is_known(quota, tag_of(term), now_ns, &outcome)) {
        return outcome;
    }
    bool starts;
    pthread_mutex_lock(&quota->lock);
    outcome = ask(quota, term, now_ns, waiter, &starts);
    pthread_mutex_unlock(&quota->lock);
    if (starts) {
        quota->source->reserve(quota->source, &quota->reservation);
    }
    return outcome;
}

/* ---- What came of it ---- */

/* Under the lock: takes the waiters that `outcome` answers, at most `count`, off the queue: those
 * of `term`, or all. Who waits for another period, since it began meanwhile, waits on. */
static struct gw_quota_waiter *answered(struct gw_quota *quota, const struct gw_quota_term *term,
                                        enum gw_quota_outcome outcome, int64_t count)
{
    struct gw_quota_waiter *list = NULL;
    struct gw_quota_waiter **end = &list;
    struct gw_quota_waiter **at = &quota->first;
    while (*at != NULL) {
        struct gw_quota_waiter *waiter = *at;
        if (count == 0 || (term != NULL && tag_of(&waiter->term) != tag_of(term))) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        waiter->next = NULL;
        waiter->outcome = outcome;
        *end = waiter;
        end = &waiter->next;
        quota->waiting--;
        count--;
    }
    quota->last = at;
    return list;
}

/* A waiter is its owner's again as soon as its mail is posted. */
static void post(struct gw_quota_waiter *list)
{
    while (list != NULL) {
        struct gw_quota_waiter *next = list->next;
        base_mailbox_post(list->home, &list->mail);
        list = next;
    }
}

static void remember(struct gw_quota *quota, enum gw_quota_outcome answer, int64_t now_ns)
{
    atomic_store_explicit(&quota->answer, (int)answer, memory_order_relaxed);
    atomic_store_explicit(&quota->retry_at_ns, now_ns + GW_QUOTA_RETRY_NS, memory_order_release);
}

/* Under the lock: to those that wait, the rest into the block. Returns who was granted. */
static struct gw_quota_waiter *distribute(struct gw_quota *quota, int64_t granted, int64_t left,
                                          struct gw_quota_waiter **out_refused, int64_t now_ns)
{
    size_t before = quota->waiting;
    struct gw_quota_waiter *served = answered(quota, &quota->term, GW_QUOTA_GRANTED, granted);
    int64_t to_waiters = (int64_t)(before - quota->waiting);
    atomic_store(&quota->left, left);
    add_held(quota, tag_of(&quota->term), granted - to_waiters, true);
    int64_t held = (int64_t)(atomic_load(&quota->held) & REQUESTS_MASK);
    atomic_store(&quota->low, held < GW_QUOTA_BLOCK_MIN ? -1 : held / 4);
    quota->reserved_ns = now_ns;
    *out_refused = NULL;
    if (left == 0) {
        remember(quota, GW_QUOTA_USED_UP, now_ns);
        *out_refused = answered(quota, &quota->term, GW_QUOTA_USED_UP, INT64_MAX);
    }
    return served;
}

void gw_quota_reserved(struct gw_quota_reservation *reservation, bool is_answered, int64_t granted,
                       int64_t left)
{
    struct gw_quota *quota = reservation->quota;
    struct gw_quota_waiter *served = NULL;
    struct gw_quota_waiter *others;
    int64_t now_ns = base_clock_monotonic_ns();
    pthread_mutex_lock(&quota->lock);
    quota->is_reserving = false;
    if (is_answered) {
        served = distribute(quota, granted, left, &others, now_ns);
    } else {
        remember(quota, GW_QUOTA_UNKNOWN, now_ns);
        others = answered(quota, NULL, GW_QUOTA_UNKNOWN, INT64_MAX);
    }
    bool goes_on = quota->first != NULL;
    if (goes_on) {
        prepare(quota, &quota->first->term, now_ns);
    }
    pthread_mutex_unlock(&quota->lock);
    if (goes_on) {
        quota->source->reserve(quota->source, reservation);
    }
    post(served);
    post(others);
}
