/* A method's options: google.api.http and tollgate.method are extensions of MethodOptions, which
 * protobuf-c keeps as unknown fields. */
#include "base/wire.h"
#include "gateway/schema_private.h"
#include "rpc/codec.h"

#include "google/api/http.pb-c.h"
#include "tollgate/options.pb-c.h"

#define HTTP_EXTENSION 72295728
#define TOLLGATE_EXTENSION 51870

#define DEFAULT_SUCCESS_STATUS 200

static bool bad_method(struct gw_schema_loader *loader, const struct gw_method *method,
                       const char *reason)
{
    return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "method %.*s: %s",
                        BASE_STR_ARGS(method->full_name), reason);
}

/* The payload of the last unknown field with that number; data is NULL when there is none. */
static struct base_str find_extension(const Google__Protobuf__MethodOptions *options,
                                      uint32_t number)
{
    for (size_t i = options->base.n_unknown_fields; i-- > 0;) {
        const ProtobufCMessageUnknownField *field = &options->base.unknown_fields[i];
        if (field->tag != number || field->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
            continue;
        }
        /* protobuf-c keeps the length in front of the payload. */
        struct base_wire_reader reader =
            base_wire_reader_make(base_str_make((const char *)field->data, field->len));
        uint64_t len;
        if (base_wire_read_varint(&reader, &len)) {
            return base_str_make((const char *)reader.next, (size_t)(reader.end - reader.next));
        }
    }
    return (struct base_str){NULL, 0};
}

static bool copy_text(struct gw_schema *schema, struct base_str text, struct base_str *out,
                      struct base_err *err)
{
    *out = gw_schema_join(schema, text, BASE_STR(""), BASE_STR(""));
    return out->data != NULL || gw_schema_full(err);
}

static bool keep(struct gw_schema_loader *loader, const char *text, struct base_str *out)
{
    return copy_text(loader->schema, base_str_of(text), out, loader->err);
}

static bool load_rule(struct gw_schema_loader *loader, const struct gw_method *method,
                      const Google__Api__HttpRule *source, struct gw_http_rule *rule)
{
    const char *http_method;
    const char *path_template;
    switch (source->pattern_case) {
    case GOOGLE__API__HTTP_RULE__PATTERN_GET:
        http_method = "GET";
        path_template = source->get;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PUT:
        http_method = "PUT";
        path_template = source->put;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_POST:
        http_method = "POST";
        path_template = source->post;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_DELETE:
        http_method = "DELETE";
        path_template = source->delete_;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_PATCH:
        http_method = "PATCH";
        path_template = source->patch;
        break;
    case GOOGLE__API__HTTP_RULE__PATTERN_CUSTOM:
        http_method = source->custom->kind;
        path_template = source->custom->path;
        break;
    default:
        return bad_method(loader, method, "an HTTP rule has no pattern");
    }
    return keep(loader, http_method, &rule->http_method) &&
           keep(loader, path_template, &rule->path_template) &&
           keep(loader, source->body, &rule->body) &&
           keep(loader, source->response_body, &rule->response_body);
}

static bool load_rules(struct gw_schema_loader *loader, struct base_str wire,
                       struct gw_method *method)
{
    ProtobufCMessage *message;
    if (!rpc_codec_unpack(&google__api__http_rule__descriptor, wire, loader->scratch, &message,
                          loader->err)) {
        return base_err_wrap(loader->err, "method %.*s: google.api.http",
                             BASE_STR_ARGS(method->full_name));
    }
    const Google__Api__HttpRule *source = (const Google__Api__HttpRule *)message;
    size_t count = 1 + source->n_additional_bindings;
    struct gw_http_rule *rules = base_arena_calloc(&loader->schema->arena, count * sizeof *rules);
    if (rules == NULL) {
        return gw_schema_full(loader->err);
    }
    for (size_t i = 0; i < count; i++) {
        const Google__Api__HttpRule *rule = i == 0 ? source : source->additional_bindings[i - 1];
        if (i > 0 && rule->n_additional_bindings > 0) {
            return bad_method(loader, method, "additional_bindings stand inside each other");
        }
        if (!load_rule(loader, method, rule, &rules[i])) {
            return false;
        }
    }
    method->rules = rules;
    method->rule_count = count;
    return true;
}

static bool load_method_rule(struct gw_schema_loader *loader, struct base_str wire,
                             struct gw_method *method)
{
    ProtobufCMessage *message;
    if (!rpc_codec_unpack(&tollgate__method_rule__descriptor, wire, loader->scratch, &message,
                          loader->err)) {
        return base_err_wrap(loader->err, "method %.*s: tollgate.method",
                             BASE_STR_ARGS(method->full_name));
    }
    const Tollgate__MethodRule *source = (const Tollgate__MethodRule *)message;
    method->api_key_required = source->api_key_required;
    if (source->success_status != 0) {
        method->success_status = source->success_status;
    }
    if (method->success_status < 200 || method->success_status > 299) {
        return bad_method(loader, method, "success_status is not from 200 to 299");
    }
    return true;
}

bool gw_schema_load_options(struct gw_schema_loader *loader,
                            const Google__Protobuf__MethodOptions *options,
                            struct gw_method *method)
{
    method->success_status = DEFAULT_SUCCESS_STATUS;
    if (options == NULL) {
        return true;
    }
    struct base_str http = find_extension(options, HTTP_EXTENSION);
    struct base_str ours = find_extension(options, TOLLGATE_EXTENSION);
    return (http.data == NULL || load_rules(loader, http, method)) &&
           (ours.data == NULL || load_method_rule(loader, ours, method));
}

bool gw_schema_set_rules(struct gw_schema *schema, struct base_str method,
                         const struct gw_http_rule *rules, size_t count, struct base_err *err)
{
    const struct gw_symbol *symbol = gw_schema_find(schema, GW_SYMBOL_METHOD, method);
    if (symbol == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "there is no method \"%.*s\"",
                            BASE_STR_ARGS(method));
    }
    struct gw_http_rule *copies = base_arena_calloc(&schema->arena, count * sizeof *copies);
    if (copies == NULL) {
        return gw_schema_full(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (!copy_text(schema, rules[i].http_method, &copies[i].http_method, err) ||
            !copy_text(schema, rules[i].path_template, &copies[i].path_template, err) ||
            !copy_text(schema, rules[i].body, &copies[i].body, err) ||
            !copy_text(schema, rules[i].response_body, &copies[i].response_body, err) ||
            !copy_text(schema, rules[i].origin, &copies[i].origin, err)) {
            return false;
        }
    }
    struct gw_method *target = symbol->object;
    target->rules = copies;
    target->rule_count = count;
    return true;
}
