#include "gateway/media_type.h"

/* Cuts `rest` at the first `separator` outside quotes: returns what stands before it and leaves
 * what stands behind. Without one the whole is returned and `rest` becomes empty. */
static struct base_str cut(struct base_str *rest, char separator)
{
    bool quoted = false;
    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->data[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == separator && !quoted) {
            struct base_str before = base_str_make(rest->data, i);
            *rest = base_str_make(rest->data + i + 1, rest->len - i - 1);
            return before;
        }
    }
    struct base_str whole = *rest;
    *rest = base_str_make(rest->data + rest->len, 0);
    return whole;
}

static bool is_json_essence(struct base_str essence)
{
    struct base_str prefix = BASE_STR("application/");
    struct base_str suffix = BASE_STR("+json");
    if (base_str_eq_nocase(essence, BASE_STR("application/json"))) {
        return true;
    }
    return essence.len > prefix.len + suffix.len &&
           base_str_eq_nocase(base_str_make(essence.data, prefix.len), prefix) &&
           base_str_eq_nocase(base_str_make(essence.data + (essence.len - suffix.len), suffix.len),
                              suffix);
}

static bool is_utf8(struct base_str charset)
{
    if (charset.len >= 2 && charset.data[0] == '"' && charset.data[charset.len - 1] == '"') {
        charset = base_str_make(charset.data + 1, charset.len - 2);
    }
    return base_str_eq_nocase(charset, BASE_STR("utf-8")) ||
           base_str_eq_nocase(charset, BASE_STR("utf8"));
}

bool gw_media_type_is_json(struct base_str content_type)
{
    struct base_str rest = content_type;
    if (!is_json_essence(base_str_trim(cut(&rest, ';')))) {
        return false;
    }
    while (rest.len > 0) {
        struct base_str parameter = cut(&rest, ';');
        struct base_str name = base_str_trim(cut(&parameter, '='));
        if (base_str_eq_nocase(name, BASE_STR("charset")) && !is_utf8(base_str_trim(parameter))) {
            return false;
        }
    }
    return true;
}
