/* protoc-c splits a full name at its dots, changes each piece and joins them with "__". A piece
 * becomes camel case by dropping underscores and raising the letter after each; it becomes lower
 * case by putting "_" before a capital that follows a letter which is none. So "HTTPInfo" is
 * "httpinfo": odd, but the name must be the one protoc-c gave. */
#include "tools/gen_name.h"

#include "base/buf.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

/* Keywords of C11, and the macros of stdbool.h. */
static const char *const keywords[] = {
    "auto",  "bool",     "break",  "case",     "char",   "const",    "continue", "default",
    "do",    "double",   "else",   "enum",     "extern", "false",    "float",    "for",
    "goto",  "if",       "inline", "int",      "long",   "register", "restrict", "return",
    "short", "signed",   "sizeof", "static",   "struct", "switch",   "true",     "typedef",
    "union", "unsigned", "void",   "volatile", "while",
};

/* What a service's or a file's prefix is followed by in names that are not a method's. */
static const char *const taken_names[] = {"descriptor_set", "service"};

const char *gen_name_printf(struct base_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *out = base_arena_alloc(arena, (size_t)len + 1);
    assert(out != NULL);
    vsnprintf(out, (size_t)len + 1, format, again);
    va_end(again);
    return out;
}

/* Both work on ASCII whatever the locale, as names in .proto files are ASCII. */
static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char to_lower(char c)
{
    return is_capital(c) ? (char)(c - 'A' + 'a') : c;
}

static char to_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Returns room for `name` made longer by its pieces' separators and underscores. */
static char *room_for(struct base_arena *arena, const char *name)
{
    char *out = base_arena_alloc(arena, 2 * strlen(name) + 1);
    assert(out != NULL);
    return out;
}

/* Stores `text` without its NUL; returns the end. */
static char *put(char *end, const char *text)
{
    size_t len = strlen(text);
    memcpy(end, text, len);
    return end + len;
}

/* With `collapses`, "_" is not put where one stands already, as protoc-c does. */
static const char *lower_pieces(struct base_arena *arena, const char *name, const char *separator,
                                bool collapses)
{
    char *out = room_for(arena, name);
    char *end = out;
    char last = 'A'; /* no "_" before the first letter of a piece */
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '.') {
            end = put(end, separator);
            last = 'A';
            continue;
        }
        if (is_capital(*c) && !is_capital(last) && !(collapses && last == '_')) {
            *end++ = '_';
        }
        *end++ = to_lower(*c);
        last = *c;
    }
    *end = '\0';
    return out;
}

const char *gen_name_type(struct base_arena *arena, const char *full_name)
{
    char *out = room_for(arena, full_name);
    char *end = out;
    bool raise_next = true;
    for (const char *c = full_name; *c != '\0'; c++) {
        if (*c == '.') {
            end = put(end, "__");
            raise_next = true;
        } else if (*c == '_') {
            raise_next = true;
        } else {
            *end++ = raise_next ? to_upper(*c) : *c;
            raise_next = false;
        }
    }
    *end = '\0';
    return out;
}

const char *gen_name_descriptor(struct base_arena *arena, const char *full_name)
{
    return gen_name_printf(arena, "%s__descriptor", lower_pieces(arena, full_name, "__", false));
}

const char *gen_name_service(struct base_arena *arena, const char *full_name)
{
    return lower_pieces(arena, full_name, "_", true);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool gen_name_is_keyword(const char *c_name)
{
    return is_one_of(c_name, keywords, sizeof keywords / sizeof *keywords);
}

const char *gen_name_method(struct base_arena *arena, const char *name)
{
    const char *lower = lower_pieces(arena, name, "", true);
    bool is_taken = is_one_of(lower, taken_names, sizeof taken_names / sizeof *taken_names);
    return is_taken ? gen_name_printf(arena, "%s_", lower) : lower;
}

const char *gen_name_stem(struct base_arena *arena, const char *file_name)
{
    struct base_str name = base_str_of(file_name);
    if (base_str_ends_with(name, BASE_STR(".protodevel"))) {
        name.len -= strlen(".protodevel");
    } else if (base_str_ends_with(name, BASE_STR(".proto"))) {
        name.len -= strlen(".proto");
    }
    return gen_name_printf(arena, "%.*s", BASE_STR_ARGS(name));
}

const char *gen_name_file(struct base_arena *arena, const char *stem)
{
    char *out = room_for(arena, stem);
    char *end = out;
    for (const char *c = stem; *c != '\0'; c++) {
        *end++ = isalnum((unsigned char)*c) ? *c : '_';
    }
    *end = '\0';
    return out;
}

const char *gen_name_guard(struct base_arena *arena, const char *stem)
{
    char *upper = room_for(arena, stem);
    char *end = upper;
    for (const char *c = gen_name_file(arena, stem); *c != '\0'; c++) {
        *end++ = to_upper(*c);
    }
    *end = '\0';
    return gen_name_printf(arena, "%s_TG_H", upper);
}
