/* The flags of JSON on the real program: answers, errors among them. */
#include "tests/e2e/rows.h"

static const struct e2e_row rows[] = {
    {"an answer of a zero", "POST", "/users", NULL, "{\"name\":\"Ann\"}", 201, "{}", NULL},
    {"an answer over lines", "POST", "/users", NULL, "{\"name\":\"Bob\"}", 201, "{\n  \"id\": 1\n}",
     "content-type: application/json"},
    {"what is empty is left out", "GET", "/users/1", NULL, NULL, 200, "{\n  \"name\": \"Bob\"\n}",
     NULL},
    {"a response_body", "GET", "/users", NULL, NULL, 200,
     "{\n  \"0\": {\n    \"name\": \"Ann\"\n  },\n  \"1\": {\n    \"name\": \"Bob\"\n  }\n}", NULL},
    {"an error", "GET", "/users/7", NULL, NULL, 404,
     "{\n  \"code\": 5,\n  \"message\": \"user 7 not found\",\n  \"details\": []\n}", NULL},
    {"a path that is not there", "GET", "/nothing", NULL, NULL, 404,
     "{\n  \"code\": 5,\n  \"message\": \"Not Found\",\n  \"details\": []\n}", NULL},
};

static const struct e2e_table table = E2E_TABLE("JSON", rows);

static int set_up(void **state)
{
    static const char *const flags[] = {"--json-omit-defaults", "--json-indent", "2", NULL};
    return e2e_set_up_with(state, flags);
}

static void answers_look_as_told(void **state)
{
    struct e2e_world *world = *state;
    e2e_table_run(&table, &world->program, E2E_HTTP1, NULL);
    e2e_stop(&world->program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_look_as_told, set_up, e2e_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
