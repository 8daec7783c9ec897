/* Each function writes one piece of generated C and reads from top to bottom like that piece. */
#include "tools/gen_write.h"

#include "tools/gen_name.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

static const char *request_parameter(const struct gen_method *method, struct base_arena *arena)
{
    return gen_name_printf(arena, "const %s *request", method->request.c_name);
}

static void write_client_signature(struct gen_text *out, const struct gen_service *service,
                                   const struct gen_method *method, const char *tail,
                                   struct base_arena *arena)
{
    const char *parameters[] = {
        "struct rpc_channel *channel",
        "const struct rpc_client_options *options",
        request_parameter(method, arena),
        "struct base_arena *arena",
        gen_name_printf(arena, "%s **out_response", method->response.c_name),
        "struct rpc_metadata *out_headers",
        "struct base_err *err",
    };
    const char *head = gen_name_printf(arena, "bool %s_%s(", service->c_name, method->c_name);
    gen_text_list(out, head, parameters, LENGTH_OF(parameters), tail);
}

static void write_register_signature(struct gen_text *out, const struct gen_service *service,
                                     const char *tail, struct base_arena *arena)
{
    const char *parameters[] = {
        "struct rpc_server *server",
        gen_name_printf(arena, "const struct %s_handlers *handlers", service->c_name),
        "void *self",
        "bool inline_reads",
        "struct base_err *err",
    };
    const char *head = gen_name_printf(arena, "bool %s_register(", service->c_name);
    gen_text_list(out, head, parameters, LENGTH_OF(parameters), tail);
}

static void write_handler_slot(struct gen_text *out, const struct gen_method *method,
                               struct base_arena *arena)
{
    gen_text_comment(out, 4, method->comment);
    if (!method->is_unary) {
        gen_text_add(out, "    /* %s streams: it has no handler. */\n", method->name);
        return;
    }
    const char *parameters[] = {
        "void *self",
        "struct rpc_context *ctx",
        request_parameter(method, arena),
        gen_name_printf(arena, "%s *response", method->response.c_name),
        "struct base_err *err",
    };
    const char *head = gen_name_printf(arena, "    bool (*%s)(", method->c_name);
    gen_text_list(out, head, parameters, LENGTH_OF(parameters), ");");
}

static void write_handlers(struct gen_text *out, const struct gen_service *service,
                           struct base_arena *arena)
{
    gen_text_comment(out, 0,
                     gen_name_printf(arena,
                                     "What an implementation of %s fills in; a slot left NULL "
                                     "answers UNIMPLEMENTED.",
                                     service->full_name));
    gen_text_add(out, "struct %s_handlers {\n", service->c_name);
    for (size_t i = 0; i < service->method_count; i++) {
        gen_text_add(out, i > 0 ? "\n" : "");
        write_handler_slot(out, &service->methods[i], arena);
    }
    gen_text_add(out, "};\n\n");
}

static void write_clients(struct gen_text *out, const struct gen_service *service,
                          struct base_arena *arena)
{
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].is_unary) {
            gen_text_add(out, "\n");
            gen_text_comment(out, 0, service->methods[i].comment);
            write_client_signature(out, service, &service->methods[i], ") BASE_MUST_CHECK;", arena);
        }
    }
}

static void write_service_declarations(struct gen_text *out, const struct gen_service *service,
                                       struct base_arena *arena)
{
    gen_text_add(out, "\n/* ---- service %s ---- */\n\n", service->full_name);
    gen_text_comment(out, 0,
                     service->comment != NULL
                         ? service->comment
                         : gen_name_printf(arena, "The methods of %s.", service->full_name));
    gen_text_add(out, "extern const struct rpc_service %s_service;\n\n", service->c_name);
    write_handlers(out, service, arena);
    gen_text_add(out, "/* As rpc_server_add, with the types checked. */\n");
    write_register_signature(out, service, ") BASE_MUST_CHECK;", arena);
    write_clients(out, service, arena);
}

static void write_contract(struct gen_text *out)
{
    gen_text_comment_lines(
        out,
        "Handlers may block. `self` is what was registered with the table. The request lives as "
        "long as the call; what a handler hangs on the response, which comes initialised, lives "
        "in the context's arena or longer. Returning false fails the call with `err`.\n"
        "\n"
        "Each client function calls its method over `channel` and waits, as rpc_client_unary "
        "does: the response, and out_headers where not NULL, live in `arena`. Any thread but a "
        "loop.");
}

void gen_write_header(struct gen_text *out, const struct gen_file *file, struct base_arena *arena)
{
    const char *guard = gen_name_guard(arena, file->stem);
    gen_text_add(out, "/* Generated by protoc-gen-tollgate from %s; do not edit.\n", file->name);
    if (file->comment != NULL) {
        gen_text_add(out, " *\n");
        gen_text_comment_lines(out, file->comment);
    }
    if (file->service_count > 0) {
        gen_text_add(out, " *\n");
        write_contract(out);
    }
    gen_text_add(out, " */\n#ifndef %s\n#define %s\n\n", guard, guard);
    for (size_t i = 0; i < file->message_stem_count; i++) {
        gen_text_add(out, "#include \"%s.pb-c.h\"\n", file->message_stems[i]);
    }
    gen_text_add(out, file->service_count > 0
                          ? "#include \"rpc/client.h\"\n#include \"rpc/server.h\"\n\n"
                          : "#include \"base/str.h\"\n\n");
    gen_text_add(out, "/* google.protobuf.FileDescriptorSet: the file and all it imports. */\n");
    gen_text_add(out, "extern const struct base_str %s_descriptor_set;\n", file->c_name);
    for (size_t i = 0; i < file->service_count; i++) {
        write_service_declarations(out, &file->services[i], arena);
    }
    gen_text_add(out, "\n#endif\n");
}

/* The bytes are the longest piece and the least read: declared first, they can stand last. */
static void write_descriptor_set(struct gen_text *out, const struct gen_file *file)
{
    size_t len = file->descriptor_set.len;
    gen_text_add(out, "static const char descriptor_set_bytes[%zu];\n\n", len + 1);
    gen_text_add(out, "const struct base_str %s_descriptor_set = {descriptor_set_bytes, %zu};\n",
                 file->c_name, len);
}

static void write_descriptor_set_bytes(struct gen_text *out, const struct gen_file *file)
{
    gen_text_add(out, "\nstatic const char descriptor_set_bytes[%zu] =\n",
                 file->descriptor_set.len + 1);
    gen_text_bytes(out, file->descriptor_set);
    gen_text_add(out, ";\n");
}

/* The function the rpc layer calls: it gives the handler its types back. */
static void write_trampoline(struct gen_text *out, const struct gen_service *service,
                             const struct gen_method *method, struct base_arena *arena)
{
    static const char *const parameters[] = {
        "const void *handlers",       "void *self",
        "struct rpc_context *ctx",    "const ProtobufCMessage *request",
        "ProtobufCMessage *response", "struct base_err *err",
    };
    const char *arguments[] = {
        "self",
        "ctx",
        gen_name_printf(arena, "(const %s *)request", method->request.c_name),
        gen_name_printf(arena, "(%s *)response", method->response.c_name),
        "err",
    };
    const char *failure[] = {
        "err",
        "BASE_UNIMPLEMENTED",
        gen_name_printf(arena, "\"%s is not implemented\"", method->full_name),
    };
    const char *head =
        gen_name_printf(arena, "static bool call_%s_%s(", service->short_name, method->c_name);
    gen_text_add(out, "\n");
    gen_text_list(out, head, parameters, LENGTH_OF(parameters), ")");
    gen_text_add(out, "{\n    const struct %s_handlers *table = handlers;\n", service->c_name);
    gen_text_add(out, "    if (table->%s == NULL) {\n", method->c_name);
    gen_text_list(out, "        return base_err_set(", failure, LENGTH_OF(failure), ");");
    gen_text_add(out, "    }\n");
    head = gen_name_printf(arena, "    return table->%s(", method->c_name);
    gen_text_list(out, head, arguments, LENGTH_OF(arguments), ");");
    gen_text_add(out, "}\n");
}

static void write_method_row(struct gen_text *out, const struct gen_service *service,
                             const struct gen_method *method)
{
    gen_text_add(out, "    {\n");
    gen_text_add(out, "        .path = \"%s\",\n", method->path);
    gen_text_add(out, "        .kind = %s,\n", method->kind);
    if (method->no_side_effects) {
        gen_text_add(out, "        .no_side_effects = true,\n");
    }
    gen_text_add(out, "        .request = &%s,\n", method->request.descriptor);
    gen_text_add(out, "        .response = &%s,\n", method->response.descriptor);
    if (method->is_unary) {
        gen_text_add(out, "        .unary = call_%s_%s,\n", service->short_name, method->c_name);
    }
    gen_text_add(out, "    },\n");
}

static void write_tables(struct gen_text *out, const struct gen_file *file,
                         const struct gen_service *service)
{
    gen_text_add(out, "\nstatic const struct rpc_method %s_methods[] = {\n", service->short_name);
    for (size_t i = 0; i < service->method_count; i++) {
        write_method_row(out, service, &service->methods[i]);
    }
    gen_text_add(out, "};\n\nconst struct rpc_service %s_service = {\n", service->c_name);
    gen_text_add(out, "    .name = \"%s\",\n", service->full_name);
    gen_text_add(out, "    .methods = %s_methods,\n", service->short_name);
    gen_text_add(out, "    .method_count = %zu,\n", service->method_count);
    gen_text_add(out, "    .descriptor_set = {descriptor_set_bytes, %zu},\n};\n",
                 file->descriptor_set.len);
}

static void write_register(struct gen_text *out, const struct gen_service *service,
                           struct base_arena *arena)
{
    const char *arguments[] = {
        "server",       gen_name_printf(arena, "&%s_service", service->c_name),
        "handlers",     "self",
        "inline_reads", "err",
    };
    gen_text_add(out, "\n");
    write_register_signature(out, service, ")", arena);
    gen_text_add(out, "{\n");
    gen_text_list(out, "    return rpc_server_add(", arguments, LENGTH_OF(arguments), ");");
    gen_text_add(out, "}\n");
}

static void write_client(struct gen_text *out, const struct gen_service *service, size_t index,
                         struct base_arena *arena)
{
    const struct gen_method *method = &service->methods[index];
    const char *arguments[] = {
        "channel",     gen_name_printf(arena, "&%s_methods[%zu]", service->short_name, index),
        "options",     "&request->base",
        "arena",       "&response",
        "out_headers", "err",
    };
    gen_text_add(out, "\n");
    write_client_signature(out, service, method, ")", arena);
    gen_text_add(out, "{\n    ProtobufCMessage *response;\n");
    gen_text_list(out, "    if (!rpc_client_unary(", arguments, LENGTH_OF(arguments), ")) {");
    gen_text_add(out, "        return false;\n    }\n");
    gen_text_add(out, "    *out_response = (%s *)response;\n", method->response.c_name);
    gen_text_add(out, "    return true;\n}\n");
}

static void write_service_definitions(struct gen_text *out, const struct gen_file *file,
                                      const struct gen_service *service, struct base_arena *arena)
{
    gen_text_add(out, "\n/* ---- service %s ---- */\n", service->full_name);
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].is_unary) {
            write_trampoline(out, service, &service->methods[i], arena);
        }
    }
    write_tables(out, file, service);
    write_register(out, service, arena);
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].is_unary) {
            write_client(out, service, i, arena);
        }
    }
}

void gen_write_source(struct gen_text *out, const struct gen_file *file, struct base_arena *arena)
{
    gen_text_add(out, "/* Generated by protoc-gen-tollgate from %s; do not edit. */\n", file->name);
    gen_text_add(out, "#include \"%s.tg.h\"\n\n", file->stem);
    write_descriptor_set(out, file);
    for (size_t i = 0; i < file->service_count; i++) {
        write_service_definitions(out, file, &file->services[i], arena);
    }
    write_descriptor_set_bytes(out, file);
}
