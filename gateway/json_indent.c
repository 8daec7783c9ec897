/* Walked twice: first to count what the lines come to, then, from a copy at the end of the room for
 * that, to write them. Nothing but the buffer is needed, since the copy is always ahead. */
#include "gateway/json_indent.h"

#include "gateway/json_scan.h"

struct indenter {
    char *out; /* NULL: only count */
    size_t len;
    size_t depth;
    size_t spaces;
};

static void put(struct indenter *indenter, const char *text, size_t len)
{
    if (indenter->out != NULL) {
        memmove(indenter->out + indenter->len, text, len);
    }
    indenter->len += len;
}

static void put_line(struct indenter *indenter)
{
    size_t indent = indenter->depth * indenter->spaces;
    if (indenter->out != NULL) {
        indenter->out[indenter->len] = '\n';
        memset(indenter->out + indenter->len + 1, ' ', indent);
    }
    indenter->len += 1 + indent;
}

/* The end of the string that starts at `next`. */
static const char *string_end(const char *next, const char *end)
{
    bool ignored = true;
    for (next++; next < end; next += 2) {
        next = gw_scan_plain(next, end, &ignored);
        if (next < end && *next == '"') {
            return next + 1;
        }
    }
    return end;
}

static void indent(struct indenter *indenter, const char *next, const char *end)
{
    while (next < end) {
        const char *start = next++;
        switch (*start) {
        case '"':
            next = string_end(start, end);
            put(indenter, start, (size_t)(next - start));
            break;
        case '{':
        case '[':
            if (next < end && (*next == '}' || *next == ']')) {
                put(indenter, start, 2);
                next++;
                break;
            }
            put(indenter, start, 1);
            indenter->depth++;
            put_line(indenter);
            break;
        case '}':
        case ']':
            indenter->depth--;
            put_line(indenter);
            put(indenter, start, 1);
            break;
        case ',':
            put(indenter, start, 1);
            put_line(indenter);
            break;
        case ':':
            put(indenter, ": ", 2);
            break;
        default:
            put(indenter, start, 1);
            break;
        }
    }
}

bool gw_json_indent(struct base_buf *out, size_t start, int spaces)
{
    size_t len = out->len - start;
    struct indenter counter = {.spaces = (size_t)spaces};
    indent(&counter, out->data + start, out->data + out->len);
    size_t more = counter.len - len;
    if (!base_buf_reserve(out, more)) {
        return false;
    }
    char *text = out->data + start;
    memmove(text + more, text, len);
    struct indenter writer = {.out = text, .spaces = (size_t)spaces};
    indent(&writer, text + more, text + more + len);
    out->len += more;
    return true;
}
