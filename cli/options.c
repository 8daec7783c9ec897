/* Each flag is written once, as a macro, since a table's entries cannot be shared
 * between tables. */
#include "cli/options.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};

#define LISTEN                                                                                     \
    {                                                                                              \
        .name = "listen", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, listen),        \
        .value_name = "HOST:PORT", .initial = "127.0.0.1:8080",                                    \
        .help = "Where to serve REST, over HTTP/1.1 and HTTP/2; port 0 picks a free one."          \
    }
#define GRPC                                                                                       \
    {                                                                                              \
        .name = "grpc", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, grpc),            \
        .value_name = "HOST:PORT", .initial = "127.0.0.1:50051",                                   \
        .help = "Where to serve gRPC; port 0 picks a free one."                                    \
    }
#define STORE                                                                                      \
    {                                                                                              \
        .name = "store", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, store),          \
        .value_name = "URI", .initial = "sqlite:tollgate.db",                                      \
        .help = "Where documents are kept: sqlite:FILE, which is made when there is none, or "     \
                "mongodb://HOST:PORT/DATABASE."                                                    \
    }
#define STORE_WAIT                                                                                 \
    {                                                                                              \
        .name = "store-wait", .kind = CLI_NUMBER,                                                  \
        .offset = offsetof(struct cli_options, store_wait_s), .value_name = "SECONDS",             \
        .initial = "300", .number_min = 0, .number_max = CLI_WAIT_S_MAX,                           \
        .help = "How long to wait at the start for a MongoDB that is not there yet."               \
    }
#define UPSTREAM                                                                                   \
    {                                                                                              \
        .name = "upstream", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, upstream),    \
        .value_name = "HOST:PORT", .help = "The gRPC server to call. Required."                    \
    }
#define PROTO_SET                                                                                  \
    {                                                                                              \
        .name = "proto-set", .kind = CLI_LIST, .offset = offsetof(struct cli_options, proto_sets), \
        .value_name = "FILE",                                                                      \
        .help = "Descriptors of the services to front, in place of those compiled in, as made by " \
                "protoc --include_imports --descriptor_set_out=FILE."                              \
    }
#define REFLECT                                                                                    \
    {                                                                                              \
        .name = "reflect", .kind = CLI_SWITCH, .offset = offsetof(struct cli_options, reflect),    \
        .help = "Fronts the services that the upstream tells of by server reflection."             \
    }
#define REFLECT_WAIT                                                                               \
    {                                                                                              \
        .name = "reflect-wait", .kind = CLI_NUMBER,                                                \
        .offset = offsetof(struct cli_options, reflect_wait_s), .value_name = "SECONDS",           \
        .initial = "300", .number_min = 0, .number_max = CLI_WAIT_S_MAX,                           \
        .help = "How long to wait at the start for the upstream that --reflect asks."              \
    }
#define RULES                                                                                      \
    {                                                                                              \
        .name = "rules", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, rules),          \
        .value_name = "FILE",                                                                      \
        .help = "HTTP rules by method, in place of the annotations of the .proto files: the http " \
                "part of a google.api.Service, in YAML or JSON."                                   \
    }
#define METHOD                                                                                     \
    {                                                                                              \
        .name = "METHOD", .kind = CLI_OPERAND, .offset = offsetof(struct cli_options, method),     \
        .help = "The request's method, such as GET."                                               \
    }
#define URL                                                                                        \
    {                                                                                              \
        .name = "URL", .kind = CLI_OPERAND, .offset = offsetof(struct cli_options, url),           \
        .help = "Its path with the query, or the whole URL, as it stands on the wire."             \
    }
#define BODY                                                                                       \
    {                                                                                              \
        .name = "body", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, body),            \
        .value_name = "JSON", .help = "Its body."                                                  \
    }
#define HEADER                                                                                     \
    {                                                                                              \
        .name = "header", .kind = CLI_LIST, .offset = offsetof(struct cli_options, headers),       \
        .value_name = "LINE", .help = "A header of it, as in \"Content-Type: application/json\"."  \
    }
#define STORE_OF_KEYS                                                                              \
    {                                                                                              \
        .name = "store", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, store),          \
        .value_name = "URI",                                                                       \
        .help = "Where API keys and usage plans are kept, as for tollgate server. Without it, "    \
                "methods that need a key refuse everyone."                                         \
    }
#define STAGE                                                                                      \
    {                                                                                              \
        .name = "stage", .kind = CLI_LIST, .offset = offsetof(struct cli_options, stages),         \
        .value_name = "NAME[=RATE,BURST]", .separator = ';',                                       \
        .help = "Serves everything under /NAME, for the usage plans of that stage; with a limit, " \
                "so many requests a second and at once for each method."                           \
    }
#define THROTTLE                                                                                   \
    {                                                                                              \
        .name = "throttle", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, throttle),    \
        .value_name = "RATE,BURST",                                                                \
        .help = "Requests a second and at once that this process takes, over all stages."          \
    }
#define QUOTA_FAIL_OPEN                                                                            \
    {                                                                                              \
        .name = "quota-fail-open", .kind = CLI_SWITCH,                                             \
        .offset = offsetof(struct cli_options, quota_fail_open),                                   \
        .help = "Lets requests through while the store of quotas does not answer, instead of "     \
                "refusing them."                                                                   \
    }
#define NO_KEYS                                                                                    \
    {                                                                                              \
        .name = "no-keys", .kind = CLI_SWITCH, .offset = offsetof(struct cli_options, no_keys),    \
        .help = "Asks nobody for an API key, whatever a method says, and knows no plans."          \
    }
#define REQUIRE_KEYS                                                                               \
    {                                                                                              \
        .name = "require-keys", .kind = CLI_SWITCH,                                                \
        .offset = offsetof(struct cli_options, require_keys),                                      \
        .help = "Asks for an API key whatever a method says: for services whose .proto says "      \
                "nothing of keys."                                                                 \
    }
#define LIMITS STAGE, THROTTLE, QUOTA_FAIL_OPEN, NO_KEYS, REQUIRE_KEYS
#define ADMIN_WITH(initial_value)                                                                  \
    {                                                                                              \
        .name = "admin", .kind = CLI_TEXT, .offset = offsetof(struct cli_options, admin),          \
        .value_name = "HOST:PORT", .initial = initial_value,                                       \
        .help = "Where API keys and usage plans are managed, by tollgate keys and plans and by "   \
                "the AWS CLI; none for nowhere. It needs --store, and any address but loopback's " \
                "needs credentials."                                                               \
    }
#define ADMIN ADMIN_WITH("127.0.0.1:9901")
#define ADMIN_OFF ADMIN_WITH("none")
#define ADMIN_KEY_ID                                                                               \
    {                                                                                              \
        .name = "admin-key-id", .kind = CLI_TEXT,                                                  \
        .offset = offsetof(struct cli_options, admin_key_id), .value_name = "ID",                  \
        .help = "The access key id that requests to --admin are signed with."                      \
    }
#define ADMIN_SECRET                                                                               \
    {                                                                                              \
        .name = "admin-secret", .kind = CLI_TEXT,                                                  \
        .offset = offsetof(struct cli_options, admin_secret), .value_name = "SECRET",              \
        .help = "Its secret access key. Better set by the variable: others see command lines."     \
    }
#define ADMIN_TOKEN                                                                                \
    {                                                                                              \
        .name = "admin-token", .kind = CLI_TEXT,                                                   \
        .offset = offsetof(struct cli_options, admin_token), .value_name = "TOKEN",                \
        .help = "A bearer token that --admin takes, too. Better set by the variable."              \
    }
#define KEY_SECRET_FILE                                                                            \
    {                                                                                              \
        .name = "key-secret-file", .kind = CLI_TEXT,                                               \
        .offset = offsetof(struct cli_options, key_secret_file), .value_name = "FILE",             \
        .help = "A secret that API keys are hashed under, so that the store alone is not enough "  \
                "to guess them; a store has one for its whole life and for all who serve it."      \
    }
#define RECOVERABLE_KEYS                                                                           \
    {                                                                                              \
        .name = "recoverable-keys", .kind = CLI_SWITCH,                                            \
        .offset = offsetof(struct cli_options, recoverable_keys),                                  \
        .help = "Keeps the values of new API keys, encrypted under --key-secret-file, so that "    \
                "they can be shown again."                                                         \
    }
#define ACCESS ADMIN_KEY_ID, ADMIN_SECRET, ADMIN_TOKEN, KEY_SECRET_FILE, RECOVERABLE_KEYS
#define DEMO                                                                                       \
    {                                                                                              \
        .name = "demo", .kind = CLI_SWITCH, .offset = offsetof(struct cli_options, demo),          \
        .help =                                                                                    \
            "Puts two users and a note into an empty store, makes an API key, and prints what "    \
            "to try."                                                                              \
    }
#define IGNORE_UNKNOWN_FIELDS                                                                      \
    {                                                                                              \
        .name = "ignore-unknown-fields", .kind = CLI_SWITCH,                                       \
        .offset = offsetof(struct cli_options, ignore_unknown_fields),                             \
        .help = "Passes over JSON fields that a message does not have, instead of refusing them."  \
    }
#define JSON_OMIT_DEFAULTS                                                                         \
    {                                                                                              \
        .name = "json-omit-defaults", .kind = CLI_SWITCH,                                          \
        .offset = offsetof(struct cli_options, json_omit_defaults),                                \
        .help = "Leaves zeros, empty strings, lists and maps out of answers."                      \
    }
#define JSON_PROTO_NAMES                                                                           \
    {                                                                                              \
        .name = "json-proto-names", .kind = CLI_SWITCH,                                            \
        .offset = offsetof(struct cli_options, json_proto_names),                                  \
        .help = "Names fields in answers as the .proto does: note_id, not noteId. Requests may "   \
                "have either."                                                                     \
    }
#define JSON_ENUM_NUMBERS                                                                          \
    {                                                                                              \
        .name = "json-enum-numbers", .kind = CLI_SWITCH,                                           \
        .offset = offsetof(struct cli_options, json_enum_numbers),                                 \
        .help = "Writes enums as numbers. Requests may have either."                               \
    }
#define JSON_INT64_NUMBERS                                                                         \
    {                                                                                              \
        .name = "json-int64-numbers", .kind = CLI_SWITCH,                                          \
        .offset = offsetof(struct cli_options, json_int64_numbers),                                \
        .help = "Writes integers of 64 bits as numbers up to 2^53 either side of zero, where "     \
                "JavaScript keeps them exact; larger ones in quotes, as all of them else."         \
    }
#define JSON_INDENT                                                                                \
    {                                                                                              \
        .name = "json-indent", .kind = CLI_NUMBER,                                                 \
        .offset = offsetof(struct cli_options, json_indent), .value_name = "SPACES",               \
        .initial = "0", .number_min = 0, .number_max = CLI_JSON_INDENT_MAX,                        \
        .help = "Spreads answers over lines, indented so far a level; 0 keeps them on one."        \
    }
#define JSON                                                                                       \
    JSON_OMIT_DEFAULTS, JSON_PROTO_NAMES, JSON_ENUM_NUMBERS, JSON_INT64_NUMBERS, JSON_INDENT
#define ACCESS_LOG                                                                                 \
    {                                                                                              \
        .name = "access-log", .kind = CLI_SWITCH,                                                  \
        .offset = offsetof(struct cli_options, access_log),                                        \
        .help = "Logs a line for each request over REST, those of --admin as well."                \
    }
#define CORS_ORIGIN                                                                                \
    {                                                                                              \
        .name = "cors-origin", .kind = CLI_LIST,                                                   \
        .offset = offsetof(struct cli_options, cors_origins), .value_name = "ORIGIN",              \
        .help = "Web pages that may call from a browser: https://app.example.com, "                \
                "https://*.example.com for any one label, or * for all. None when not given."      \
    }
#define CORS_HEADER                                                                                \
    {                                                                                              \
        .name = "cors-header", .kind = CLI_LIST,                                                   \
        .offset = offsetof(struct cli_options, cors_headers), .value_name = "NAME",                \
        .help = "Headers those pages may send: NAME, or PREFIX* for all that begin so. When not "  \
                "given: Authorization, Content-Type, Grpc-Metadata-*, Grpc-Timeout, X-Api-Key, "   \
                "X-Request-Id, X-Server-Timeout."                                                  \
    }
#define CORS_EXPOSE                                                                                \
    {                                                                                              \
        .name = "cors-expose", .kind = CLI_LIST,                                                   \
        .offset = offsetof(struct cli_options, cors_exposed), .value_name = "NAME",                \
        .help = "Headers of an answer that those pages may read: NAME, or PREFIX* for all that "   \
                "begin so. All when not given."                                                    \
    }
#define CORS_CREDENTIALS                                                                           \
    {                                                                                              \
        .name = "cors-credentials", .kind = CLI_SWITCH,                                            \
        .offset = offsetof(struct cli_options, cors_credentials),                                  \
        .help = "Lets those pages call with cookies and HTTP authentication; not with origin *."   \
    }
#define CORS_MAX_AGE                                                                               \
    {                                                                                              \
        .name = "cors-max-age", .kind = CLI_NUMBER,                                                \
        .offset = offsetof(struct cli_options, cors_max_age_s), .value_name = "SECONDS",           \
        .initial = "600", .number_min = 0, .number_max = CLI_CORS_MAX_AGE_S_MAX,                   \
        .help = "How long a browser may remember what a page may send."                            \
    }
#define CORS CORS_ORIGIN, CORS_HEADER, CORS_EXPOSE, CORS_CREDENTIALS, CORS_MAX_AGE
#define THREADS                                                                                    \
    {                                                                                              \
        .name = "threads", .kind = CLI_NUMBER, .offset = offsetof(struct cli_options, threads),    \
        .value_name = "N", .number_min = 1, .number_max = CLI_THREADS_MAX,                         \
        .help = "Threads that take requests, for each listener. One a core when not given."        \
    }
#define WORKERS                                                                                    \
    {                                                                                              \
        .name = "workers", .kind = CLI_NUMBER, .offset = offsetof(struct cli_options, workers),    \
        .value_name = "N", .initial = "64", .number_min = 1, .number_max = CLI_WORKERS_MAX,        \
        .help = "Threads, at most, that run what may block."                                       \
    }
#define BODY_MEMORY                                                                                \
    {                                                                                              \
        .name = "body-memory", .kind = CLI_NUMBER,                                                 \
        .offset = offsetof(struct cli_options, body_memory_mib), .value_name = "MIB",              \
        .initial = "512", .number_min = CLI_BODY_MEMORY_MIB_MIN,                                   \
        .number_max = CLI_BODY_MEMORY_MIB_MAX,                                                     \
        .help =                                                                                    \
            "Memory, in all, for the bodies of requests over REST; while it is used up, large "    \
            "ones are answered 503."                                                               \
    }
#define DRAIN_TIMEOUT                                                                              \
    {                                                                                              \
        .name = "drain-timeout", .kind = CLI_NUMBER,                                               \
        .offset = offsetof(struct cli_options, drain_timeout_s), .value_name = "SECONDS",          \
        .initial = "30", .number_min = 0, .number_max = CLI_DRAIN_TIMEOUT_S_MAX,                   \
        .help = "How long requests in flight may take to end after SIGTERM or SIGINT."             \
    }
#define LOG_LEVEL                                                                                  \
    {                                                                                              \
        .name = "log-level", .kind = CLI_CHOICE,                                                   \
        .offset = offsetof(struct cli_options, log_level), .value_name = "LEVEL",                  \
        .initial = "info", .choices = log_levels,                                                  \
        .help = "The least that is logged: debug, info, warn or error."                            \
    }

static const struct cli_flag serve_flags[] = {
    LISTEN,     GRPC,        STORE,
    STORE_WAIT, ADMIN,       ACCESS,
    LIMITS,     DEMO,        IGNORE_UNKNOWN_FIELDS,
    JSON,       CORS,        THREADS,
    WORKERS,    BODY_MEMORY, DRAIN_TIMEOUT,
    LOG_LEVEL,  ACCESS_LOG,
};
static const struct cli_flag server_flags[] = {
    GRPC, STORE,   STORE_WAIT, ADMIN_OFF,     ACCESS,    STAGE,
    DEMO, THREADS, WORKERS,    DRAIN_TIMEOUT, LOG_LEVEL, ACCESS_LOG,
};
static const struct cli_flag gateway_flags[] = {
    LISTEN,     UPSTREAM,  STORE_OF_KEYS, STORE_WAIT,   ADMIN_OFF,     ACCESS,
    LIMITS,     PROTO_SET, REFLECT,       REFLECT_WAIT, RULES,         IGNORE_UNKNOWN_FIELDS,
    JSON,       CORS,      THREADS,       BODY_MEMORY,  DRAIN_TIMEOUT, LOG_LEVEL,
    ACCESS_LOG,
};
static const struct cli_flag explain_flags[] = {
    METHOD, URL, BODY, HEADER, PROTO_SET, RULES, IGNORE_UNKNOWN_FIELDS,
};

const struct cli_flags cli_serve_flags = {serve_flags, sizeof serve_flags / sizeof *serve_flags};
const struct cli_flags cli_server_flags = {server_flags,
                                           sizeof server_flags / sizeof *server_flags};
const struct cli_flags cli_gateway_flags = {gateway_flags,
                                            sizeof gateway_flags / sizeof *gateway_flags};
const struct cli_flags cli_explain_flags = {explain_flags,
                                            sizeof explain_flags / sizeof *explain_flags};
