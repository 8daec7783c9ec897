/* Manage: `tollgate keys` and `tollgate plans`, which call the admin listener.
 *
 * Each has verbs ("keys create"), and each verb its own flags. On a terminal people get tables and
 * sentences; anything else, and --json anywhere, gets the API's JSON. Startup thread.
 */
#ifndef CLI_MANAGE_H
#define CLI_MANAGE_H

#include "cli/admin_client.h"
#include "cli/flags.h"

#include <stdio.h>

/* Each verb reads the fields its own flags fill; the others are zero. */
struct cli_manage_options {
    const char *admin_url;
    const char *admin_token; /* or NULL */
    bool json;
    const char *id; /* of the key or plan that the verb is about */
    const char *key_id;
    const char *name; /* NULL where it is not given, as for all texts */
    const char *description;
    const char *value;
    const char *customer;
    struct cli_list plans;
    const char *file;
    bool fails_on_warnings;
    bool disabled;
    bool reveals;
    const char *rate;
    int burst; /* 0 where it is not given, as for the quota */
    int quota;
    const char *period;
    int offset; /* -1 where it is not given */
    struct cli_list stages;
    struct cli_list removed_stages;
    bool no_throttle;
    bool no_quota;
    const char *first_day;
    const char *last_day;
};

/* One verb under way. */
struct cli_manage {
    const struct cli_manage_options *options;
    struct cli_admin_client *client;
    bool prints_json;
    FILE *out;
};

struct cli_verb {
    const char *name;
    const char *does; /* one line */
    struct cli_flags flags;
    bool (*run)(struct cli_manage *manage, struct base_err *err);
};

struct cli_verbs {
    const char *group; /* "keys" */
    const char *does;
    const struct cli_verb *verbs;
    size_t count;
};

extern const struct cli_verbs cli_keys_verbs;
extern const struct cli_verbs cli_plans_verbs;

/* Runs what stands behind "tollgate keys" or "tollgate plans"; returns the exit status. */
int cli_manage_main(const struct cli_verbs *verbs, int argc, const char *const *argv,
                    const struct cli_environment *environment);

/* ---- For the verbs ---- */

/* Calls the listener, for an answer of that type, which lives until the next call. */
bool cli_manage_call(struct cli_manage *manage, const char *method, const char *path,
                     const ProtobufCMessage *request, const ProtobufCMessageDescriptor *answer,
                     ProtobufCMessage **out_answer, struct base_err *err) BASE_MUST_CHECK;

/* The same about one thing: the path is `prefix`, "/apikeys/" or the like, and `id`, escaped. */
bool cli_manage_call_on(struct cli_manage *manage, const char *method, const char *prefix,
                        const char *id, const ProtobufCMessage *request,
                        const ProtobufCMessageDescriptor *answer, ProtobufCMessage **out_answer,
                        struct base_err *err) BASE_MUST_CHECK;

/* Prints a message as JSON, with what stands before and behind it. */
bool cli_manage_print_json(struct cli_manage *manage, const char *before,
                           const ProtobufCMessage *message, const char *behind,
                           struct base_err *err) BASE_MUST_CHECK;

/* Prints what an answer warns of, apart from the answer. */
void cli_manage_warn(char *const *warnings, size_t count);

/* Appends "/apikeys/ID" and the like to a path: `prefix`, and `id` escaped. */
bool cli_manage_append_path(struct base_buf *path, const char *prefix, const char *id,
                            struct base_err *err) BASE_MUST_CHECK;

/* Removes what `prefix` and `id` name, and says so to a person. */
bool cli_manage_delete(struct cli_manage *manage, const char *prefix, const char *id,
                       struct base_err *err) BASE_MUST_CHECK;

/* Puts a key into a plan. */
bool cli_manage_add_key(struct cli_manage *manage, const char *plan_id, const char *key_id,
                        struct base_err *err) BASE_MUST_CHECK;

/* The table and the count of a verb's flags. */
#define CLI_MANAGE_FLAGS(table)                                                                    \
    {                                                                                              \
        table, sizeof(table) / sizeof *(table)                                                     \
    }

/* What all verbs have. */
#define CLI_MANAGE_ADMIN_URL                                                                       \
    {                                                                                              \
        .name = "admin-url", .kind = CLI_TEXT,                                                     \
        .offset = offsetof(struct cli_manage_options, admin_url), .value_name = "URL",             \
        .initial = "http://127.0.0.1:9901", .help = "Where the admin listener is."                 \
    }
#define CLI_MANAGE_ADMIN_TOKEN                                                                     \
    {                                                                                              \
        .name = "admin-token", .kind = CLI_TEXT,                                                   \
        .offset = offsetof(struct cli_manage_options, admin_token), .value_name = "TOKEN",         \
        .help = "The bearer token it asks for, if any. Better set by the variable."                \
    }
#define CLI_MANAGE_JSON                                                                            \
    {                                                                                              \
        .name = "json", .kind = CLI_SWITCH, .offset = offsetof(struct cli_manage_options, json),   \
        .help = "Prints JSON on a terminal, too."                                                  \
    }
#define CLI_MANAGE_COMMON CLI_MANAGE_ADMIN_URL, CLI_MANAGE_ADMIN_TOKEN, CLI_MANAGE_JSON

#endif
