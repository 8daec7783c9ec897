/* Read groups without a database: threads take their parts, and the test says when something was
 * read. An answer is a block of memory that holds a number. */
#include "server/read_groups.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static atomic_int answers_left; /* made and not freed */

static void *make_answer(int number)
{
    int *answer = base_alloc(sizeof *answer);
    *answer = number;
    atomic_fetch_add(&answers_left, 1);
    return answer;
}

static void free_answer(void *answer)
{
    atomic_fetch_sub(&answers_left, 1);
    base_free(answer);
}

static struct srv_read_place enter(struct srv_read_groups *groups, const char *key)
{
    return srv_read_groups_enter(groups, &store_notes, srv_key_text(base_str_of(key)),
                                 BASE_NEVER_NS);
}

static void end(struct srv_read_groups *groups, struct srv_read_place *place, void *answer)
{
    srv_read_groups_have_read(groups, place, answer);
    srv_read_groups_leave(groups, place);
}

/* One thread that reads; what became of it. */
struct reader {
    struct srv_read_groups *groups;
    const struct srv_collection *collection;
    struct srv_key key;
    int64_t deadline_ns;
    int gives;                     /* as leader: this number as the answer, or 0 for none */
    const struct reader *outlasts; /* as leader: answers when that one has gone */
    pthread_t thread;
    atomic_bool entered;
    enum srv_read_part part;
    bool had_turn;
    size_t count; /* as leader: the group's keys */
    int answer;   /* 0 without one */
    int64_t took_ms;
    int64_t came_back_ns;
    atomic_bool has_gone;
};

static void *read_once(void *user)
{
    struct reader *reader = user;
    int64_t start_ns = base_clock_monotonic_ns();
    atomic_store(&reader->entered, true);
    struct srv_read_place place =
        srv_read_groups_enter(reader->groups, reader->collection, reader->key, reader->deadline_ns);
    reader->came_back_ns = base_clock_monotonic_ns();
    reader->took_ms = (reader->came_back_ns - start_ns) / BASE_NS_PER_MS;
    reader->part = place.part;
    reader->had_turn = place.has_turn;
    if (place.part == SRV_READ_LEADS) {
        const struct srv_key *keys;
        reader->count = srv_read_group_keys(place.group, &keys);
        while (reader->outlasts != NULL && !atomic_load(&reader->outlasts->has_gone)) {
            usleep(100);
        }
    }
    if (place.part != SRV_READ_FOLLOWS) {
        bool answers = place.part == SRV_READ_LEADS && reader->gives != 0;
        srv_read_groups_have_read(reader->groups, &place,
                                  answers ? make_answer(reader->gives) : NULL);
    }
    const int *answer = place.group == NULL ? NULL : srv_read_group_answer(place.group);
    reader->answer = answer == NULL ? 0 : *answer;
    srv_read_groups_leave(reader->groups, &place);
    atomic_store(&reader->has_gone, true);
    return NULL;
}

static struct reader reader_of(struct srv_read_groups *groups, const char *key)
{
    return (struct reader){.groups = groups,
                           .collection = &store_notes,
                           .key = srv_key_text(base_str_of(key)),
                           .deadline_ns = BASE_NEVER_NS,
                           .gives = 7};
}

/* Long enough after it began that it waits, unless the machine is overloaded. */
static void start(struct reader *reader)
{
    assert_int_equal(pthread_create(&reader->thread, NULL, read_once, reader), 0);
    while (!atomic_load(&reader->entered)) {
        usleep(100);
    }
    usleep(2000);
}

static void join_all(struct reader *readers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pthread_join(readers[i].thread, NULL);
    }
}

static size_t count_part(const struct reader *readers, size_t count, enum srv_read_part part)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += readers[i].part == part ? 1 : 0;
    }
    return found;
}

static void lets_single_reads_go_at_once(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(2, free_answer);
    struct srv_read_place first = enter(groups, "a");
    struct srv_read_place second = enter(groups, "a");
    assert_int_equal(first.part, SRV_READ_ALONE);
    assert_int_equal(second.part, SRV_READ_ALONE);
    end(groups, &first, NULL);
    first = enter(groups, "b"); /* the turn came free */
    assert_int_equal(first.part, SRV_READ_ALONE);
    end(groups, &first, NULL);
    end(groups, &second, NULL);
    srv_read_groups_destroy(groups);
}

/* Reads on eight threads while the only turn is taken; returns how many followed. */
static size_t read_in_a_crowd(struct srv_read_groups *groups)
{
    struct srv_read_place busy = enter(groups, "busy");
    struct reader readers[8];
    for (size_t i = 0; i < 8; i++) {
        readers[i] = reader_of(groups, i % 2 == 0 ? "a" : "b");
        readers[i].gives = 100 + (int)i;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_once, &readers[i]), 0);
    }
    usleep(5000);
    end(groups, &busy, NULL);
    join_all(readers, 8);
    size_t served = 0; /* by a group or with a turn */
    for (size_t i = 0; i < 8; i++) {
        assert_true(readers[i].part == SRV_READ_ALONE || readers[i].answer >= 100);
        assert_true(readers[i].part != SRV_READ_LEADS || readers[i].answer == readers[i].gives);
        served +=
            readers[i].count + (readers[i].part == SRV_READ_ALONE && readers[i].had_turn ? 1 : 0);
    }
    assert_int_equal(served, 8);
    return count_part(readers, 8, SRV_READ_FOLLOWS);
}

/* However the threads are scheduled, each reads, or gets its leader's answer; sooner or later some
 * come early enough to follow. */
static void reads_once_for_all_that_wait(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(1, free_answer);
    while (read_in_a_crowd(groups) == 0) {
    }
    assert_int_equal(atomic_load(&answers_left), 0);
    srv_read_groups_destroy(groups);
}

/* A key in a group is a copy, whatever becomes of the reader's. */
static void gives_the_leader_every_key(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(0, free_answer);
    char text[] = "first";
    struct srv_read_place leader =
        srv_read_groups_enter(groups, &store_notes, srv_key_text(base_str_of(text)), BASE_NEVER_NS);
    text[0] = '?';
    assert_int_equal(leader.part, SRV_READ_LEADS);
    const struct srv_key *keys;
    assert_int_equal(srv_read_group_keys(leader.group, &keys), 1);
    assert_true(base_str_eq(keys[0].text, BASE_STR("first")));
    end(groups, &leader, make_answer(1));
    leader = srv_read_groups_enter(groups, &store_users, srv_key_number(-5), BASE_NEVER_NS);
    assert_int_equal(srv_read_group_keys(leader.group, &keys), 1);
    assert_int_equal(keys[0].number, -5);
    end(groups, &leader, NULL);
    assert_int_equal(atomic_load(&answers_left), 0);
    srv_read_groups_destroy(groups);
}

static void does_not_mix_collections(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(0, free_answer);
    struct reader note = reader_of(groups, "a");
    struct reader user = reader_of(groups, "a");
    user.collection = &store_users;
    user.key = srv_key_number(1);
    start(&note);
    start(&user);
    pthread_join(note.thread, NULL);
    pthread_join(user.thread, NULL);
    assert_int_equal(note.part, SRV_READ_LEADS);
    assert_int_equal(user.part, SRV_READ_LEADS);
    assert_int_equal(note.count, 1);
    assert_int_equal(user.count, 1);
    srv_read_groups_destroy(groups);
}

/* With no turn to be had, the group goes when it has gathered long enough. */
static void goes_without_a_turn_in_the_end(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(1, free_answer);
    struct srv_read_place hangs = enter(groups, "busy");
    struct reader reader = reader_of(groups, "a");
    start(&reader);
    pthread_join(reader.thread, NULL);
    assert_int_equal(reader.part, SRV_READ_LEADS);
    assert_false(reader.had_turn);
    assert_true(reader.took_ms >= SRV_READ_GROUPS_GATHER_MS - 1);
    end(groups, &hangs, NULL);
    struct srv_read_place next = enter(groups, "b"); /* there is still one turn, and only one */
    assert_true(next.part == SRV_READ_ALONE && next.has_turn);
    struct srv_read_place other = enter(groups, "c");
    assert_int_equal(other.part, SRV_READ_LEADS);
    end(groups, &other, NULL);
    end(groups, &next, NULL);
    srv_read_groups_destroy(groups);
}

static void ends_waiting_at_the_deadline(void **state)
{
    (void)state;
    struct srv_read_groups *groups = srv_read_groups_create(0, free_answer);
    int64_t past_ns = base_clock_monotonic_ns() - BASE_NS_PER_MS;
    struct srv_read_place leader =
        srv_read_groups_enter(groups, &store_notes, srv_key_text(BASE_STR("a")), past_ns);
    assert_int_equal(leader.part, SRV_READ_LEADS);
    end(groups, &leader, NULL);
    srv_read_groups_destroy(groups);
}

/* A leader and a follower, the follower's deadline `deadline_ms` after it came. */
static void lead_and_follow(struct reader *leader, struct reader *follower, int64_t deadline_ms)
{
    start(leader);
    follower->deadline_ns = base_clock_monotonic_ns() + deadline_ms * BASE_NS_PER_MS;
    start(follower);
    pthread_join(follower->thread, NULL);
    pthread_join(leader->thread, NULL);
}

/* What a follower does when its leader comes to nothing, or does not come back. Where the follower
 * is scheduled too late to join, it leads a group of its own, and the row goes again. */
static void leaves_a_leader_that_does_not_answer(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int gives;
        bool hangs;
        int64_t deadline_ms;
    } rows[] = {
        {"fails", 0, false, 60000},
        {"hangs", 7, true, 60000},
        {"hangs past the deadline", 7, true, 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct srv_read_groups *groups = srv_read_groups_create(0, free_answer);
        struct reader leader;
        struct reader follower;
        do {
            leader = reader_of(groups, "a");
            follower = reader_of(groups, "b");
            leader.gives = rows[i].gives;
            leader.outlasts = rows[i].hangs ? &follower : NULL;
            lead_and_follow(&leader, &follower, rows[i].deadline_ms);
        } while (follower.part == SRV_READ_LEADS);
        print_message("a leader that %s: %lld ms\n", rows[i].what, (long long)follower.took_ms);
        assert_int_equal(leader.part, SRV_READ_LEADS);
        assert_int_equal(leader.count, 2);
        assert_int_equal(leader.answer, rows[i].gives);
        assert_int_equal(follower.part, SRV_READ_ALONE);
        assert_false(follower.had_turn);
        assert_true(!rows[i].hangs || follower.took_ms >= SRV_READ_GROUPS_ANSWER_MS - 1 ||
                    follower.came_back_ns >= follower.deadline_ns);
        assert_int_equal(atomic_load(&answers_left), 0);
        srv_read_groups_destroy(groups);
    }
}

#define CROWD (SRV_READ_GROUPS_MEMBERS_MAX + 16)

/* The longest keys fill a group before it has its members, and any key starts another. */
static void starts_another_group_when_one_is_full(void **state)
{
    (void)state;
    char longest[SRV_STORE_KEY_BYTES_MAX + 1];
    memset(longest, 'k', SRV_STORE_KEY_BYTES_MAX);
    longest[SRV_STORE_KEY_BYTES_MAX] = '\0';
    const char *keys[] = {"short", longest};
    for (size_t row = 0; row < 2; row++) {
        struct srv_read_groups *groups = srv_read_groups_create(0, free_answer);
        struct reader *readers = base_calloc(CROWD, sizeof *readers);
        for (size_t i = 0; i < CROWD; i++) {
            readers[i] = reader_of(groups, keys[row]);
            assert_int_equal(pthread_create(&readers[i].thread, NULL, read_once, &readers[i]), 0);
        }
        join_all(readers, CROWD);
        size_t members = 0;
        for (size_t i = 0; i < CROWD; i++) {
            assert_true(readers[i].count <= SRV_READ_GROUPS_MEMBERS_MAX);
            members += readers[i].count;
        }
        assert_int_equal(members, CROWD);
        assert_true(count_part(readers, CROWD, SRV_READ_LEADS) >= 2);
        assert_int_equal(atomic_load(&answers_left), 0);
        base_free(readers);
        srv_read_groups_destroy(groups);
    }
}

/* ---- by chance ---- */

#define THREADS 24
#define READS_EACH 300

struct chance {
    struct srv_read_groups *groups;
    atomic_int under_way; /* reads with a turn */
    atomic_int wrong;
};

/* Reads, answers with the count of its keys, and sometimes fails or dawdles. */
static void read_by_chance(void *user, size_t index)
{
    struct chance *chance = user;
    for (size_t i = 0; i < READS_EACH; i++) {
        struct srv_read_place place = srv_read_groups_enter(
            chance->groups, (index + i) % 5 == 0 ? &store_users : &store_notes,
            srv_key_number((int64_t)i), base_clock_monotonic_ns() + 1000 * BASE_NS_PER_MS);
        if (place.has_turn && atomic_fetch_add(&chance->under_way, 1) >= 3) {
            atomic_fetch_add(&chance->wrong, 1);
        }
        void *answer = NULL;
        if (place.part == SRV_READ_LEADS && (index + i) % 7 != 0) {
            const struct srv_key *keys;
            answer = make_answer((int)srv_read_group_keys(place.group, &keys));
        }
        if ((index * i) % 11 == 0) {
            usleep(300);
        }
        if (place.has_turn) {
            atomic_fetch_sub(&chance->under_way, 1);
        }
        if (place.part != SRV_READ_FOLLOWS) {
            srv_read_groups_have_read(chance->groups, &place, answer);
        } else if (*(const int *)srv_read_group_answer(place.group) < 2) {
            atomic_fetch_add(&chance->wrong, 1);
        }
        srv_read_groups_leave(chance->groups, &place);
    }
}

static void keeps_its_promises_in_a_crowd(void **state)
{
    (void)state;
    struct chance chance = {.groups = srv_read_groups_create(3, free_answer)};
    store_on_threads(THREADS, read_by_chance, &chance);
    assert_int_equal(atomic_load(&chance.wrong), 0);
    assert_int_equal(atomic_load(&answers_left), 0);
    for (int i = 0; i < 3; i++) { /* no turn was lost */
        assert_int_equal(enter(chance.groups, "a").part, SRV_READ_ALONE);
    }
    struct srv_read_place fourth = enter(chance.groups, "a");
    assert_int_equal(fourth.part, SRV_READ_LEADS);
    end(chance.groups, &fourth, NULL);
    srv_read_groups_destroy(chance.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_single_reads_go_at_once),
        cmocka_unit_test(reads_once_for_all_that_wait),
        cmocka_unit_test(gives_the_leader_every_key),
        cmocka_unit_test(does_not_mix_collections),
        cmocka_unit_test(goes_without_a_turn_in_the_end),
        cmocka_unit_test(ends_waiting_at_the_deadline),
        cmocka_unit_test(leaves_a_leader_that_does_not_answer),
        cmocka_unit_test(starts_another_group_when_one_is_full),
        cmocka_unit_test(keeps_its_promises_in_a_crowd),
    };
    return cmocka_run_group_tests_name("read_groups", tests, NULL, NULL);
}
