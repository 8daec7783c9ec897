#include "cli/explain.h"

#include "cli/api.h"
#include "gateway/explain.h"
#include "gateway/target.h"

#include <ctype.h>
#include <stdio.h>

/* Where a request is said to come from. */
#define PEER BASE_STR("127.0.0.1")
#define HOST BASE_STR("localhost")

/* The headers of the options, one after another. */
struct header_lines {
    struct gw_header_source source;
    const struct cli_list *list;
    size_t next;
    struct base_buf name; /* of the last, in lower case */
};

/* Splits a line at its colon. */
static bool split_header(struct base_str line, struct gw_header *out)
{
    const char *colon = memchr(line.data, ':', line.len);
    if (colon == NULL || colon == line.data) {
        return false;
    }
    size_t name_len = (size_t)(colon - line.data);
    out->name = base_str_make(line.data, name_len);
    out->value = base_str_trim(base_str_make(colon + 1, line.len - name_len - 1));
    return true;
}

static bool next_header(struct gw_header_source *source, struct gw_header *out_header)
{
    struct header_lines *lines = (struct header_lines *)source;
    if (lines->next == lines->list->count) {
        return false;
    }
    (void)split_header(base_str_of(lines->list->items[lines->next++]), out_header);
    base_buf_reset(&lines->name, CLI_LIST_TEXT_MAX);
    for (size_t i = 0; i < out_header->name.len; i++) {
        (void)base_buf_append_char(&lines->name,
                                   (char)tolower((unsigned char)out_header->name.data[i]));
    }
    out_header->name = base_buf_str(&lines->name);
    return true;
}

static bool check_headers(const struct cli_list *list, struct base_err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct gw_header header;
        if (!split_header(base_str_of(list->items[i]), &header)) {
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "--header: expected \"Name: value\", found \"%s\"", list->items[i]);
        }
    }
    return true;
}

static bool has_no_space(const char *name, const char *text, struct base_err *err)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7F) {
            return base_err_set(err, BASE_INVALID_ARGUMENT,
                                "%s: HTTP carries no spaces there, found \"%s\"", name, text);
        }
    }
    return *text != '\0' || base_err_set(err, BASE_INVALID_ARGUMENT, "%s is empty", name);
}

static void print_line(const char *name, struct base_str text)
{
    printf("%-8s  %.*s\n", name, BASE_STR_ARGS(text));
}

static void print_route(const struct gw_route *route, const struct gw_captures *captures)
{
    const struct gw_template *template = &route->path_template;
    print_line("rpc", route->method->full_name);
    printf("%-8s  %.*s %.*s", "rule", BASE_STR_ARGS(route->http_method),
           BASE_STR_ARGS(template->text));
    if (route->body_kind == GW_BODY_WHOLE) {
        printf(" body: *");
    } else if (route->body_kind == GW_BODY_FIELD) {
        printf(" body: %.*s", BASE_STR_ARGS(route->body_field->name));
    }
    if (route->response_body_field != NULL) {
        printf(" response_body: %.*s", BASE_STR_ARGS(route->response_body_field->name));
    }
    putchar('\n');
    if (route->method->api_key_required) {
        print_line("key", BASE_STR("needed, and not looked at here"));
    }
    for (size_t i = 0; i < template->variable_count; i++) {
        printf("%-8s  %.*s = %.*s\n", "capture", BASE_STR_ARGS(template->variables[i].field_path),
               BASE_STR_ARGS(captures->values[i]));
    }
}

static void print_answer(const struct gw_answer *answer)
{
    printf("%-8s  %d %s\n", "status", answer->http_status, answer->reason);
    for (size_t i = 0; i < answer->header_count; i++) {
        printf("%-8s  %.*s: %.*s\n", "header", BASE_STR_ARGS(answer->headers[i].name),
               BASE_STR_ARGS(answer->headers[i].value));
    }
    if (answer->has_body) {
        print_line("body", answer->body);
    }
}

/* Explains and prints one request; returns whether it would be served. */
static bool explain(struct gw_explainer *explainer, const struct cli_options *options)
{
    struct header_lines lines = {.source = {next_header}, .list = &options->headers};
    base_buf_init(&lines.name, CLI_LIST_TEXT_MAX);
    /* A client keeps the fragment for itself. */
    struct gw_target target =
        gw_target_split(base_str_make(options->url, strcspn(options->url, "#")));
    struct gw_exchange exchange = {
        .method = base_str_of(options->method),
        .raw_path = target.raw_path,
        .raw_query = target.raw_query,
        .body = base_str_of(options->body),
        .hop = {.peer = PEER, .authority = target.authority.len > 0 ? target.authority : HOST},
        .headers = &lines.source,
    };
    struct gw_explanation explanation = gw_explainer_run(explainer, &exchange);
    if (explanation.route != NULL) {
        print_route(explanation.route, &explanation.captures);
    }
    if (explanation.is_called) {
        print_line("message", explanation.message);
    } else {
        print_answer(explanation.answer);
    }
    base_buf_dispose(&lines.name);
    return explanation.is_called || explanation.answer->http_status < 400;
}

bool cli_explain(const struct cli_options *options, struct base_err *err)
{
    if (!has_no_space("METHOD", options->method, err) || !has_no_space("URL", options->url, err) ||
        !check_headers(&options->headers, err)) {
        return false;
    }
    struct cli_api api;
    if (!cli_api_read(&api, options, NULL, err)) {
        return false;
    }
    struct gw_transcode_options json = cli_api_json(options);
    struct gw_gateway_config config = {
        .descriptor_sets = api.sets,
        .descriptor_set_count = api.set_count,
        .rules = api.rules,
        .json = &json,
    };
    struct gw_explainer *explainer = gw_explainer_create(&config, err);
    cli_api_dispose(&api);
    if (explainer == NULL) {
        return false;
    }
    bool is_served = explain(explainer, options);
    gw_explainer_destroy(explainer);
    *err = (struct base_err){.code = BASE_UNKNOWN};
    return is_served;
}
