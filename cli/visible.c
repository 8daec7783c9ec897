#include "cli/visible.h"

#include "base/utf8.h"

#include <stdint.h>

/* Characters that are shown as escapes, beyond ASCII's: from and to. */
static const struct range {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    {0x80, 0x9f},     /* C1 */
    {0x61c, 0x61c},   /* Arabic letter mark */
    {0x200e, 0x200f}, /* marks of direction */
    {0x2028, 0x202e}, /* separators; embeddings and overrides */
    {0x2066, 0x2069}, /* isolates */
};

static bool is_hidden(uint32_t character)
{
    if (character < 0x80) {
        return character < 0x20 || character == 0x7f;
    }
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (character >= hidden[i].first && character <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

/* Reads the character that well-formed UTF-8 begins with. */
static uint32_t read_character(const char *text, size_t *out_len)
{
    unsigned char first = (unsigned char)text[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t character = len == 1 ? first : first & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    }
    *out_len = len;
    return character;
}

static bool append_well_formed(struct base_str text, struct base_buf *out)
{
    size_t len;
    for (size_t at = 0; at < text.len; at += len) {
        uint32_t character = read_character(text.data + at, &len);
        bool ok = is_hidden(character) ? base_buf_printf(out, "\\u%04x", (unsigned)character)
                                       : base_buf_append(out, text.data + at, len);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool cli_visible_append(struct base_str text, struct base_buf *out)
{
    while (text.len > 0) {
        size_t len = base_utf8_valid_len(text);
        if (!append_well_formed(base_str_make(text.data, len), out)) {
            return false;
        }
        if (len == text.len) {
            return true;
        }
        if (!base_buf_printf(out, "\\x%02x", (unsigned char)text.data[len])) {
            return false;
        }
        text = base_str_make(text.data + len + 1, text.len - len - 1);
    }
    return true;
}

void cli_visible_print(const char *text, FILE *out)
{
    struct base_buf buf;
    base_buf_init(&buf, SIZE_MAX);
    if (cli_visible_append(base_str_of(text), &buf)) {
        fwrite(buf.data, 1, buf.len, out);
    }
    base_buf_dispose(&buf);
}
