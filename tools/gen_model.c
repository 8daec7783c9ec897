/* Comments stand in SourceCodeInfo beside the path of what they describe: field numbers and indexes
 * from the file down, so [6, 0, 2, 1] is the second method of the first service. The request is
 * protoc's own and has been checked by it; only what C or the rpc layer cannot take is refused. */
#include "tools/gen_model.h"

#include "tools/gen_descriptor_set.h"
#include "tools/gen_name.h"

#include <assert.h>
#include <stdlib.h>

/* Field numbers of descriptor.proto that source paths are made of. */
#define FILE_SERVICE 6
#define FILE_SYNTAX 12
#define SERVICE_METHOD 2

/* The extension of FileOptions that is protobuf-c's. */
#define PB_C_FILE 1019

struct builder {
    const Google__Protobuf__Compiler__CodeGeneratorRequest *request;
    const Google__Protobuf__FileDescriptorProto *file;
    struct base_arena *arena;
    struct base_err *err;
};

static void *allocate(const struct builder *builder, size_t count, size_t size)
{
    void *out = base_arena_calloc(builder->arena, count * size);
    assert(out != NULL);
    return out;
}

/* The comment right before what stands at `path`, or NULL. */
static const char *find_comment(const struct builder *builder, const int32_t *path,
                                size_t path_count)
{
    const Google__Protobuf__SourceCodeInfo *info = builder->file->source_code_info;
    for (size_t i = 0; info != NULL && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->n_path == path_count &&
            memcmp(location->path, path, path_count * sizeof *path) == 0) {
            return location->leading_comments;
        }
    }
    return NULL;
}

static bool has_extension(const ProtobufCMessage *options, uint32_t number)
{
    for (unsigned i = 0; i < options->n_unknown_fields; i++) {
        if (options->unknown_fields[i].tag == number) {
            return true;
        }
    }
    return false;
}

/* Whether `messages`, or those nested in them, hold the one called `name` ("Outer.Inner"). */
static bool holds_message(Google__Protobuf__DescriptorProto *const *messages, size_t count,
                          const char *name)
{
    size_t first_len = strcspn(name, ".");
    for (size_t i = 0; i < count; i++) {
        if (base_str_eq(base_str_of(messages[i]->name), base_str_make(name, first_len))) {
            return name[first_len] == '\0' ||
                   holds_message(messages[i]->nested_type, messages[i]->n_nested_type,
                                 name + first_len + 1);
        }
    }
    return false;
}

/* The part of `full_name` behind the file's package, or NULL when it is not of that package. */
static const char *name_in_package(const Google__Protobuf__FileDescriptorProto *file,
                                   const char *full_name)
{
    assert(full_name != NULL);
    const char *package = file->package == NULL ? "" : file->package;
    size_t len = strlen(package);
    if (len == 0) {
        return full_name;
    }
    bool is_inside = strncmp(full_name, package, len) == 0 && full_name[len] == '.';
    return is_inside ? full_name + len + 1 : NULL;
}

static const Google__Protobuf__FileDescriptorProto *
find_defining_file(const struct builder *builder, const char *full_name)
{
    for (size_t i = 0; i < builder->request->n_proto_file; i++) {
        const Google__Protobuf__FileDescriptorProto *file = builder->request->proto_file[i];
        const char *name = name_in_package(file, full_name);
        if (name != NULL && holds_message(file->message_type, file->n_message_type, name)) {
            return file;
        }
    }
    return NULL;
}

/* `type_name` is as protoc resolved it, ".notes.v1.Note". */
static bool build_type(const struct builder *builder, const char *type_name,
                       struct gen_type *out_type)
{
    const char *full_name = type_name + (type_name[0] == '.');
    const Google__Protobuf__FileDescriptorProto *file = find_defining_file(builder, full_name);
    if (file == NULL) {
        return base_err_set(builder->err, BASE_INVALID_ARGUMENT, "no file defines message %s",
                            full_name);
    }
    if (file->options != NULL && has_extension(&file->options->base, PB_C_FILE)) {
        return base_err_set(builder->err, BASE_INVALID_ARGUMENT,
                            "%s: option pb_c_file of %s is not supported, as it may change the "
                            "names of types",
                            full_name, file->name);
    }
    *out_type = (struct gen_type){
        .c_name = gen_name_type(builder->arena, full_name),
        .descriptor = gen_name_descriptor(builder->arena, full_name),
        .stem = gen_name_stem(builder->arena, file->name),
    };
    return true;
}

static const char *kind_of(const Google__Protobuf__MethodDescriptorProto *method)
{
    if (method->client_streaming) {
        return method->server_streaming ? "RPC_BIDI_STREAMING" : "RPC_CLIENT_STREAMING";
    }
    return method->server_streaming ? "RPC_SERVER_STREAMING" : "RPC_UNARY";
}

/* protoc-gen-c names a slot of its own service code like this and gives no way around it. */
static bool check_not_keyword(const struct builder *builder, const char *c_name)
{
    return !gen_name_is_keyword(c_name) ||
           base_err_set(builder->err, BASE_INVALID_ARGUMENT,
                        "the method would be called \"%s\" in C, which is a keyword", c_name);
}

static bool build_method(const struct builder *builder, const char *service_name,
                         const Google__Protobuf__MethodDescriptorProto *method,
                         struct gen_method *out)
{
    const Google__Protobuf__MethodOptions *options = method->options;
    *out = (struct gen_method){
        .name = method->name,
        .full_name = gen_name_printf(builder->arena, "%s.%s", service_name, method->name),
        .c_name = gen_name_method(builder->arena, method->name),
        .path = gen_name_printf(builder->arena, "/%s/%s", service_name, method->name),
        .kind = kind_of(method),
        .is_unary = !method->client_streaming && !method->server_streaming,
        .no_side_effects = options != NULL &&
                           options->idempotency_level ==
                               GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS,
    };
    bool ok = check_not_keyword(builder, out->c_name) &&
              build_type(builder, method->input_type, &out->request) &&
              build_type(builder, method->output_type, &out->response);
    return ok || base_err_wrap(builder->err, "%s", out->full_name);
}

static bool check_unary(const struct builder *builder, const struct gen_service *service)
{
    for (size_t i = 0; i < service->method_count; i++) {
        if (service->methods[i].is_unary) {
            return true;
        }
    }
    return base_err_set(builder->err, BASE_INVALID_ARGUMENT,
                        "service %s has no unary method, and only those are supported",
                        service->full_name);
}

static bool build_service(const struct builder *builder, size_t index, struct gen_service *out)
{
    const Google__Protobuf__ServiceDescriptorProto *service = builder->file->service[index];
    const char *package = builder->file->package;
    bool has_package = package != NULL && package[0] != '\0';
    *out = (struct gen_service){
        .full_name = gen_name_printf(builder->arena, "%s%s%s", has_package ? package : "",
                                     has_package ? "." : "", service->name),
        .short_name = gen_name_service(builder->arena, service->name),
        .comment = find_comment(builder, (int32_t[]){FILE_SERVICE, (int32_t)index}, 2),
        .methods = allocate(builder, service->n_method, sizeof *out->methods),
        .method_count = service->n_method,
    };
    out->c_name = gen_name_service(builder->arena, out->full_name);
    for (size_t i = 0; i < service->n_method; i++) {
        struct gen_method *method = &out->methods[i];
        if (!build_method(builder, out->full_name, service->method[i], method)) {
            return false;
        }
        const int32_t path[] = {FILE_SERVICE, (int32_t)index, SERVICE_METHOD, (int32_t)i};
        method->comment = find_comment(builder, path, 4);
    }
    return check_unary(builder, out);
}

/* A name that gen_write gives to a function or an object, and what that stands for. */
struct symbol {
    const char *c_name;
    const char *full_name;
};
#define SERVICE_SYMBOLS 3
#define METHOD_SYMBOLS 2 /* at most */

/* Stores the symbols of a service; returns the end. */
static struct symbol *list_symbols(const struct builder *builder, const struct gen_service *service,
                                   struct symbol *end)
{
    struct base_arena *arena = builder->arena;
    const char *full_name = service->full_name;
    const char *c_name = service->c_name;
    const char *short_name = service->short_name;
    *end++ = (struct symbol){gen_name_printf(arena, "%s_service", c_name), full_name};
    *end++ = (struct symbol){gen_name_printf(arena, "%s_register", c_name), full_name};
    *end++ = (struct symbol){gen_name_printf(arena, "%s_methods", short_name), full_name};
    for (size_t i = 0; i < service->method_count; i++) {
        const char *method = service->methods[i].c_name;
        if (!service->methods[i].is_unary) {
            continue; /* neither client nor handler */
        }
        full_name = service->methods[i].full_name;
        *end++ = (struct symbol){gen_name_printf(arena, "%s_%s", c_name, method), full_name};
        *end++ =
            (struct symbol){gen_name_printf(arena, "call_%s_%s", short_name, method), full_name};
    }
    return end;
}

/* Names that differ only in capitals, or in where one ends and the next begins, would be one name
 * in C. */
static bool check_symbols(const struct builder *builder, const struct gen_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < file->service_count; i++) {
        count += SERVICE_SYMBOLS + METHOD_SYMBOLS * file->services[i].method_count;
    }
    struct symbol *symbols = allocate(builder, count, sizeof *symbols);
    struct symbol *end = symbols;
    for (size_t i = 0; i < file->service_count; i++) {
        end = list_symbols(builder, &file->services[i], end);
    }
    for (const struct symbol *second = symbols; second < end; second++) {
        for (const struct symbol *first = symbols; first < second; first++) {
            if (strcmp(first->c_name, second->c_name) == 0) {
                return base_err_set(builder->err, BASE_INVALID_ARGUMENT,
                                    "%s and %s would both be called %s in C", first->full_name,
                                    second->full_name, first->c_name);
            }
        }
    }
    return true;
}

static bool build_services(const struct builder *builder, struct gen_file *out)
{
    for (size_t i = 0; i < out->service_count; i++) {
        if (!build_service(builder, i, &out->services[i])) {
            return false;
        }
    }
    return check_symbols(builder, out);
}

static int compare_stems(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_message_stems(const struct builder *builder, struct gen_file *file)
{
    size_t count = 0;
    for (size_t i = 0; i < file->service_count; i++) {
        count += 2 * file->services[i].method_count;
    }
    const char **stems = allocate(builder, count, sizeof *stems);
    size_t end = 0;
    for (size_t i = 0; i < file->service_count; i++) {
        for (size_t j = 0; j < file->services[i].method_count; j++) {
            stems[end++] = file->services[i].methods[j].request.stem;
            stems[end++] = file->services[i].methods[j].response.stem;
        }
    }
    qsort(stems, count, sizeof *stems, compare_stems);
    file->message_stems = stems;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(stems[i], stems[i - 1]) != 0) {
            stems[file->message_stem_count++] = stems[i];
        }
    }
}

bool gen_model_build(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                     const char *name, struct base_arena *arena, struct gen_file *out_file,
                     struct base_err *err)
{
    const Google__Protobuf__FileDescriptorProto *file = gen_descriptor_set_find(request, name);
    if (file == NULL) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%s: not among the files protoc sent",
                            name);
    }
    struct builder builder = {request, file, arena, err};
    struct gen_file out = {
        .name = file->name,
        .stem = gen_name_stem(arena, name),
        .comment = find_comment(&builder, (int32_t[]){FILE_SYNTAX}, 1),
        .services = allocate(&builder, file->n_service, sizeof *out.services),
        .service_count = file->n_service,
        .descriptor_set = gen_descriptor_set_pack(request, (char *[]){file->name}, 1, arena),
    };
    out.c_name = gen_name_file(arena, out.stem);
    if (!build_services(&builder, &out)) {
        return base_err_wrap(err, "%s", name);
    }
    collect_message_stems(&builder, &out);
    *out_file = out;
    return true;
}
