/* Errors: one vocabulary for the whole program, the canonical gRPC codes.
 *
 * A base_err is owned by the caller and of a fixed size, so failing never allocates. A function
 * that can fail takes one last and returns bool. The code is chosen where the failure is
 * understood; callers on the way out prepend context. The message may reach a client: it says what
 * was expected, what came and where, and never how we are built. Longer messages are cut at a whole
 * UTF-8 character.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* Bytes of a message, the final NUL included. */
#define BASE_ERR_MESSAGE_SIZE 512

/* https://grpc.io/docs/guides/status-codes: the numbers are the wire's. */
enum base_code {
    BASE_OK = 0,
    BASE_CANCELLED = 1,
    BASE_UNKNOWN = 2,
    BASE_INVALID_ARGUMENT = 3,
    BASE_DEADLINE_EXCEEDED = 4,
    BASE_NOT_FOUND = 5,
    BASE_ALREADY_EXISTS = 6,
    BASE_PERMISSION_DENIED = 7,
    BASE_RESOURCE_EXHAUSTED = 8,
    BASE_FAILED_PRECONDITION = 9,
    BASE_ABORTED = 10,
    BASE_OUT_OF_RANGE = 11,
    BASE_UNIMPLEMENTED = 12,
    BASE_INTERNAL = 13,
    BASE_UNAVAILABLE = 14,
    BASE_DATA_LOSS = 15,
    BASE_UNAUTHENTICATED = 16,
};
#define BASE_CODE_COUNT 17

struct base_err {
    enum base_code code;
    char message[BASE_ERR_MESSAGE_SIZE];
};

#define BASE_MUST_CHECK __attribute__((warn_unused_result))

/* Of a function that runs seldom: its code and the branches to it stand apart from what runs. */
#define BASE_SELDOM __attribute__((cold, noinline))

/* Fills `err` and returns false, so that a failure is one line: return base_err_set(err, ...). */
bool base_err_set(struct base_err *err, enum base_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " before the message of `err`, keeping its code; returns false. */
bool base_err_wrap(struct base_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time; so it, too, knows that both return false. */
#define base_err_set(...) (base_err_set(__VA_ARGS__), false)
#define base_err_wrap(...) (base_err_wrap(__VA_ARGS__), false)
#endif

/* The code's name as gRPC writes it, "NOT_FOUND"; "UNKNOWN" for a number that is none. Static. */
const char *base_code_name(enum base_code code);

#endif
