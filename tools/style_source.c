/* A state machine of five states turns text into code. Escaped newlines inside literals and
 * trigraphs do not occur in code that clang-format has seen, so they have no states. */
#include "tools/style_source.h"

#include "base/mem.h"

enum state { IN_CODE, IN_LINE_COMMENT, IN_BLOCK_COMMENT, IN_STRING, IN_CHARACTER };

/* The state behind the byte at `at`, which is code. */
static enum state after_code(struct base_str text, size_t at)
{
    char next = at + 1 < text.len ? text.data[at + 1] : '\0';
    switch (text.data[at]) {
    case '/':
        return next == '/' ? IN_LINE_COMMENT : next == '*' ? IN_BLOCK_COMMENT : IN_CODE;
    case '"':
        return IN_STRING;
    case '\'':
        return IN_CHARACTER;
    default:
        return IN_CODE;
    }
}

/* The state behind the byte at `at`, which is none; `since` is where its comment or literal begins
 * behind the opening. */
static enum state after_other(struct base_str text, size_t at, size_t since, enum state state)
{
    char c = text.data[at];
    switch (state) {
    case IN_LINE_COMMENT:
        return c == '\n' ? IN_CODE : state;
    case IN_BLOCK_COMMENT:
        return c == '/' && at > since && text.data[at - 1] == '*' ? IN_CODE : state;
    case IN_STRING:
        return c == '"' ? IN_CODE : state;
    case IN_CHARACTER:
        return c == '\'' ? IN_CODE : state;
    case IN_CODE:
        break;
    }
    return IN_CODE;
}

static void blank(char *code, size_t at, enum state state)
{
    if (code[at] != '\n') {
        code[at] = state == IN_STRING || state == IN_CHARACTER ? '~' : ' ';
    }
}

/* Copies the text and blanks all that is not code; the quotes of a literal stay. */
static char *code_of(struct base_str text)
{
    char *code = base_alloc(text.len + 1);
    memcpy(code, text.data, text.len);
    code[text.len] = '\0';
    enum state state = IN_CODE;
    size_t since = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (state == IN_CODE) {
            state = after_code(text, at);
            if (state == IN_LINE_COMMENT || state == IN_BLOCK_COMMENT) {
                blank(code, at++, state);
                blank(code, at, state);
            }
            since = at + 1;
            continue;
        }
        bool is_literal = state == IN_STRING || state == IN_CHARACTER;
        bool is_escape = is_literal && text.data[at] == '\\' && at + 1 < text.len;
        enum state next = is_escape ? state : after_other(text, at, since, state);
        if (!is_literal || next != IN_CODE) {
            blank(code, at, state);
        }
        if (is_escape) {
            blank(code, ++at, state);
        }
        state = next;
    }
    return code;
}

static size_t count_lines(struct base_str text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at++) {
        count += text.data[at] == '\n' || at + 1 == text.len;
    }
    return count;
}

/* Where each line starts, and behind the last where the next one would. */
static size_t *line_starts_of(struct base_str text, size_t line_count)
{
    size_t *starts = base_calloc(line_count + 1, sizeof *starts);
    size_t line = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.data[at] == '\n' || at + 1 == text.len) {
            starts[++line] = at + 1;
        }
    }
    return starts;
}

void style_source_init(struct style_source *source, const char *path, struct base_str text)
{
    source->path = path;
    source->text = text;
    source->code = code_of(text);
    source->line_count = count_lines(text);
    source->line_starts = line_starts_of(text, source->line_count);
}

void style_source_dispose(struct style_source *source)
{
    base_free(source->code);
    base_free(source->line_starts);
}

static struct base_str line_of(const struct style_source *source, const char *bytes, size_t index)
{
    size_t start = source->line_starts[index];
    size_t end = source->line_starts[index + 1];
    if (end > start && source->text.data[end - 1] == '\n') {
        end--;
    }
    return base_str_make(bytes + start, end - start);
}

struct base_str style_source_line(const struct style_source *source, size_t index)
{
    return line_of(source, source->text.data, index);
}

struct base_str style_source_code_line(const struct style_source *source, size_t index)
{
    return line_of(source, source->code, index);
}
