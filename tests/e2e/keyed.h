/* Keyed: what tests of keys and plans share. Failures end the running test. One thread. */
#ifndef E2E_KEYED_H
#define E2E_KEYED_H

#include "tests/e2e/harness.h"
#include "tests/e2e/http.h"

#include <time.h>

/* Runs `tollgate COMMAND` against the program's admin listener; gives what it printed, which is
 * JSON and lives until the next call. */
const char *e2e_tool(const struct e2e_program *program, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text of a member of JSON, "id": "...". */
void e2e_member(const char *json, const char *name, char *out, size_t size);

/* What the plan's keys have used on the day of `since` and the next, as the program reports it. */
long e2e_used(const struct e2e_program *program, const char *plan, time_t since);

/* Sends a GET with `key`, or without one where that is NULL. */
const struct e2e_response *e2e_get(struct e2e_client *client, const char *path, const char *key);

/* Holds an answer to its status, its body and its x-amzn-ErrorType. */
void e2e_assert_refused(const struct e2e_response *response, long status, const char *body,
                        const char *type);

/* Asks until the answer has `status`, for at most `ms_max`; returns how long it took. */
long long e2e_wait_for_status(struct e2e_client *client, const char *path, const char *key,
                              long status, long long ms_max);

#endif
