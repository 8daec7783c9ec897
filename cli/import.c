#include "cli/import.h"

#include "base/file.h"
#include "cli/table.h"
#include "tollgate/admin.pb-c.h"

static const char *const titles[] = {"ID"};

static bool read_file(const char *path, struct base_buf *out, struct base_err *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    if (!(is_stdin ? base_file_read_stdin(out, err) : base_file_read(path, out, err))) {
        return false;
    }
    return out->len > 0 || base_err_set(err, BASE_INVALID_ARGUMENT, "%s is empty",
                                        is_stdin ? "standard input" : path);
}

/* For a person: the ids, in the order of the lines, and how many there are. */
static void print_ids(const Tollgate__Admin__ApiKeyIds *answer, FILE *out)
{
    struct cli_table table;
    cli_table_init(&table, titles, 1);
    for (size_t i = 0; i < answer->n_ids; i++) {
        const char *cell = answer->ids[i];
        cli_table_add(&table, &cell);
    }
    if (answer->n_ids > 0) {
        cli_table_print(&table, out);
    }
    cli_table_dispose(&table);
    fprintf(out, "%zu imported\n", answer->n_ids);
}

static bool send_file(struct cli_manage *manage, struct base_str csv, struct base_err *err)
{
    const struct cli_admin_call call = {
        .method = "POST",
        .path = manage->options->fails_on_warnings
                    ? "/apikeys?mode=import&format=csv&failonwarnings=true"
                    : "/apikeys?mode=import&format=csv",
        .csv = csv,
        .answer = &tollgate__admin__api_key_ids__descriptor,
    };
    ProtobufCMessage *message;
    if (!cli_admin_client_call(manage->client, &call, &message, err)) {
        return false;
    }
    const Tollgate__Admin__ApiKeyIds *answer = (const Tollgate__Admin__ApiKeyIds *)message;
    cli_manage_warn(answer->warnings, answer->n_warnings);
    if (manage->prints_json) {
        return cli_manage_print_json(manage, "", message, "\n", err);
    }
    print_ids(answer, manage->out);
    return true;
}

bool cli_import_run(struct cli_manage *manage, struct base_err *err)
{
    struct base_buf csv;
    base_buf_init(&csv, CLI_IMPORT_BYTES_MAX);
    bool ok =
        read_file(manage->options->file, &csv, err) && send_file(manage, base_buf_str(&csv), err);
    base_buf_dispose(&csv);
    return ok;
}
