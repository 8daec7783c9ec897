/* Many writers and readers at once: ids come without gaps or repetition, and a user is there to be
 * read as soon as the create has been answered. */
#include "base/mem.h"
#include "tests/e2e/harness.h"
#include "tests/e2e/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define WRITERS 64
#define READERS 8
#define USERS 10000
#define RUN_MS_MAX 250000

struct world {
    struct e2e_dir dir;
    struct e2e_program program;
    size_t sent;
    size_t created;
    size_t read;
    size_t number_of_slot[E2E_SLOTS_MAX]; /* what a writer names its user, a reader's id */
    size_t number_of_id[USERS];           /* the name's number, plus one; 0: not given yet */
    size_t ids[USERS];                    /* in the order of their answers */
};

static int set_up(void **state)
{
    struct world *world = base_calloc(1, sizeof *world);
    e2e_dir_make(&world->dir);
    e2e_start_serve(&world->program, &world->dir);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    e2e_kill(&world->program);
    e2e_dir_remove(&world->dir);
    base_free(world);
    return 0;
}

static bool is_reader(size_t slot)
{
    return slot >= WRITERS;
}

/* A writer creates the next user; a reader asks for one that is known to be there. */
static bool next_request(void *user, size_t slot, struct e2e_load_request *out)
{
    struct world *world = user;
    if (!is_reader(slot)) {
        if (world->sent == USERS) {
            return false;
        }
        world->number_of_slot[slot] = world->sent++;
        out->method = "POST";
        out->has_body = true;
        snprintf(out->path, sizeof out->path, "/users");
        snprintf(out->body, sizeof out->body, "{\"name\":\"user %zu\"}",
                 world->number_of_slot[slot]);
        return true;
    }
    out->method = "GET";
    out->has_body = false;
    if (world->created == 0 || slot % 4 == 0) {
        world->number_of_slot[slot] = USERS;
        snprintf(out->path, sizeof out->path, "/users?page_size=50");
    } else {
        world->number_of_slot[slot] = world->ids[world->created - 1];
        snprintf(out->path, sizeof out->path, "/users/%zu", world->number_of_slot[slot]);
    }
    return world->created < USERS;
}

static void on_created(struct world *world, size_t slot, const struct e2e_response *response)
{
    size_t id = 0;
    if (response->status != 201 || sscanf(response->body.data, "{\"id\":%zu}", &id) != 1) {
        e2e_fail(&world->program, "POST /users answered %ld %s", response->status,
                 response->body.data);
    }
    assert_in_range(id, 0, USERS - 1);
    assert_int_equal(world->number_of_id[id], 0);
    world->number_of_id[id] = world->number_of_slot[slot] + 1;
    world->ids[world->created++] = id;
}

static void on_end(void *user, size_t slot, const struct e2e_response *response)
{
    struct world *world = user;
    if (response->outcome != CURLE_OK) {
        e2e_fail(&world->program, "no answer: %s", curl_easy_strerror(response->outcome));
    }
    if (!is_reader(slot)) {
        on_created(world, slot, response);
        return;
    }
    char expected[128] = "";
    size_t id = world->number_of_slot[slot];
    if (id < USERS) {
        snprintf(expected, sizeof expected, "{\"name\":\"user %zu\",\"books\":[]}",
                 world->number_of_id[id] - 1);
    }
    if (response->status != 200 || (id < USERS && strcmp(response->body.data, expected) != 0)) {
        e2e_fail(&world->program, "a reader got %ld %s instead of %s", response->status,
                 response->body.data, expected);
    }
    world->read++;
}

/* Reads all users page by page; every id must have the name its writer gave. */
static void check_all(struct world *world, enum e2e_http http)
{
    struct e2e_client *client = e2e_client_create(world->program.http_port, http);
    char path[512] = "/users";
    char token[256];
    size_t seen = 0;
    do {
        const struct e2e_request request = {.method = "GET", .path = path};
        const struct e2e_response *response = e2e_client_call(client, &request);
        assert_int_equal(response->status, 200);
        const char *at = response->body.data + 1;
        for (size_t id, number; sscanf(at, "\"%zu\":{\"name\":\"user %zu\"", &id, &number) == 2;) {
            assert_int_equal(id, seen);
            assert_int_equal(number, world->number_of_id[id] - 1);
            seen++;
            at = strstr(at, "[]}") + strlen("[]},");
        }
        bool has_more = e2e_response_header(response, "x-next-page-token", token, sizeof token);
        snprintf(path, sizeof path, "/users?page_token=%s", has_more ? token : "");
        if (!has_more) {
            break;
        }
    } while (seen < USERS);
    assert_int_equal(seen, USERS);
    e2e_client_destroy(client);
}

static void run(void **state, enum e2e_http http)
{
    struct world *world = *state;
    const struct e2e_load load = {.port = world->program.http_port,
                                  .http = http,
                                  .slots = WRITERS + READERS,
                                  .user = world,
                                  .next = next_request,
                                  .on_end = on_end};
    e2e_load_run(&load, RUN_MS_MAX);
    assert_int_equal(world->created, USERS);
    assert_true(world->read > 0);
    check_all(world, http);
    e2e_stop(&world->program);
}

static void test_10000_creates_over_http1(void **state)
{
    run(state, E2E_HTTP1);
}

static void test_10000_creates_over_http2(void **state)
{
    run(state, E2E_HTTP2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_10000_creates_over_http1, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_10000_creates_over_http2, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
