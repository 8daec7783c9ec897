#include "gateway/target.h"

static const struct base_str schemes[] = {
    {"http://", sizeof "http://" - 1},
    {"https://", sizeof "https://" - 1},
};

/* Cuts the scheme and the authority off an absolute target; returns whether it is one. */
static bool take_authority(struct base_str *target, struct base_str *out_authority)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (base_str_starts_with(*target, schemes[i])) {
            const char *authority = target->data + schemes[i].len;
            const char *end = target->data + target->len;
            const char *next = authority;
            while (next < end && *next != '/' && *next != '?') {
                next++;
            }
            *out_authority = base_str_make(authority, (size_t)(next - authority));
            *target = base_str_make(next, (size_t)(end - next));
            return true;
        }
    }
    return false;
}

struct gw_target gw_target_split(struct base_str target)
{
    struct gw_target out = {0};
    bool is_absolute = take_authority(&target, &out.authority);
    const char *question = target.len == 0 ? NULL : memchr(target.data, '?', target.len);
    size_t path_len = question == NULL ? target.len : (size_t)(question - target.data);
    out.raw_path =
        is_absolute && path_len == 0 ? BASE_STR("/") : base_str_make(target.data, path_len);
    if (question != NULL) {
        out.raw_query = base_str_make(question + 1, target.len - path_len - 1);
    }
    return out;
}
