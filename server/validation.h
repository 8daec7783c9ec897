/* Validation: everything that is wrong with a request, told at once.
 *
 * A handler starts one, checks its fields and ends it: with violations the call fails with
 * INVALID_ARGUMENT, the message names them all and a google.rpc.BadRequest detail lists them by
 * field path ("note.title"). Descriptions name the field by the last part of its path, as a REST
 * caller may have sent the inner message alone. Lives on the stack of one handler.
 */
#ifndef SERVER_VALIDATION_H
#define SERVER_VALIDATION_H

#include "rpc/context.h"

/* Violations told of one request, and bytes of one description; a longer one is cut. */
#define SRV_VALIDATION_VIOLATIONS_MAX 16
#define SRV_VALIDATION_TEXT_SIZE 192

/* Bytes of a caller's text that a message quotes. */
#define SRV_VALIDATION_QUOTE_BYTES_MAX 64

struct srv_validation {
    struct rpc_context *ctx;
    size_t count;
    struct srv_violation {
        const char *field;
        char text[SRV_VALIDATION_TEXT_SIZE];
    } violations[SRV_VALIDATION_VIOLATIONS_MAX];
};

/* Starts with no violations. Borrows `ctx`. */
void srv_validation_init(struct srv_validation *validation, struct rpc_context *ctx);

/* Records that `field` (static text) is wrong. */
void srv_validation_add(struct srv_validation *validation, const char *field, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/* Records a violation where `value` is empty. */
void srv_validation_required(struct srv_validation *validation, const char *field,
                             const char *value);

/* Records a violation where `value` is longer than `bytes_max`. */
void srv_validation_bytes_max(struct srv_validation *validation, const char *field,
                              const char *value, size_t bytes_max);

/* Succeeds where nothing was recorded. */
bool srv_validation_end(const struct srv_validation *validation,
                        struct base_err *err) BASE_MUST_CHECK;

/* The beginning of `text` that a message may quote, cut at a whole character. */
struct base_str srv_validation_quote(const char *text);

#endif
