/* One lock for all, two conditions a group: its leader waits for a turn, its members for the
 * answer. Members share the group and never look at each other, so whoever has waited long enough
 * just goes. */
#include "server/read_groups.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

/* Bytes of all text keys of one group: of UUIDs there is room for as many as may be members. */
#define TEXT_BYTES_MAX 4096

enum group_state { GROUP_UNREAD, GROUP_ANSWERED, GROUP_FAILED };

struct srv_read_group {
    struct srv_read_group *next; /* the next younger one that gathers; or the next spare one */
    const struct srv_collection *collection;
    pthread_cond_t got_turn; /* both on the monotonic clock */
    pthread_cond_t was_read;
    size_t users; /* who stay until they leave; the last one frees the answer */
    bool has_turn;
    enum group_state state;
    void *answer;
    size_t count;
    size_t text_len;
    struct srv_key keys[SRV_READ_GROUPS_MEMBERS_MAX];
    char text[TEXT_BYTES_MAX];
};

struct srv_read_groups {
    pthread_mutex_t lock;
    size_t turns_free;
    struct srv_read_group *gathering; /* oldest first */
    struct srv_read_group *spare;
    void (*free_answer)(void *answer);
};

static_assert(TEXT_BYTES_MAX >= SRV_STORE_KEY_BYTES_MAX, "any key fits into a new group");

struct srv_read_groups *srv_read_groups_create(size_t turn_count, void (*free_answer)(void *))
{
    struct srv_read_groups *groups = base_calloc(1, sizeof *groups);
    pthread_mutex_init(&groups->lock, NULL);
    groups->turns_free = turn_count;
    groups->free_answer = free_answer;
    return groups;
}

void srv_read_groups_destroy(struct srv_read_groups *groups)
{
    if (groups == NULL) {
        return;
    }
    assert(groups->gathering == NULL);
    while (groups->spare != NULL) {
        struct srv_read_group *group = groups->spare;
        groups->spare = group->next;
        pthread_cond_destroy(&group->got_turn);
        pthread_cond_destroy(&group->was_read);
        base_free(group);
    }
    pthread_mutex_destroy(&groups->lock);
    base_free(groups);
}

static struct srv_read_group *make_group(void)
{
    struct srv_read_group *group = base_alloc(sizeof *group);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&group->got_turn, &monotonic);
    pthread_cond_init(&group->was_read, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return group;
}

/* Starts a group, the youngest of those that gather. */
static struct srv_read_group *start_group(struct srv_read_groups *groups,
                                          const struct srv_collection *collection)
{
    struct srv_read_group *group = groups->spare;
    if (group != NULL) {
        groups->spare = group->next;
    } else {
        group = make_group();
    }
    group->next = NULL;
    group->collection = collection;
    group->users = 0;
    group->has_turn = false;
    group->state = GROUP_UNREAD;
    group->answer = NULL;
    group->count = 0;
    group->text_len = 0;
    struct srv_read_group **link = &groups->gathering;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = group;
    return group;
}

/* Ends the gathering: from here on the group's keys are its leader's to read. */
static void close_group(struct srv_read_groups *groups, struct srv_read_group *group)
{
    struct srv_read_group **link = &groups->gathering;
    while (*link != group) {
        link = &(*link)->next;
    }
    *link = group->next;
}

static bool has_room(const struct srv_read_group *group, struct srv_key key)
{
    return group->count < SRV_READ_GROUPS_MEMBERS_MAX &&
           (key.kind == SRV_KEY_NUMBER || group->text_len + key.text.len <= TEXT_BYTES_MAX);
}

static struct srv_read_group *find_group(const struct srv_read_groups *groups,
                                         const struct srv_collection *collection,
                                         struct srv_key key)
{
    struct srv_read_group *group = groups->gathering;
    while (group != NULL && (group->collection != collection || !has_room(group, key))) {
        group = group->next;
    }
    return group;
}

static void join(struct srv_read_group *group, struct srv_key key)
{
    if (key.kind == SRV_KEY_TEXT) {
        char *copy = group->text + group->text_len;
        memcpy(copy, key.text.data, key.text.len);
        group->text_len += key.text.len;
        key.text.data = copy;
    }
    group->keys[group->count++] = key;
    group->users++;
}

/* Gives back one use of the group; what is to be freed once the lock is open, or NULL. */
static void *leave_group(struct srv_read_groups *groups, struct srv_read_group *group)
{
    if (--group->users > 0) {
        return NULL;
    }
    void *answer = group->answer;
    group->next = groups->spare;
    groups->spare = group;
    return answer;
}

/* Waits for `changed` once, with the lock held; false when `until_ns` has come. */
static bool wait_for(struct srv_read_groups *groups, pthread_cond_t *changed, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / BASE_NS_PER_S,
                             .tv_nsec = until_ns % BASE_NS_PER_S};
    if (base_clock_monotonic_ns() >= until_ns) {
        return false;
    }
    pthread_cond_timedwait(changed, &groups->lock, &until);
    return true;
}

static int64_t end_of_wait(int64_t wait_ms, int64_t deadline_ns)
{
    int64_t end_ns = base_clock_monotonic_ns() + wait_ms * BASE_NS_PER_MS;
    return end_ns < deadline_ns ? end_ns : deadline_ns;
}

static struct srv_read_place lead(struct srv_read_groups *groups, struct srv_read_group *group,
                                  int64_t deadline_ns)
{
    int64_t until_ns = end_of_wait(SRV_READ_GROUPS_GATHER_MS, deadline_ns);
    while (!group->has_turn && wait_for(groups, &group->got_turn, until_ns)) {
    }
    close_group(groups, group);
    return (struct srv_read_place){SRV_READ_LEADS, group->has_turn, group};
}

static struct srv_read_place follow(struct srv_read_groups *groups, struct srv_read_group *group,
                                    int64_t deadline_ns)
{
    int64_t until_ns = end_of_wait(SRV_READ_GROUPS_ANSWER_MS, deadline_ns);
    while (group->state == GROUP_UNREAD && wait_for(groups, &group->was_read, until_ns)) {
    }
    if (group->state == GROUP_ANSWERED) {
        return (struct srv_read_place){SRV_READ_FOLLOWS, false, group};
    }
    /* Nothing to free: the leader stays until it has answered, and then there is no answer. */
    leave_group(groups, group);
    return (struct srv_read_place){SRV_READ_ALONE, false, NULL};
}

struct srv_read_place srv_read_groups_enter(struct srv_read_groups *groups,
                                            const struct srv_collection *collection,
                                            struct srv_key key, int64_t deadline_ns)
{
    struct srv_read_place place = {SRV_READ_ALONE, true, NULL};
    pthread_mutex_lock(&groups->lock);
    if (groups->turns_free > 0) {
        groups->turns_free--;
    } else {
        struct srv_read_group *group = find_group(groups, collection, key);
        bool leads = group == NULL;
        if (leads) {
            group = start_group(groups, collection);
        }
        join(group, key);
        place = leads ? lead(groups, group, deadline_ns) : follow(groups, group, deadline_ns);
    }
    pthread_mutex_unlock(&groups->lock);
    return place;
}

size_t srv_read_group_keys(const struct srv_read_group *group, const struct srv_key **out_keys)
{
    *out_keys = group->keys;
    return group->count;
}

/* Gives a turn to the group that has waited longest. */
static void pass_turn(struct srv_read_groups *groups)
{
    struct srv_read_group *group = groups->gathering;
    while (group != NULL && group->has_turn) {
        group = group->next;
    }
    if (group == NULL) {
        groups->turns_free++;
        return;
    }
    group->has_turn = true;
    pthread_cond_signal(&group->got_turn);
}

/* The members are woken with the lock open, lest each wakes only to wait for it. */
void srv_read_groups_have_read(struct srv_read_groups *groups, struct srv_read_place *place,
                               void *answer)
{
    struct srv_read_group *group = place->group;
    pthread_mutex_lock(&groups->lock);
    if (place->has_turn) {
        pass_turn(groups);
    }
    if (group != NULL) {
        assert(place->part == SRV_READ_LEADS && group->state == GROUP_UNREAD);
        group->answer = answer;
        group->state = answer == NULL ? GROUP_FAILED : GROUP_ANSWERED;
    }
    pthread_mutex_unlock(&groups->lock);
    place->has_turn = false;
    if (group != NULL) {
        pthread_cond_broadcast(&group->was_read);
    }
}

const void *srv_read_group_answer(const struct srv_read_group *group)
{
    return group->answer;
}

void srv_read_groups_leave(struct srv_read_groups *groups, struct srv_read_place *place)
{
    if (place->group == NULL) {
        return;
    }
    pthread_mutex_lock(&groups->lock);
    void *answer = leave_group(groups, place->group);
    pthread_mutex_unlock(&groups->lock);
    *place = (struct srv_read_place){SRV_READ_ALONE, false, NULL};
    if (answer != NULL) {
        groups->free_answer(answer);
    }
}
