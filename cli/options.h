/* Options: what each subcommand can be told, and its flags. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/flags.h"

/* Each subcommand reads the fields its own flags fill; the others are zero. */
struct cli_options {
    const char *listen;   /* REST: "host:port" */
    const char *grpc;     /* gRPC: "host:port" */
    const char *store;    /* "sqlite:FILE" or "mongodb://..." */
    const char *upstream; /* "host:port", or NULL */
    const char *rules;    /* a file, or NULL */
    bool reflect;
    int reflect_wait_s;
    int store_wait_s;
    struct cli_list proto_sets; /* files; none: what is compiled in is served */
    const char *method;         /* of the request to explain, as the three below */
    const char *url;
    const char *body;         /* NULL: none */
    struct cli_list headers;  /* "Name: value" */
    const char *admin;        /* "host:port", CLI_ADMIN_NONE or NULL */
    const char *admin_key_id; /* with a secret, or NULL */
    const char *admin_secret;
    const char *admin_token;     /* or NULL */
    const char *key_secret_file; /* or NULL */
    bool recoverable_keys;
    bool no_keys;
    bool require_keys;
    struct cli_list stages; /* "NAME" or "NAME=RATE,BURST" */
    const char *throttle;   /* "RATE,BURST", or NULL */
    bool quota_fail_open;
    bool demo;
    bool ignore_unknown_fields;
    bool json_omit_defaults;
    bool json_proto_names;
    bool json_enum_numbers;
    bool json_int64_numbers;
    int json_indent; /* spaces; 0: on one line */
    bool access_log;
    struct cli_list cors_origins;
    struct cli_list cors_headers;
    struct cli_list cors_exposed;
    bool cors_credentials;
    int cors_max_age_s;
    int threads; /* 0: one a core */
    int workers;
    int body_memory_mib;
    int drain_timeout_s;
    int log_level; /* an enum base_log_level */
};

/* What --admin says where there shall be no such listener. */
#define CLI_ADMIN_NONE "none"

/* Threads that --threads can ask for, and seconds of --drain-timeout. */
#define CLI_THREADS_MAX 64
#define CLI_WORKERS_MAX 1024
#define CLI_DRAIN_TIMEOUT_S_MAX 3600

/* Seconds of --reflect-wait and --store-wait. */
#define CLI_WAIT_S_MAX 86400

/* MiB of --body-memory: GW_FRONT_BODY_MEMORY_MIN, and a TiB. */
#define CLI_BODY_MEMORY_MIB_MIN 16
#define CLI_BODY_MEMORY_MIB_MAX (1024 * 1024)

/* Spaces of --json-indent: GW_INDENT_MAX. */
#define CLI_JSON_INDENT_MAX 8

/* Seconds of --cors-max-age: GW_CORS_MAX_AGE_S_MAX. */
#define CLI_CORS_MAX_AGE_S_MAX 86400

extern const struct cli_flags cli_serve_flags;
extern const struct cli_flags cli_server_flags;
extern const struct cli_flags cli_gateway_flags;
extern const struct cli_flags cli_explain_flags;

#endif
