#include "cli/manage.h"

#include "cli/help.h"
#include "cli/http_client.h"
#include "cli/suggest.h"
#include "cli/visible.h"
#include "google/protobuf/empty.pb-c.h"
#include "tollgate/admin.pb-c.h"

#include <string.h>
#include <unistd.h>

/* Verbs of one group. */
#define VERBS_MAX 16

/* Bytes of "keys create". */
#define COMMAND_SIZE 40

static void print_help(const struct cli_verbs *verbs, FILE *out)
{
    fprintf(out, "tollgate %s VERB %s.\n\n", verbs->group, verbs->does);
    for (size_t i = 0; i < verbs->count; i++) {
        fprintf(out, "  tollgate %s %-10s %s\n", verbs->group, verbs->verbs[i].name,
                verbs->verbs[i].does);
    }
    fprintf(out, "\ntollgate %s VERB --help explains its flags.\n", verbs->group);
}

static const struct cli_verb *find_verb(const struct cli_verbs *verbs, const char *name)
{
    for (size_t i = 0; i < verbs->count; i++) {
        if (strcmp(verbs->verbs[i].name, name) == 0) {
            return &verbs->verbs[i];
        }
    }
    return NULL;
}

static int refuse_verb(const struct cli_verbs *verbs, const char *name)
{
    const char *names[VERBS_MAX];
    for (size_t i = 0; i < verbs->count; i++) {
        names[i] = verbs->verbs[i].name;
    }
    const char *suggestion = cli_suggest(name, names, verbs->count);
    fprintf(stderr, "tollgate %s: there is no verb \"%s\"", verbs->group, name);
    if (suggestion != NULL) {
        fprintf(stderr, "; did you mean %s?\n", suggestion);
    } else {
        fprintf(stderr, "; tollgate %s --help lists them\n", verbs->group);
    }
    return 2;
}

static bool run_verb(const struct cli_verb *verb, const struct cli_manage_options *options,
                     struct base_err *err)
{
    struct cli_manage manage = {
        .options = options,
        .client = cli_admin_client_create(options->admin_url, options->admin_token),
        .prints_json = options->json || !isatty(STDOUT_FILENO),
        .out = stdout,
    };
    bool ok = verb->run(&manage, err);
    cli_admin_client_destroy(manage.client);
    return ok;
}

int cli_manage_main(const struct cli_verbs *verbs, int argc, const char *const *argv,
                    const struct cli_environment *environment)
{
    if (argc == 0 || cli_help_is_asked(1, argv)) {
        print_help(verbs, argc == 0 ? stderr : stdout);
        return argc == 0 ? 2 : 0;
    }
    const struct cli_verb *verb = find_verb(verbs, argv[0]);
    if (verb == NULL) {
        return refuse_verb(verbs, argv[0]);
    }
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command, "%s %s", verbs->group, verb->name);
    if (cli_help_is_asked(argc, argv)) {
        cli_help_print(&verb->flags, command, verb->does, stdout);
        return 0;
    }
    struct cli_manage_options options = {.offset = -1};
    struct base_err err;
    if (cli_flags_parse(&verb->flags, argc - 1, argv + 1, environment, &options, &err) &&
        run_verb(verb, &options, &err)) {
        return 0;
    }
    fprintf(stderr, "tollgate %s: ", command);
    cli_visible_print(err.message, stderr);
    fputc('\n', stderr);
    return err.code == BASE_INVALID_ARGUMENT ? 2 : 1;
}

/* ---- For the verbs ---- */

bool cli_manage_call(struct cli_manage *manage, const char *method, const char *path,
                     const ProtobufCMessage *request, const ProtobufCMessageDescriptor *answer,
                     ProtobufCMessage **out_answer, struct base_err *err)
{
    const struct cli_admin_call call = {
        .method = method, .path = path, .request = request, .answer = answer};
    return cli_admin_client_call(manage->client, &call, out_answer, err);
}

bool cli_manage_call_on(struct cli_manage *manage, const char *method, const char *prefix,
                        const char *id, const ProtobufCMessage *request,
                        const ProtobufCMessageDescriptor *answer, ProtobufCMessage **out_answer,
                        struct base_err *err)
{
    struct base_buf path;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, prefix, id, err) &&
              cli_manage_call(manage, method, path.data, request, answer, out_answer, err);
    base_buf_dispose(&path);
    return ok;
}

bool cli_manage_print_json(struct cli_manage *manage, const char *before,
                           const ProtobufCMessage *message, const char *behind,
                           struct base_err *err)
{
    struct base_buf json;
    base_buf_init(&json, CLI_HTTP_ANSWER_BYTES_MAX);
    bool ok = cli_admin_client_json(manage->client, message, &json, err);
    if (ok) {
        fprintf(manage->out, "%s%.*s%s", before, (int)json.len, json.data, behind);
    }
    base_buf_dispose(&json);
    return ok;
}

void cli_manage_warn(char *const *warnings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fputs("warning: ", stderr);
        cli_visible_print(warnings[i], stderr);
        fputc('\n', stderr);
    }
}

bool cli_manage_append_path(struct base_buf *path, const char *prefix, const char *id,
                            struct base_err *err)
{
    return (base_buf_append_str(path, base_str_of(prefix)) &&
            cli_http_escape(base_str_of(id), path) && base_buf_reserve(path, 1) &&
            (*base_buf_end(path) = '\0', true)) ||
           base_err_set(err, BASE_INVALID_ARGUMENT, "an argument is too long");
}

bool cli_manage_delete(struct cli_manage *manage, const char *prefix, const char *id,
                       struct base_err *err)
{
    ProtobufCMessage *answer;
    bool ok = cli_manage_call_on(manage, "DELETE", prefix, id, NULL,
                                 &google__protobuf__empty__descriptor, &answer, err);
    if (ok && !manage->prints_json) {
        fputs("deleted\n", manage->out);
    }
    return ok;
}

bool cli_manage_add_key(struct cli_manage *manage, const char *plan_id, const char *key_id,
                        struct base_err *err)
{
    Tollgate__Admin__CreateUsagePlanKeyRequest request =
        TOLLGATE__ADMIN__CREATE_USAGE_PLAN_KEY_REQUEST__INIT;
    request.key_id = (char *)(uintptr_t)key_id;
    request.key_type = "API_KEY";
    struct base_buf path;
    ProtobufCMessage *answer;
    base_buf_init(&path, SIZE_MAX);
    bool ok = cli_manage_append_path(&path, "/usageplans/", plan_id, err) &&
              cli_manage_append_path(&path, "/keys", "", err) &&
              cli_manage_call(manage, "POST", path.data, &request.base,
                              &tollgate__admin__usage_plan_key__descriptor, &answer, err);
    base_buf_dispose(&path);
    return ok;
}
