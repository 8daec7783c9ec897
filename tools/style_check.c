/* Each rule is one function over the whole source; the tables above the rules are the policy. */
#include "tools/style_check.h"

#include "tools/style_source.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

struct check {
    struct style_source source;
    struct style_sink *sink;
};

static const struct banned_call {
    const char *name;
    const char *instead;
    const char *allowed_in[2]; /* beginnings of paths, or NULL */
} banned_calls[] = {
    {"malloc", "base/mem.h", {"base/mem.c", "tests/"}},
    {"calloc", "base/mem.h", {"base/mem.c", "tests/"}},
    {"realloc", "base/mem.h", {"base/mem.c", "tests/"}},
    {"reallocarray", "base/mem.h", {"tests/"}},
    {"aligned_alloc", "base/mem.h", {"tests/"}},
    {"posix_memalign", "base/mem.h", {"tests/"}},
    {"free", "base/mem.h", {"base/mem.c", "tests/"}},
    {"strdup", "base/mem.h", {"tests/"}},
    {"strndup", "base/mem.h", {"tests/"}},
    {"asprintf", "base/buf.h", {NULL}},
    {"vasprintf", "base/buf.h", {NULL}},
    {"alloca", "an arena", {NULL}},
    {"strcpy", "a length and memcpy", {NULL}},
    {"strncpy", "a length and memcpy", {NULL}},
    {"stpcpy", "a length and memcpy", {NULL}},
    {"strcat", "base/buf.h", {NULL}},
    {"strncat", "base/buf.h", {NULL}},
    {"sprintf", "snprintf", {NULL}},
    {"vsprintf", "vsnprintf", {NULL}},
    {"gets", "fgets", {NULL}},
    {"strtok", "a struct base_str that moves", {NULL}},
    {"strtok_r", "a struct base_str that moves", {NULL}},
    {"atoi", "a parser that can refuse", {"tests/"}},
    {"atol", "a parser that can refuse", {"tests/"}},
    {"atoll", "a parser that can refuse", {"tests/"}},
    {"atof", "a parser that can refuse", {"tests/"}},
    {"scanf", "a parser that can refuse", {"tests/"}},
    {"sscanf", "a parser that can refuse", {"tests/"}},
    {"fscanf", "a parser that can refuse", {"tests/"}},
    {"setjmp", "a bool and a struct base_err", {NULL}},
    {"longjmp", "a bool and a struct base_err", {NULL}},
    {"rand", "base/random.h", {NULL}},
    {"srand", "base/random.h", {NULL}},
    {"localtime", "base/clock.h", {NULL}},
    {"gmtime", "gmtime_r", {NULL}},
};

/* Dependencies point one way: base <- messages <- rpc <- services <- {gateway, server} <- cli. What
 * a folder's files may include by a quoted path is what starts with one of these. */
static const struct layer {
    const char *folder;
    const char *may_include[10];
} layers[] = {
    {"base/", {"base/"}},
    {"rpc/", {"base/", "google/", "grpc/reflection/", "rpc/"}},
    {"gateway/", {"base/", "google/", "tollgate/", "rpc/", "gateway/"}},
    {"server/", {"base/", "google/", "library/", "notes/", "tollgate/", "rpc/", "server/"}},
    {"tools/", {"base/", "google/", "tollgate/", "rpc/", "gateway/", "tools/"}},
    {"cli/",
     {"base/", "google/", "library/", "notes/", "tollgate/", "rpc/", "gateway/", "server/",
      "cli/"}},
};

/* A foreign library's headers appear in its adapter and nowhere else; tests may use them. */
static const struct adapter {
    const char *header; /* or a folder of them */
    const char *allowed_in[4];
} adapters[] = {
    {"curl/", {"cli/http_client"}},
    {"h2o.h", {"gateway/front_h2o"}},
    {"h2o/", {"gateway/front_h2o"}},
    /* The last has the messages of grpc/reflection, which are gen's. */
    {"grpc/", {"rpc/listener_grpc", "rpc/channel_grpc", "rpc/grpc_core", "rpc/reflection_client"}},
    {"openssl/", {"base/digest", "base/seal"}},
    {"sqlite3.h", {"server/store_sqlite"}},
    {"yaml.h", {"gateway/rules_yaml"}},
    {"mongoc/", {"server/mongo_client", "server/mongo_stream"}},
    {"bson/", {"server/store_mongo", "server/mongo_", "server/bson_"}},
};

static const char *const forbidden_words[] = {"TODO", "FIXME", "XXX", "HACK"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void report(struct check *check, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void report(struct check *check, size_t line, const char *format, ...)
{
    char message[STYLE_MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    check->sink->on_finding(check->sink, check->source.path, line + 1, message);
}

static bool path_starts_with(const struct check *check, const char *prefix)
{
    return base_str_starts_with(base_str_of(check->source.path), base_str_of(prefix));
}

static bool starts_with_one_of(struct base_str text, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count && prefixes[i] != NULL; i++) {
        if (base_str_starts_with(text, base_str_of(prefixes[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_header(const struct check *check)
{
    return base_str_ends_with(base_str_of(check->source.path), BASE_STR(".h"));
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Where `word` next stands alone in `line` from `from` on; line.len when nowhere. */
static size_t find_word(struct base_str line, const char *word, size_t from)
{
    size_t len = strlen(word);
    for (size_t at = from; at + len <= line.len; at++) {
        bool starts = at == 0 || !is_word_char(line.data[at - 1]);
        bool ends = at + len == line.len || !is_word_char(line.data[at + len]);
        if (starts && ends && memcmp(line.data + at, word, len) == 0) {
            return at;
        }
    }
    return line.len;
}

static size_t columns_of(struct base_str line)
{
    size_t columns = 0;
    for (size_t at = 0; at < line.len; at++) {
        columns += ((unsigned char)line.data[at] & 0xC0) != 0x80; /* one a UTF-8 character */
    }
    return columns;
}

static void check_lengths(struct check *check)
{
    const struct style_source *source = &check->source;
    if (source->line_count > STYLE_FILE_LINES_MAX) {
        report(check, STYLE_FILE_LINES_MAX, "the file has %zu lines, at most %d are allowed",
               source->line_count, STYLE_FILE_LINES_MAX);
    }
    for (size_t i = 0; i < source->line_count; i++) {
        size_t columns = columns_of(style_source_line(source, i));
        if (columns > STYLE_LINE_COLUMNS_MAX) {
            report(check, i, "the line has %zu columns, at most %d are allowed", columns,
                   STYLE_LINE_COLUMNS_MAX);
        }
    }
}

/* Whether the lines above `line`, up to the next empty one, carry the marker of a long function. */
static bool is_marked_long(const struct style_source *source, size_t line)
{
    for (size_t i = line; i-- > 0;) {
        struct base_str text = style_source_line(source, i);
        if (text.len == 0) {
            return false;
        }
        if (memmem(text.data, text.len, STYLE_LONG_MARKER, strlen(STYLE_LONG_MARKER)) != NULL) {
            return true;
        }
    }
    return false;
}

static void check_functions(struct check *check)
{
    const struct style_source *source = &check->source;
    size_t start = 0;
    for (size_t i = 0; i < source->line_count; i++) {
        struct base_str line = style_source_code_line(source, i);
        if (base_str_eq(line, BASE_STR("{"))) {
            start = i;
        }
        size_t lines = i - start + 1;
        if (base_str_eq(line, BASE_STR("}")) && lines > STYLE_FUNCTION_LINES_MAX &&
            !is_marked_long(source, start)) {
            report(check, start, "the function has %zu lines, at most %d are allowed", lines,
                   STYLE_FUNCTION_LINES_MAX);
        }
    }
}

/* Whether the word that ends at `end` is called there, and not as a member of something. */
static bool is_call(struct base_str line, size_t start, size_t end)
{
    bool is_member = (start >= 1 && line.data[start - 1] == '.') ||
                     (start >= 2 && memcmp(line.data + start - 2, "->", 2) == 0);
    return !is_member && end < line.len && line.data[end] == '(';
}

static void check_banned_call(struct check *check, size_t i, const struct banned_call *banned)
{
    struct base_str line = style_source_code_line(&check->source, i);
    size_t len = strlen(banned->name);
    for (size_t at = find_word(line, banned->name, 0); at < line.len;
         at = find_word(line, banned->name, at + len)) {
        if (is_call(line, at, at + len)) {
            report(check, i, "%s is banned: use %s", banned->name, banned->instead);
        }
    }
}

static void check_banned_calls(struct check *check)
{
    for (size_t b = 0; b < COUNT(banned_calls); b++) {
        const struct banned_call *banned = &banned_calls[b];
        if (starts_with_one_of(base_str_of(check->source.path), banned->allowed_in,
                               COUNT(banned->allowed_in))) {
            continue;
        }
        for (size_t i = 0; i < check->source.line_count; i++) {
            check_banned_call(check, i, banned);
        }
    }
}

/* Whether a line names a type of ours with struct, union or enum and a _t at its end. The
 * tags of h2o and libbson are let pass. */
static bool names_a_t(struct base_str line, const char *keyword)
{
    size_t at = find_word(line, keyword, 0);
    if (at == line.len) {
        return false;
    }
    size_t start = at + strlen(keyword);
    while (start < line.len && line.data[start] == ' ') {
        start++;
    }
    size_t end = start;
    while (end < line.len && is_word_char(line.data[end])) {
        end++;
    }
    struct base_str name = base_str_make(line.data + start, end - start);
    return base_str_ends_with(name, BASE_STR("_t")) &&
           !base_str_starts_with(name, BASE_STR("st_h2o_")) &&
           !base_str_starts_with(name, BASE_STR("_"));
}

static void check_names(struct check *check)
{
    for (size_t i = 0; i < check->source.line_count; i++) {
        struct base_str line = style_source_code_line(&check->source, i);
        if (find_word(line, "typedef", 0) < line.len) {
            report(check, i, "typedef is not used here: name the struct, or spell the type out");
        }
        if (names_a_t(line, "struct") || names_a_t(line, "union") || names_a_t(line, "enum")) {
            report(check, i, "names ending in _t belong to libraries");
        }
    }
}

static void check_words(struct check *check)
{
    for (size_t w = 0; w < COUNT(forbidden_words); w++) {
        for (size_t i = 0; i < check->source.line_count; i++) {
            struct base_str line = style_source_line(&check->source, i);
            struct base_str code = style_source_code_line(&check->source, i);
            size_t at = find_word(line, forbidden_words[w], 0);
            if (at < line.len && code.data[at] == ' ') {
                report(check, i, "%s: open an issue instead", forbidden_words[w]);
            }
        }
    }
}

/* Gives the path of an #include and whether it is quoted; false where the line is none. */
static bool read_include(const struct style_source *source, size_t i, struct base_str *out_path,
                         bool *out_quoted)
{
    struct base_str line = style_source_line(source, i);
    struct base_str directive = BASE_STR("#include ");
    if (!base_str_starts_with(style_source_code_line(source, i), directive)) {
        return false;
    }
    const char *open = line.data + directive.len;
    const char *end = line.data + line.len;
    if (open == end || (*open != '"' && *open != '<')) {
        return false;
    }
    const char *close = memchr(open + 1, *open == '"' ? '"' : '>', (size_t)(end - open - 1));
    if (close == NULL) {
        return false;
    }
    *out_path = base_str_make(open + 1, (size_t)(close - open - 1));
    *out_quoted = *open == '"';
    return true;
}

static void check_layer(struct check *check, size_t i, struct base_str path)
{
    for (size_t l = 0; l < COUNT(layers); l++) {
        const struct layer *layer = &layers[l];
        if (path_starts_with(check, layer->folder) &&
            !starts_with_one_of(path, layer->may_include, COUNT(layer->may_include))) {
            report(check, i, "%s may not include \"%.*s\"", layer->folder, BASE_STR_ARGS(path));
        }
    }
}

static void check_adapter(struct check *check, size_t i, struct base_str path)
{
    struct base_str own_path = base_str_of(check->source.path);
    for (size_t a = 0; a < COUNT(adapters); a++) {
        const struct adapter *adapter = &adapters[a];
        if (base_str_starts_with(path, base_str_of(adapter->header)) &&
            !starts_with_one_of(own_path, adapter->allowed_in, COUNT(adapter->allowed_in))) {
            report(check, i, "<%.*s> stands only in %s*", BASE_STR_ARGS(path),
                   adapter->allowed_in[0]);
        }
    }
}

static void check_includes(struct check *check)
{
    bool is_test = path_starts_with(check, "tests/");
    for (size_t i = 0; i < check->source.line_count; i++) {
        struct base_str path;
        bool quoted;
        if (!read_include(&check->source, i, &path, &quoted)) {
            continue;
        }
        if (quoted) {
            check_layer(check, i, path);
        }
        if (!is_test) {
            check_adapter(check, i, path);
        }
    }
}

/* "gateway/front_h2o.h" is guarded by GATEWAY_FRONT_H2O_H, "tests/e2e/http.h" by E2E_HTTP_H. */
static void guard_of(const char *path, char *out, size_t size)
{
    const char *tests = "tests/";
    path += strncmp(path, tests, strlen(tests)) == 0 ? strlen(tests) : 0;
    size_t at = 0;
    for (; path[at] != '\0' && at + 1 < size; at++) {
        unsigned char c = (unsigned char)path[at];
        out[at] = (char)(isalnum(c) ? toupper(c) : '_');
    }
    out[at] = '\0';
}

static void check_guard(struct check *check, size_t first, const char *guard)
{
    char wanted[2][STYLE_MESSAGE_SIZE];
    snprintf(wanted[0], sizeof wanted[0], "#ifndef %s", guard);
    snprintf(wanted[1], sizeof wanted[1], "#define %s", guard);
    for (size_t i = 0; i < 2; i++) {
        if (first + i >= check->source.line_count ||
            !base_str_eq(style_source_line(&check->source, first + i), base_str_of(wanted[i]))) {
            report(check, first, "after its manual a header goes on with %s and %s", wanted[0],
                   wanted[1]);
            return;
        }
    }
}

/* A header opens with its manual, a comment, and its guard follows. */
static void check_header(struct check *check)
{
    const struct style_source *source = &check->source;
    if (source->line_count == 0 ||
        !base_str_starts_with(style_source_line(source, 0), BASE_STR("/* "))) {
        report(check, 0, "a header opens with its manual, a /* comment");
        return;
    }
    size_t first = 0;
    while (first < source->line_count) {
        struct base_str code = style_source_code_line(source, first);
        if (code.len > 0 && code.data[0] == '#') {
            break;
        }
        first++;
    }
    char guard[STYLE_MESSAGE_SIZE / 2];
    guard_of(source->path, guard, sizeof guard);
    check_guard(check, first < source->line_count ? first : source->line_count - 1, guard);
}

void style_check(const char *path, struct base_str text, struct style_sink *sink)
{
    struct check check = {.sink = sink};
    style_source_init(&check.source, path, text);
    check_lengths(&check);
    check_functions(&check);
    check_banned_calls(&check);
    check_names(&check);
    check_words(&check);
    check_includes(&check);
    if (is_header(&check)) {
        check_header(&check);
    }
    style_source_dispose(&check.source);
}
