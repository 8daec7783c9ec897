/* Listing: a list of the admin API, printed page by page: a table, or one JSON array. Startup
 * thread. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/manage.h"
#include "cli/table.h"
#include "google/protobuf/wrappers.pb-c.h"

/* Items that are asked for at once: what the listener gives at most. */
#define CLI_LISTING_PAGE_SIZE 500

/* Bytes of a position. */
#define CLI_LISTING_POSITION_SIZE 512

struct cli_listing;

/* What is listed. */
struct cli_listing_kind {
    const char *const *titles; /* of the table's columns */
    size_t column_count;
    const ProtobufCMessageDescriptor *answer;
    /* Adds a page's items, one by one, and keeps its position. */
    bool (*add)(struct cli_listing *listing, const ProtobufCMessage *page, struct base_err *err);
};

struct cli_listing {
    struct cli_manage *manage;
    struct cli_table table;
    size_t count;                             /* of items printed as JSON */
    char position[CLI_LISTING_POSITION_SIZE]; /* of the next page; "" when there is none */
};

/* Asks for page after page of `path`, which has a query already, and prints them. */
bool cli_listing_run(struct cli_manage *manage, const struct cli_listing_kind *kind,
                     const char *path, struct base_err *err) BASE_MUST_CHECK;

/* ---- For `add` ---- */

/* Prints an item as JSON. */
bool cli_listing_add_json(struct cli_listing *listing, const ProtobufCMessage *item,
                          struct base_err *err) BASE_MUST_CHECK;

void cli_listing_keep_position(struct cli_listing *listing,
                               const Google__Protobuf__StringValue *position);

#endif
