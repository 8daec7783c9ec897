/* All that does not hang on the request is put together at start-up. Only a list with prefixes in
 * it is written anew each time, from the names at hand: a browser takes "*" for all names only
 * where no credentials are sent, and never takes a prefix. */
#include "gateway/cors.h"

#include "base/mem.h"
#include "gateway/origin.h"
#include "gateway/token.h"

#include <assert.h>
#include <stdio.h>

/* Decimal digits of GW_CORS_MAX_AGE_S_MAX, and the NUL. */
#define MAX_AGE_SIZE 8

/* What the gateway acts on or passes on of a request, beyond what pages may always send. */
static const char *const request_headers[] = {
    "Authorization", "Content-Type", "Grpc-Metadata-*",  "Grpc-Timeout",
    "X-Api-Key",     "X-Request-Id", "X-Server-Timeout",
};
static const char *const all_headers[] = {"*"};

struct name_list {
    struct base_str prefixes[GW_CORS_NAMES_MAX];
    size_t prefix_count;
    size_t listed_len;
    char listed[GW_CORS_LIST_SIZE]; /* the whole names, joined */
};

struct gw_cors {
    struct gw_origin origins[GW_CORS_ORIGINS_MAX];
    size_t origin_count;
    bool any_origin;
    bool credentials;
    bool exposes_all; /* and may say so in a word */
    struct name_list headers;
    struct name_list exposed;
    size_t max_age_len;
    char max_age[MAX_AGE_SIZE];
};

/* ---- Lists of names ---- */

/* Appends ", name" or "name" at `len`; returns the new length, the old when there is no room. */
static size_t append(char list[GW_CORS_LIST_SIZE], size_t len, struct base_str name)
{
    size_t join_len = len == 0 ? 0 : 2;
    if (name.len + join_len > GW_CORS_LIST_SIZE - len) {
        return len;
    }
    memcpy(list + len, ", ", join_len);
    memcpy(list + len + join_len, name.data, name.len);
    return len + join_len + name.len;
}

static bool add_name(struct name_list *names, const char *text, struct base_err *err)
{
    struct base_str name = base_str_of(text);
    bool is_prefix = base_str_ends_with(name, BASE_STR("*"));
    name.len -= is_prefix ? 1 : 0;
    if (!(is_prefix && name.len == 0) && !gw_token_is_valid(name)) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "\"%s\" is not the name of a header", text);
    }
    if (is_prefix) {
        names->prefixes[names->prefix_count++] = name;
        return true;
    }
    size_t len = append(names->listed, names->listed_len, name);
    if (len == names->listed_len) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "the names of headers have more than %d bytes", GW_CORS_LIST_SIZE);
    }
    names->listed_len = len;
    return true;
}

static bool add_names(struct name_list *names, const char *const *texts, size_t count,
                      struct base_err *err)
{
    if (count > GW_CORS_NAMES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected at most %d headers, found %zu",
                            GW_CORS_NAMES_MAX, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_name(names, texts[i], err)) {
            return false;
        }
    }
    return true;
}

static bool has_prefix_of(const struct name_list *names, struct base_str name)
{
    for (size_t i = 0; i < names->prefix_count; i++) {
        struct base_str prefix = names->prefixes[i];
        if (name.len >= prefix.len &&
            base_str_eq_nocase(base_str_make(name.data, prefix.len), prefix)) {
            return true;
        }
    }
    return false;
}

/* Begins a list with the whole names. */
static size_t begin_list(const struct name_list *names, char list[GW_CORS_LIST_SIZE])
{
    memcpy(list, names->listed, names->listed_len);
    return names->listed_len;
}

/* The whole names, and those of `requested`, a list with commas, that fit a prefix. */
static struct base_str list_requested(const struct name_list *names, struct base_str requested,
                                      char list[GW_CORS_LIST_SIZE])
{
    if (names->prefix_count == 0) {
        return base_str_make(names->listed, names->listed_len);
    }
    size_t len = begin_list(names, list);
    while (requested.len > 0) {
        const char *comma = memchr(requested.data, ',', requested.len);
        size_t name_len = comma == NULL ? requested.len : (size_t)(comma - requested.data);
        struct base_str name = base_str_trim(base_str_make(requested.data, name_len));
        if (gw_token_is_valid(name) && has_prefix_of(names, name)) {
            len = append(list, len, name);
        }
        size_t used = comma == NULL ? name_len : name_len + 1;
        requested = base_str_make(requested.data + used, requested.len - used);
    }
    return base_str_make(list, len);
}

/* The whole names, and those of the headers of `source` that fit a prefix. */
static struct base_str list_answered(const struct name_list *names, struct gw_header_source *source,
                                     char list[GW_CORS_LIST_SIZE])
{
    if (names->prefix_count == 0) {
        return base_str_make(names->listed, names->listed_len);
    }
    size_t len = begin_list(names, list);
    struct gw_header header;
    while (source->next(source, &header)) {
        if (has_prefix_of(names, header.name)) {
            len = append(list, len, header.name);
        }
    }
    return base_str_make(list, len);
}

/* ---- Making ---- */

static bool add_origin(struct gw_cors *cors, const char *text, struct base_err *err)
{
    struct base_str origin = base_str_of(text);
    if (base_str_eq(origin, BASE_STR("*"))) {
        cors->any_origin = true;
        return true;
    }
    if (cors->origin_count == GW_CORS_ORIGINS_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "expected at most %d origins",
                            GW_CORS_ORIGINS_MAX);
    }
    return gw_origin_parse(origin, &cors->origins[cors->origin_count++], err);
}

/* With credentials an answer is made for one person, whom the page must be trusted to
 * read it for. */
static bool check_credentials(const struct gw_cors *cors, struct base_err *err)
{
    if (cors->credentials && (cors->any_origin || gw_cors_allows(cors, BASE_STR("null")))) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "credentials cannot go with the origin \"%s\", which any site can be: "
                            "name the origins",
                            cors->any_origin ? "*" : "null");
    }
    return true;
}

static bool fill(struct gw_cors *cors, const struct gw_cors_config *config, struct base_err *err)
{
    for (size_t i = 0; i < config->origin_count; i++) {
        if (!add_origin(cors, config->origins[i], err)) {
            return false;
        }
    }
    bool has_headers = config->header_count > 0;
    bool has_exposed = config->exposed_count > 0;
    return check_credentials(cors, err) &&
           add_names(&cors->headers, has_headers ? config->headers : request_headers,
                     has_headers ? config->header_count
                                 : sizeof request_headers / sizeof *request_headers,
                     err) &&
           add_names(&cors->exposed, has_exposed ? config->exposed : all_headers,
                     has_exposed ? config->exposed_count : 1, err);
}

struct gw_cors *gw_cors_create(const struct gw_cors_config *config, struct base_err *err)
{
    assert(config->max_age_s >= 0 && config->max_age_s <= GW_CORS_MAX_AGE_S_MAX);
    struct gw_cors *cors = base_calloc(1, sizeof *cors);
    cors->credentials = config->credentials;
    cors->max_age_len = (size_t)snprintf(cors->max_age, MAX_AGE_SIZE, "%d", config->max_age_s);
    if (!fill(cors, config, err)) {
        gw_cors_destroy(cors);
        return NULL;
    }
    cors->exposes_all = !cors->credentials && has_prefix_of(&cors->exposed, BASE_STR(""));
    return cors;
}

void gw_cors_destroy(struct gw_cors *cors)
{
    base_free(cors);
}

/* ---- Asking ---- */

bool gw_cors_allows(const struct gw_cors *cors, struct base_str origin)
{
    if (origin.len == 0) {
        return false;
    }
    bool allows = cors->any_origin;
    for (size_t i = 0; i < cors->origin_count && !allows; i++) {
        allows = gw_origin_matches(&cors->origins[i], origin);
    }
    return allows;
}

/* Appends a header; one of an empty list would say nothing. */
static void add(struct gw_header *headers, size_t *count, struct base_str name,
                struct base_str value)
{
    if (value.len > 0) {
        headers[(*count)++] = (struct gw_header){name, value};
    }
}

size_t gw_cors_answer(const struct gw_cors *cors, struct base_str origin,
                      struct gw_header_source *answered, char list[GW_CORS_LIST_SIZE],
                      struct gw_header out[GW_CORS_ANSWER_HEADERS_MAX])
{
    size_t count = 0;
    if (cors->any_origin) {
        add(out, &count, BASE_STR("access-control-allow-origin"), BASE_STR("*"));
    } else {
        add(out, &count, BASE_STR("vary"), BASE_STR("Origin"));
        if (!gw_cors_allows(cors, origin)) {
            return count;
        }
        add(out, &count, BASE_STR("access-control-allow-origin"), origin);
    }
    if (cors->credentials) {
        add(out, &count, BASE_STR("access-control-allow-credentials"), BASE_STR("true"));
    }
    if (answered != NULL) {
        add(out, &count, BASE_STR("access-control-expose-headers"),
            cors->exposes_all ? BASE_STR("*") : list_answered(&cors->exposed, answered, list));
    }
    return count;
}

size_t gw_cors_preflight(const struct gw_cors *cors, const struct gw_preflight *preflight,
                         struct base_str methods, char list[GW_CORS_LIST_SIZE],
                         struct gw_header out[GW_CORS_PREFLIGHT_HEADERS_MAX])
{
    size_t count = 0;
    if (!gw_cors_allows(cors, preflight->origin)) {
        return count;
    }
    if (methods.len == 0 && gw_token_is_valid(preflight->method)) {
        methods = preflight->method;
    }
    add(out, &count, BASE_STR("access-control-allow-methods"), methods);
    add(out, &count, BASE_STR("access-control-allow-headers"),
        list_requested(&cors->headers, preflight->headers, list));
    add(out, &count, BASE_STR("access-control-max-age"),
        base_str_make(cors->max_age, cors->max_age_len));
    return count;
}
