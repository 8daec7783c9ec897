#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [BASE_OK] = "OK",
    [BASE_CANCELLED] = "CANCELLED",
    [BASE_UNKNOWN] = "UNKNOWN",
    [BASE_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [BASE_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [BASE_NOT_FOUND] = "NOT_FOUND",
    [BASE_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [BASE_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [BASE_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [BASE_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [BASE_ABORTED] = "ABORTED",
    [BASE_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [BASE_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [BASE_INTERNAL] = "INTERNAL",
    [BASE_UNAVAILABLE] = "UNAVAILABLE",
    [BASE_DATA_LOSS] = "DATA_LOSS",
    [BASE_UNAUTHENTICATED] = "UNAUTHENTICATED",
};
_Static_assert(sizeof code_names / sizeof *code_names == BASE_CODE_COUNT, "one name a code");

/* Writes like vsnprintf; when the text was cut, drops the character the cut went through. */
static void format_whole_characters(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void format_whole_characters(char *out, size_t size, const char *format, va_list args)
{
    int wanted = vsnprintf(out, size, format, args);
    if (wanted < 0 || (size_t)wanted < size) {
        return;
    }
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)out[end - 1] & 0xC0) == 0x80) {
        end--;
    }
    if (end > 0 && (unsigned char)out[end - 1] >= 0xC0) {
        end--;
    }
    if (end < size - 1) {
        out[end] = '\0';
    }
}

bool(base_err_set)(struct base_err *err, enum base_code code, const char *format, ...)
{
    err->code = code;
    va_list args;
    va_start(args, format);
    format_whole_characters(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

static void join(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void join(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    format_whole_characters(out, size, format, args);
    va_end(args);
}

bool(base_err_wrap)(struct base_err *err, const char *format, ...)
{
    char inner[BASE_ERR_MESSAGE_SIZE];
    memcpy(inner, err->message, sizeof inner);
    char context[BASE_ERR_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    format_whole_characters(context, sizeof context, format, args);
    va_end(args);
    join(err->message, sizeof err->message, "%s: %s", context, inner);
    return false;
}

const char *base_code_name(enum base_code code)
{
    return (unsigned)code < BASE_CODE_COUNT ? code_names[code] : "UNKNOWN";
}
