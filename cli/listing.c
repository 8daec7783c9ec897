#include "cli/listing.h"

#include <stdio.h>

/* A listing under way. */
struct listing {
    struct cli_manage *manage;
    const struct cli_listing_kind *kind;
    struct cli_table table;
    size_t count;                             /* of items printed as JSON */
    char position[CLI_LISTING_POSITION_SIZE]; /* of the next page; "" when there is none */
};

static bool add_item(struct listing *listing, const ProtobufCMessage *item, struct base_err *err)
{
    if (!listing->manage->prints_json) {
        return listing->kind->add_rows(&listing->table, item, err);
    }
    const char *before = listing->count == 0 ? "[\n" : ",\n";
    listing->count++;
    return cli_manage_print_json(listing->manage, before, item, "", err);
}

static bool add_items(struct listing *listing, const ProtobufCMessage *answer, struct base_err *err)
{
    struct cli_listing_page page;
    listing->kind->read(answer, &page);
    snprintf(listing->position, sizeof listing->position, "%s",
             page.position == NULL ? "" : page.position->value);
    const ProtobufCMessage *const *items = page.items == NULL ? &answer : page.items;
    for (size_t i = 0; i < page.count; i++) {
        if (!add_item(listing, items[i], err)) {
            return false;
        }
    }
    return true;
}

static bool add_page(struct listing *listing, const char *path, struct base_err *err)
{
    struct base_buf target;
    ProtobufCMessage *answer;
    base_buf_init(&target, SIZE_MAX);
    bool ok = cli_manage_append_path(&target, path, "", err) &&
              (listing->position[0] == '\0' ||
               cli_manage_append_path(&target, "&position=", listing->position, err)) &&
              cli_manage_call(listing->manage, "GET", target.data, NULL, listing->kind->answer,
                              &answer, err) &&
              add_items(listing, answer, err);
    base_buf_dispose(&target);
    return ok;
}

bool cli_listing_run(struct cli_manage *manage, const struct cli_listing_kind *kind,
                     const char *path, struct base_err *err)
{
    struct listing listing = {.manage = manage, .kind = kind};
    bool ok;
    cli_table_init(&listing.table, kind->titles, kind->column_count);
    do {
        ok = add_page(&listing, path, err);
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
