/* CSV: records of fields, one after another (RFC 4180).
 *
 * Fields are separated by commas, records by CRLF or LF; a field in double quotes may hold all
 * three, and a quote as two. Lines without a character are passed over, and so is a byte order
 * mark. Any thread; one at a time for a reader.
 */
#ifndef SERVER_CSV_H
#define SERVER_CSV_H

#include "rpc/context.h"

/* Fields of one record. */
#define SRV_CSV_FIELDS_MAX 32

struct srv_csv {
    struct base_str rest;
    size_t line; /* of `rest`, from 1 */
};

struct srv_csv_record {
    size_t line;                      /* where it begins */
    char *fields[SRV_CSV_FIELDS_MAX]; /* NUL-terminated; they live as long as the call */
    size_t count;
};

/* Starts at the beginning of `text`, which is borrowed. */
void srv_csv_init(struct srv_csv *csv, struct base_str text);

/* Reads the next record; out_done is set where there is none. INVALID_ARGUMENT, naming the line,
 * for a quote that is not closed or stands in the wrong place, for a NUL or what is not UTF-8, and
 * past SRV_CSV_FIELDS_MAX. */
bool srv_csv_next(struct srv_csv *csv, struct rpc_context *ctx, struct srv_csv_record *out_record,
                  bool *out_done, struct base_err *err) BASE_MUST_CHECK;

#endif
