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

/* A page of an answer, borrowed from it. */
struct cli_listing_page {
    const Google__Protobuf__StringValue *position; /* of the next one, or NULL */
    void *items; /* pointers to messages; NULL: the answer itself */
    size_t count;
};

/* What is listed. */
struct cli_listing_kind {
    const char *const *titles; /* of the table's columns */
    size_t column_count;
    const ProtobufCMessageDescriptor *answer;
    void (*read)(const ProtobufCMessage *answer, struct cli_listing_page *out);
    /* Adds what the table has of one item. */
    bool (*add_rows)(struct cli_table *table, const ProtobufCMessage *item, struct base_err *err);
};

/* Asks for page after page of `path`, which has a query already, and prints them. */
bool cli_listing_run(struct cli_manage *manage, const struct cli_listing_kind *kind,
                     const char *path, struct base_err *err) BASE_MUST_CHECK;

#endif
