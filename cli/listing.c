#include "cli/listing.h"

bool cli_listing_add_json(struct cli_listing *listing, const ProtobufCMessage *item,
                          struct base_err *err)
{
    const char *before = listing->count == 0 ? "[\n" : ",\n";
    listing->count++;
    return cli_manage_print_json(listing->manage, before, item, "", err);
}

void cli_listing_keep_position(struct cli_listing *listing,
                               const Google__Protobuf__StringValue *position)
{
    snprintf(listing->position, sizeof listing->position, "%s",
             position == NULL ? "" : position->value);
}

static bool add_page(struct cli_listing *listing, const struct cli_listing_kind *kind,
                     const char *path, struct base_err *err)
{
    struct base_buf target;
    ProtobufCMessage *answer;
    base_buf_init(&target, SIZE_MAX);
    bool ok =
        cli_manage_append_path(&target, path, "", err) &&
        (listing->position[0] == '\0' ||
         cli_manage_append_path(&target, "&position=", listing->position, err)) &&
        cli_manage_call(listing->manage, "GET", target.data, NULL, kind->answer, &answer, err) &&
        kind->add(listing, answer, err);
    base_buf_dispose(&target);
    return ok;
}

bool cli_listing_run(struct cli_manage *manage, const struct cli_listing_kind *kind,
                     const char *path, struct base_err *err)
{
    struct cli_listing listing = {.manage = manage};
    bool ok;
    cli_table_init(&listing.table, kind->titles, kind->column_count);
    do {
        ok = add_page(&listing, kind, path, err);
        if (ok && !manage->prints_json) {
            cli_table_print(&listing.table, manage->out);
        }
    } while (ok && listing.position[0] != '\0');
    if (ok && manage->prints_json) {
        fputs(listing.count == 0 ? "[]\n" : "\n]\n", manage->out);
    }
    cli_table_dispose(&listing.table);
    return ok;
}
