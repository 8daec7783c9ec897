#include "gateway/mask_text.h"

bool gw_mask_next(struct base_str *mask, struct base_str *out_path)
{
    if (mask->data == NULL) {
        return false;
    }
    const char *comma = memchr(mask->data, ',', mask->len);
    if (comma == NULL) {
        *out_path = *mask;
        *mask = (struct base_str){NULL, 0};
        return true;
    }
    size_t len = (size_t)(comma - mask->data);
    *out_path = base_str_make(mask->data, len);
    *mask = base_str_make(comma + 1, mask->len - len - 1);
    return true;
}

/* Whether a character can stand between quotes and commas as it is. */
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != ',';
}

bool gw_path_to_snake(struct base_str path, char *out, size_t *out_len)
{
    char *next = out;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.data[i];
        if (c == '_' || !is_plain(c)) {
            return false;
        }
        if (c >= 'A' && c <= 'Z') {
            *next++ = '_';
            c = (char)(c - 'A' + 'a');
        }
        *next++ = c;
    }
    *out_len = (size_t)(next - out);
    return path.len > 0;
}

bool gw_path_to_camel(struct base_str path, char *out, size_t *out_len)
{
    char *next = out;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.data[i];
        if (c == '_') {
            i++;
            if (i == path.len || path.data[i] < 'a' || path.data[i] > 'z') {
                return false;
            }
            c = (char)(path.data[i] - 'a' + 'A');
        } else if (!is_plain(c) || (c >= 'A' && c <= 'Z')) {
            return false;
        }
        *next++ = c;
    }
    *out_len = (size_t)(next - out);
    return path.len > 0;
}
