#include "gateway/allow.h"

/* In the order in which the header lists them. */
static const struct base_str standard_methods[GW_ALLOW_STANDARD_COUNT] = {
    {"GET", 3}, {"HEAD", 4}, {"POST", 4}, {"PUT", 3}, {"PATCH", 5}, {"DELETE", 6},
};
#define GET 0
#define HEAD 1

static void add_custom(struct gw_allow *allow, struct base_str name)
{
    for (size_t i = 0; i < allow->custom_count; i++) {
        if (base_str_eq(allow->custom[i], name)) {
            return;
        }
    }
    if (allow->custom_count < GW_ALLOW_CUSTOM_MAX) {
        allow->custom[allow->custom_count++] = name;
    }
}

void gw_allow_add(struct gw_allow *allow, struct base_str http_method)
{
    bool is_any = base_str_eq(http_method, BASE_STR("*"));
    bool is_known = is_any || base_str_eq(http_method, BASE_STR("OPTIONS"));
    for (size_t i = 0; i < GW_ALLOW_STANDARD_COUNT; i++) {
        if (is_any || base_str_eq(http_method, standard_methods[i])) {
            allow->standard[i] = true;
            is_known = true;
        }
    }
    if (!is_known) {
        add_custom(allow, http_method);
    }
}

/* Appends "name, " where it leaves room for the final OPTIONS; returns the new length. */
static size_t append(char out[GW_ALLOW_SIZE], size_t len, struct base_str name)
{
    if (len + name.len + sizeof ", OPTIONS" > GW_ALLOW_SIZE) {
        return len;
    }
    memcpy(out + len, name.data, name.len);
    memcpy(out + len + name.len, ", ", 2);
    return len + name.len + 2;
}

void gw_allow_write(const struct gw_allow *allow, char out[GW_ALLOW_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < GW_ALLOW_STANDARD_COUNT; i++) {
        bool is_there = allow->standard[i] || (i == HEAD && allow->standard[GET]);
        len = is_there ? append(out, len, standard_methods[i]) : len;
    }
    for (size_t i = 0; i < allow->custom_count; i++) {
        len = append(out, len, allow->custom[i]);
    }
    memcpy(out + len, "OPTIONS", sizeof "OPTIONS");
}
