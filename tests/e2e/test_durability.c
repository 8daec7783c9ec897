/* kill -9 under write load, again and again: what was answered is there, and no id comes twice.
 *
 * Three kinds of writes go on at once: creates, removals of users created before, and replacements
 * of one note a slot by ever larger numbers. A write that was sent but not answered may or may not
 * be there; everything else is decided. */
#include "base/mem.h"
#include "tests/e2e/harness.h"
#include "tests/e2e/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS 20
#define SLOTS 32
#define NOTE_SLOTS 8
#define USERS_MAX 200000
#define LOAD_MS 150
#define RUN_MS_MAX 60000

enum fate { UNKNOWN, CREATED, REMOVAL_SENT, REMOVED };

struct user {
    enum fate fate;
    size_t number; /* in its name */
};

struct note {
    char id[64];
    size_t sent;
    size_t answered;
};

struct world {
    struct e2e_dir dir;
    struct e2e_program program;
    struct user *users; /* by id */
    size_t id_end;      /* one past the largest id answered */
    size_t numbers;     /* given to names so far */
    size_t writes;
    size_t writes_before; /* this round */
    long long kill_ms;
    bool is_killed;
    struct note notes[NOTE_SLOTS];
    size_t doing[SLOTS]; /* a create's number, a removal's id */
    bool is_removal[SLOTS];
};

static int set_up(void **state)
{
    struct world *world = base_calloc(1, sizeof *world);
    world->users = base_calloc(USERS_MAX, sizeof *world->users);
    e2e_dir_make(&world->dir);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    e2e_kill(&world->program);
    e2e_dir_remove(&world->dir);
    base_free(world->users);
    base_free(world);
    return 0;
}

static bool is_note_slot(size_t slot)
{
    return slot < NOTE_SLOTS;
}

static void ask_for_note(struct note *note, struct e2e_load_request *out)
{
    note->sent++;
    out->method = note->id[0] == '\0' ? "POST" : "PUT";
    snprintf(out->path, sizeof out->path, "/notes%s%s", note->id[0] == '\0' ? "" : "/", note->id);
    snprintf(out->body, sizeof out->body, "{\"title\":\"n\",\"content\":\"%zu\"}", note->sent);
}

/* Every fourth time, removes a user this slot or another has seen created. */
static void ask_for_user(struct world *world, size_t slot, struct e2e_load_request *out)
{
    size_t victim = world->id_end / 2 + slot;
    world->is_removal[slot] =
        world->numbers % 4 == 3 && victim < world->id_end && world->users[victim].fate == CREATED;
    if (world->is_removal[slot]) {
        world->users[victim].fate = REMOVAL_SENT;
        world->doing[slot] = victim;
        out->method = "DELETE";
        out->has_body = false;
        snprintf(out->path, sizeof out->path, "/users/%zu", victim);
        return;
    }
    world->doing[slot] = world->numbers++;
    out->method = "POST";
    snprintf(out->path, sizeof out->path, "/users");
    snprintf(out->body, sizeof out->body, "{\"name\":\"user %zu\"}", world->doing[slot]);
}

static bool next_request(void *user, size_t slot, struct e2e_load_request *out)
{
    struct world *world = user;
    out->has_body = true;
    if (is_note_slot(slot)) {
        ask_for_note(&world->notes[slot], out);
    } else {
        ask_for_user(world, slot, out);
    }
    return !world->is_killed;
}

static void on_note(struct world *world, size_t slot, const struct e2e_response *response)
{
    struct note *note = &world->notes[slot];
    size_t content = 0;
    char id[64];
    if ((response->status != 200 && response->status != 201) ||
        sscanf(response->body.data,
               "{\"noteId\":\"%36[0-9a-f-]\",\"title\":\"n\",\"content\":\"%zu\"", id,
               &content) != 2) {
        e2e_fail(&world->program, "a note's write answered %ld %s", response->status,
                 response->body.data);
    }
    assert_int_equal(content, note->sent);
    snprintf(note->id, sizeof note->id, "%s", id);
    note->answered = note->sent;
}

static void on_user(struct world *world, size_t slot, const struct e2e_response *response)
{
    if (world->is_removal[slot]) {
        assert_int_equal(response->status, 200);
        world->users[world->doing[slot]].fate = REMOVED;
        return;
    }
    size_t id = 0;
    if (response->status != 201 || sscanf(response->body.data, "{\"id\":%zu}", &id) != 1) {
        e2e_fail(&world->program, "POST /users answered %ld %s", response->status,
                 response->body.data);
    }
    assert_in_range(id, 0, USERS_MAX - 1);
    assert_int_equal(world->users[id].fate, UNKNOWN);
    world->users[id] = (struct user){.fate = CREATED, .number = world->doing[slot]};
    world->id_end = id >= world->id_end ? id + 1 : world->id_end;
}

static void on_end(void *user, size_t slot, const struct e2e_response *response)
{
    struct world *world = user;
    if (response->outcome != CURLE_OK) {
        assert_true(world->is_killed);
        return;
    }
    world->writes++;
    if (is_note_slot(slot)) {
        on_note(world, slot, response);
    } else {
        on_user(world, slot, response);
    }
}

static void on_tick(void *user)
{
    struct world *world = user;
    if (!world->is_killed && e2e_now_ms() >= world->kill_ms &&
        world->writes > world->writes_before) {
        e2e_kill(&world->program);
        world->is_killed = true;
    }
}

/* Every id must be as its fate says; ids that nobody was told of belong to creates that were cut
 * off. */
static void check_users(struct world *world, struct e2e_client *client)
{
    char path[512] = "/users";
    char token[256];
    size_t expected_id = 0;
    for (bool has_more = true; has_more;) {
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        assert_int_equal(response->status, 200);
        const char *at = response->body.data + 1;
        for (size_t id, number; sscanf(at, "\"%zu\":{\"name\":\"user %zu\"", &id, &number) == 2;) {
            for (; expected_id < id; expected_id++) {
                assert_int_not_equal(world->users[expected_id].fate, CREATED);
            }
            assert_int_not_equal(world->users[id].fate, REMOVED);
            if (world->users[id].fate == UNKNOWN) {
                world->users[id] = (struct user){.fate = CREATED, .number = number};
                world->id_end = id >= world->id_end ? id + 1 : world->id_end;
            }
            assert_int_equal(world->users[id].number, number);
            expected_id = id + 1;
            at = strstr(at, "[]}") + strlen("[]},");
        }
        has_more = e2e_response_header(response, "x-next-page-token", token, sizeof token);
        snprintf(path, sizeof path, "/users?page_token=%s", token);
    }
    for (; expected_id < world->id_end; expected_id++) {
        assert_int_not_equal(world->users[expected_id].fate, CREATED);
    }
}

/* A removal that was cut off is decided now, once it has been looked at. */
static void settle_removals(struct world *world, struct e2e_client *client)
{
    for (size_t id = 0; id < world->id_end; id++) {
        if (world->users[id].fate == REMOVAL_SENT) {
            char path[64];
            snprintf(path, sizeof path, "/users/%zu", id);
            const struct e2e_request request = {.method = "GET", .path = path};
            long status = e2e_client_call(client, &request)->status;
            assert_true(status == 200 || status == 404);
            world->users[id].fate = status == 200 ? CREATED : REMOVED;
        }
    }
}

static void check_notes(struct world *world, struct e2e_client *client)
{
    for (size_t i = 0; i < NOTE_SLOTS; i++) {
        struct note *note = &world->notes[i];
        if (note->id[0] == '\0') {
            continue;
        }
        char path[128];
        size_t content = 0;
        snprintf(path, sizeof path, "/notes/%s", note->id);
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        const char *at = strstr(response->body.data, "\"content\":\"");
        assert_int_equal(response->status, 200);
        assert_true(at != NULL && sscanf(at, "\"content\":\"%zu", &content) == 1);
        assert_in_range(content, note->answered, note->sent);
        note->answered = content;
    }
}

/* Starts the program and holds it to what was answered before. */
static void start_and_check(struct world *world)
{
    e2e_start_serve(&world->program, &world->dir);
    struct e2e_client *client = e2e_client_create(world->program.http_port, E2E_HTTP1);
    check_users(world, client);
    settle_removals(world, client);
    check_notes(world, client);
    e2e_client_destroy(client);
}

static void test_killed_under_write_load(void **state)
{
    struct world *world = *state;
    for (size_t round = 0; round < ROUNDS; round++) {
        start_and_check(world);
        world->is_killed = false;
        world->writes_before = world->writes;
        world->kill_ms = e2e_now_ms() + LOAD_MS + (long long)round * 7 % 50;
        const struct e2e_load load = {.port = world->program.http_port,
                                      .http = round % 2 == 0 ? E2E_HTTP1 : E2E_HTTP2,
                                      .slots = SLOTS,
                                      .user = world,
                                      .next = next_request,
                                      .on_end = on_end,
                                      .on_tick = on_tick};
        e2e_load_run(&load, RUN_MS_MAX);
    }
    start_and_check(world);
    e2e_stop(&world->program);
    print_message("%zu answered writes outlived %d kills\n", world->writes, ROUNDS);
    assert_in_range(world->writes, ROUNDS, USERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed_under_write_load, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
