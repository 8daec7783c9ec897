/* protoc-gen-tollgate: the protoc plugin that writes service tables, registration and clients.
 *
 *     protoc -I proto --tollgate_out=gen notes/v1/notes.proto
 *
 * For each file given it writes FILE.tg.h and FILE.tg.c. Both hold, where the file is
 * notes/v1/notes.proto with the service notes.v1.Notes:
 *
 *     notes_v1_notes_descriptor_set   the file and all it imports, as bytes
 *     notes_v1_notes_service          the method table the rpc layer serves
 *     struct notes_v1_notes_handlers  what an implementation fills in
 *     notes_v1_notes_register         adds the service to an rpc_server
 *     notes_v1_notes_get_note         calls a method over a channel, one function a unary method
 *
 * Message types are protoc-gen-c's, which has to run on the same files. The files of one run are
 * taken for one API: their rules of google.api.http must not collide. What is wrong with a .proto
 * is told to protoc in CodeGeneratorResponse.error; what is wrong with protoc (a request that does
 * not decode) goes to standard error with exit status 1, as plugin.proto asks.
 */
#include "base/mem.h"
#include "tools/gen_model.h"
#include "tools/gen_name.h"
#include "tools/gen_routes.h"
#include "tools/gen_write.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of protoc's request, and of all that is made from it. */
#define REQUEST_BYTES_MAX (size_t)(256 * 1024 * 1024)
#define ARENA_BYTES_MAX (size_t)(2048UL * 1024 * 1024)

static bool read_all(FILE *in, struct base_buf *out)
{
    char chunk[64 * 1024];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, in)) > 0) {
        if (!base_buf_append(out, chunk, got)) {
            return false;
        }
    }
    return ferror(in) == 0;
}

/* Gives `text` to the response as the file `name`. */
static void add_file(Google__Protobuf__Compiler__CodeGeneratorResponse *response, const char *name,
                     const struct gen_text *text, struct base_arena *arena)
{
    Google__Protobuf__Compiler__CodeGeneratorResponse__File *file =
        base_arena_alloc(arena, sizeof *file);
    struct base_str content;
    if (file == NULL || !base_arena_copy(arena, base_buf_str(&text->buf), &content)) {
        abort();
    }
    google__protobuf__compiler__code_generator_response__file__init(file);
    file->name = (char *)name;
    file->content = (char *)content.data;
    response->file[response->n_file++] = file;
}

static bool generate_file(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                          const char *name,
                          Google__Protobuf__Compiler__CodeGeneratorResponse *response,
                          struct base_arena *arena, struct base_err *err)
{
    struct gen_file file;
    if (!gen_model_build(request, name, arena, &file, err)) {
        return false;
    }
    struct gen_text header;
    struct gen_text source;
    gen_text_init(&header);
    gen_text_init(&source);
    gen_write_header(&header, &file, arena);
    gen_write_source(&source, &file, arena);
    bool ok = !header.is_cut && !source.is_cut;
    if (ok) {
        add_file(response, gen_name_printf(arena, "%s.tg.h", file.stem), &header, arena);
        add_file(response, gen_name_printf(arena, "%s.tg.c", file.stem), &source, arena);
    } else {
        base_err_set(err, BASE_RESOURCE_EXHAUSTED, "%s: a generated file would pass %zu bytes",
                     name, GEN_TEXT_BYTES_MAX);
    }
    gen_text_dispose(&header);
    gen_text_dispose(&source);
    return ok;
}

static bool generate(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                     Google__Protobuf__Compiler__CodeGeneratorResponse *response,
                     struct base_arena *arena, struct base_err *err)
{
    if (request->parameter != NULL && request->parameter[0] != '\0') {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "takes no parameter, got \"%s\"",
                            request->parameter);
    }
    /* The gateway's schema refuses a file that lacks what every file has: the model
     * need not ask. */
    if (!gen_routes_check(request, arena, err)) {
        return false;
    }
    response->file =
        base_arena_alloc(arena, 2 * request->n_file_to_generate * sizeof *response->file);
    if (response->file == NULL) {
        abort();
    }
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        if (!generate_file(request, request->file_to_generate[i], response, arena, err)) {
            return false;
        }
    }
    return true;
}

static bool write_response(const Google__Protobuf__Compiler__CodeGeneratorResponse *response)
{
    size_t size = google__protobuf__compiler__code_generator_response__get_packed_size(response);
    uint8_t *bytes = base_alloc(size);
    google__protobuf__compiler__code_generator_response__pack(response, bytes);
    bool ok = fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0;
    base_free(bytes);
    return ok;
}

static int answer(const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    struct base_arena arena;
    base_arena_init(&arena, ARENA_BYTES_MAX);
    Google__Protobuf__Compiler__CodeGeneratorResponse response =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
    /* A proto3 optional needs nothing of ours: it is for protoc-gen-c to take or refuse. */
    response.has_supported_features = true;
    response.supported_features =
        GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    struct base_err err;
    if (!generate(request, &response, &arena, &err)) {
        response.error = err.message;
        response.n_file = 0;
    }
    bool ok = write_response(&response);
    base_arena_dispose(&arena);
    if (!ok) {
        perror("protoc-gen-tollgate: cannot write the answer");
    }
    return ok ? 0 : 1;
}

int main(void)
{
    struct base_buf input;
    base_buf_init(&input, REQUEST_BYTES_MAX);
    Google__Protobuf__Compiler__CodeGeneratorRequest *request = NULL;
    if (read_all(stdin, &input)) {
        request = google__protobuf__compiler__code_generator_request__unpack(
            NULL, input.len, (const uint8_t *)input.data);
    }
    int status = 1;
    if (request == NULL) {
        fputs("protoc-gen-tollgate: standard input is not a CodeGeneratorRequest; "
              "protoc runs this program\n",
              stderr);
    } else {
        status = answer(request);
        google__protobuf__compiler__code_generator_request__free_unpacked(request, NULL);
    }
    base_buf_dispose(&input);
    return status;
}
