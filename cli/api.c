#include "cli/api.h"

#include "base/file.h"
#include "google/rpc/error_details.tg.h"
#include "google/rpc/status.tg.h"
#include "library/v1/library.tg.h"
#include "notes/v1/notes.tg.h"

static void add_set(struct cli_api *api, struct gw_descriptor_set set)
{
    api->sets[api->set_count++] = set;
}

static struct base_buf *new_bytes(struct cli_api *api)
{
    struct base_buf *bytes = &api->bytes[api->bytes_count++];
    base_buf_init(bytes, GW_SCHEMA_SET_BYTES_MAX);
    return bytes;
}

static bool read_set(struct cli_api *api, const char *path, struct base_err *err)
{
    struct base_buf *bytes = new_bytes(api);
    if (!base_file_read(path, bytes, err)) {
        return base_err_wrap(err, "--proto-set");
    }
    add_set(api, (struct gw_descriptor_set){.name = path, .bytes = base_buf_str(bytes)});
    return true;
}

static bool fetch_set(struct cli_api *api, const struct cli_reflection *reflection,
                      struct base_err *err)
{
    struct base_buf *bytes = new_bytes(api);
    if (!cli_reflection_fetch(reflection, bytes, err)) {
        return base_err_wrap(err, "--reflect");
    }
    add_set(api, (struct gw_descriptor_set){.name = "--reflect", .bytes = base_buf_str(bytes)});
    return true;
}

static void add_compiled_in(struct cli_api *api)
{
    add_set(api, (struct gw_descriptor_set){.bytes = library_v1_library_descriptor_set});
    add_set(api, (struct gw_descriptor_set){.bytes = notes_v1_notes_descriptor_set});
}

/* What errors carry inside an Any, so that no service's file need import it; one that has its own
 * copy is served with that. */
static void add_error_details(struct cli_api *api)
{
    add_set(api,
            (struct gw_descriptor_set){.bytes = google_rpc_status_descriptor_set, .yields = true});
    add_set(api, (struct gw_descriptor_set){.bytes = google_rpc_error_details_descriptor_set,
                                            .yields = true});
}

static bool read_sets(struct cli_api *api, const struct cli_options *options,
                      const struct cli_reflection *reflection, struct base_err *err)
{
    const struct cli_list *paths = &options->proto_sets;
    if (options->reflect) {
        return paths->count == 0
                   ? fetch_set(api, reflection, err)
                   : base_err_set(err, BASE_INVALID_ARGUMENT,
                                  "expected either --proto-set or --reflect, found both");
    }
    for (size_t i = 0; i < paths->count; i++) {
        if (!read_set(api, paths->items[i], err)) {
            return false;
        }
    }
    if (paths->count == 0) {
        add_compiled_in(api);
    }
    return true;
}

static bool read_rules(struct cli_api *api, const char *path, struct base_err *err)
{
    if (path == NULL) {
        return true;
    }
    struct base_buf text;
    base_buf_init(&text, GW_RULES_FILE_BYTES_MAX);
    if (!base_file_read(path, &text, err)) {
        base_err_wrap(err, "--rules");
    } else {
        api->rules = gw_rules_parse(path, base_buf_str(&text), err);
    }
    base_buf_dispose(&text);
    return api->rules != NULL;
}

bool cli_api_read(struct cli_api *api, const struct cli_options *options,
                  const struct cli_reflection *reflection, struct base_err *err)
{
    *api = (struct cli_api){0};
    if (!read_sets(api, options, reflection, err) || !read_rules(api, options->rules, err)) {
        cli_api_dispose(api);
        return false;
    }
    add_error_details(api);
    return true;
}

void cli_api_dispose(struct cli_api *api)
{
    for (size_t i = 0; i < api->bytes_count; i++) {
        base_buf_dispose(&api->bytes[i]);
    }
    gw_rules_destroy(api->rules);
}

_Static_assert(CLI_JSON_INDENT_MAX <= GW_INDENT_MAX, "--json-indent holds for the transcoder");

struct gw_transcode_options cli_api_json(const struct cli_options *options)
{
    return (struct gw_transcode_options){
        .ignore_unknown_fields = options->ignore_unknown_fields,
        .print_defaults = !options->json_omit_defaults,
        .print_proto_names = options->json_proto_names,
        .print_enum_numbers = options->json_enum_numbers,
        .print_int64_numbers = options->json_int64_numbers,
        .indent = options->json_indent,
    };
}
