/* Files are kept in one list in the order in which they were first heard of, come or not, with a
 * tree over their names. Going through that list to its end asks for what is missing, and what
 * comes may make it longer. */
#include "rpc/reflection_client.h"

#include "base/arena.h"
#include "base/wire.h"
#include "rpc/client.h"
#include "rpc/codec.h"

#include "google/protobuf/descriptor.pb-c.h"
#include "grpc/reflection/v1/reflection.pb-c.h"

#include <search.h>

/* What protoc-c makes of the names, cut to what differs. */
#define REQUEST_OF(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define RESPONSE_OF(what) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what
#define REQUEST_INIT GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT

/* The field of a FileDescriptorSet that holds a file, as a tag of the wire. */
#define FILE_TAG 0x0A

struct file {
    struct base_str name;
    const struct file *importer; /* who was the first to name it; NULL for a service's own */
    bool is_here;
    struct file *next;
};

struct fetch {
    struct rpc_channel *channel;
    const struct rpc_method *method; /* of the version that the server has */
    int64_t deadline_ns;
    const struct base_stop *stop;
    struct base_arena names;
    struct base_arena answer;  /* the last */
    struct base_arena scratch; /* one file of it */
    void *by_name;             /* tsearch(3), of struct file */
    struct file *first;
    struct file **end;
    size_t file_count;
    struct base_buf *out;
    struct base_err *err;
};

#define METHOD(version)                                                                            \
    {                                                                                              \
        .path = "/grpc.reflection." version ".ServerReflection/ServerReflectionInfo",              \
        .kind = RPC_BIDI_STREAMING,                                                                \
        .request = &grpc__reflection__v1__server_reflection_request__descriptor,                   \
        .response = &grpc__reflection__v1__server_reflection_response__descriptor,                 \
    }

static const struct rpc_method v1 = METHOD("v1");
static const struct rpc_method v1alpha = METHOD("v1alpha");

static bool refuse_answer(struct fetch *fetch, const char *problem)
{
    return base_err_set(fetch->err, BASE_FAILED_PRECONDITION, "the answer %s", problem);
}

/* ---- Questions ---- */

/* Asks once; the response lives in `answer` until the next question. */
static bool ask_version(struct fetch *fetch,
                        const Grpc__Reflection__V1__ServerReflectionRequest *request,
                        const Grpc__Reflection__V1__ServerReflectionResponse **out)
{
    const struct rpc_client_options options = {.deadline_ns = fetch->deadline_ns,
                                               .stop = fetch->stop};
    ProtobufCMessage *response;
    base_arena_reset(&fetch->answer);
    if (!rpc_client_unary(fetch->channel, fetch->method, &options, &request->base, &fetch->answer,
                          &response, NULL, fetch->err)) {
        return false;
    }
    *out = (const Grpc__Reflection__V1__ServerReflectionResponse *)response;
    return true;
}

static bool ask(struct fetch *fetch, const Grpc__Reflection__V1__ServerReflectionRequest *request,
                const Grpc__Reflection__V1__ServerReflectionResponse **out)
{
    bool fine = ask_version(fetch, request, out);
    if (!fine && fetch->err->code == BASE_UNIMPLEMENTED && fetch->method == &v1) {
        fetch->method = &v1alpha;
        fine = ask_version(fetch, request, out);
    }
    if (!fine) {
        return false;
    }
    if ((*out)->message_response_case == RESPONSE_OF(ERROR_RESPONSE)) {
        return base_err_set(fetch->err, BASE_FAILED_PRECONDITION, "the server answers \"%s\"",
                            (*out)->error_response->error_message);
    }
    return true;
}

/* ---- Files ---- */

static int compare_files(const void *a, const void *b)
{
    const struct file *left = a;
    const struct file *right = b;
    if (left->name.len != right->name.len) {
        return left->name.len < right->name.len ? -1 : 1;
    }
    return memcmp(left->name.data, right->name.data, left->name.len);
}

static bool is_full(struct fetch *fetch)
{
    return base_err_set(fetch->err, BASE_RESOURCE_EXHAUSTED,
                        "more than %d files, or their names take more than %zu bytes",
                        RPC_REFLECTION_FILES_MAX, RPC_REFLECTION_NAMES_BYTES_MAX);
}

static bool append_file(struct fetch *fetch, const struct file *wanted, struct file **out)
{
    struct file *file = base_arena_calloc(&fetch->names, sizeof *file);
    if (file == NULL || fetch->file_count == RPC_REFLECTION_FILES_MAX ||
        !base_arena_copy(&fetch->names, wanted->name, &file->name) ||
        tsearch(file, &fetch->by_name, compare_files) == NULL) {
        return is_full(fetch);
    }
    file->importer = wanted->importer;
    *fetch->end = file;
    fetch->end = &file->next;
    fetch->file_count++;
    *out = file;
    return true;
}

/* The file of that name, which is on the list from now on. */
static bool want(struct fetch *fetch, const char *name, const struct file *importer,
                 struct file **out)
{
    const struct file wanted = {.name = base_str_of(name), .importer = importer};
    struct file *const *found = tfind(&wanted, &fetch->by_name, compare_files);
    if (found != NULL) {
        *out = *found;
        return true;
    }
    return append_file(fetch, &wanted, out);
}

/* Appends the file to the set. */
static bool append_to_set(struct fetch *fetch, struct base_str bytes)
{
    uint8_t head[1 + BASE_VARINT_BYTES_MAX] = {FILE_TAG};
    size_t head_len = (size_t)(base_wire_put_varint(head + 1, bytes.len) - head);
    return (base_buf_append(fetch->out, head, head_len) &&
            base_buf_append_str(fetch->out, bytes)) ||
           base_err_set(fetch->err, BASE_RESOURCE_EXHAUSTED, "the files have more than %zu bytes",
                        fetch->out->max_bytes);
}

static bool take_file(struct fetch *fetch, struct base_str bytes)
{
    ProtobufCMessage *message;
    base_arena_reset(&fetch->scratch);
    if (!rpc_codec_unpack(&google__protobuf__file_descriptor_proto__descriptor, bytes,
                          &fetch->scratch, &message, fetch->err)) {
        return base_err_wrap(fetch->err, "not a google.protobuf.FileDescriptorProto");
    }
    const Google__Protobuf__FileDescriptorProto *source =
        (const Google__Protobuf__FileDescriptorProto *)message;
    if (source->name == NULL || *source->name == '\0') {
        return refuse_answer(fetch, "has a file without a name");
    }
    struct file *file;
    if (!want(fetch, source->name, NULL, &file)) {
        return false;
    }
    if (file->is_here) {
        return true;
    }
    file->is_here = true;
    for (size_t i = 0; i < source->n_dependency; i++) {
        struct file *imported;
        if (!want(fetch, source->dependency[i], file, &imported)) {
            return false;
        }
    }
    return append_to_set(fetch, bytes);
}

static bool ask_for_files(struct fetch *fetch,
                          const Grpc__Reflection__V1__ServerReflectionRequest *request)
{
    const Grpc__Reflection__V1__ServerReflectionResponse *response;
    if (!ask(fetch, request, &response)) {
        return false;
    }
    if (response->message_response_case != RESPONSE_OF(FILE_DESCRIPTOR_RESPONSE)) {
        return refuse_answer(fetch, "has no files");
    }
    const Grpc__Reflection__V1__FileDescriptorResponse *files = response->file_descriptor_response;
    for (size_t i = 0; i < files->n_file_descriptor_proto; i++) {
        const ProtobufCBinaryData *file = &files->file_descriptor_proto[i];
        if (!take_file(fetch, base_str_make((const char *)file->data, file->len))) {
            return false;
        }
    }
    return true;
}

/* ---- Services ---- */

/* Those that every server may have beside its own. */
static bool is_infrastructure(const char *service)
{
    struct base_str name = base_str_of(service);
    return base_str_starts_with(name, BASE_STR("grpc.reflection.")) ||
           base_str_starts_with(name, BASE_STR("grpc.health."));
}

/* Gives copies of the names. */
static bool list_services(struct fetch *fetch, struct base_str **out_names, size_t *out_count)
{
    Grpc__Reflection__V1__ServerReflectionRequest request = REQUEST_INIT;
    request.message_request_case = REQUEST_OF(LIST_SERVICES);
    request.list_services = "*";
    const Grpc__Reflection__V1__ServerReflectionResponse *response;
    if (!ask(fetch, &request, &response)) {
        return false;
    }
    if (response->message_response_case != RESPONSE_OF(LIST_SERVICES_RESPONSE)) {
        return refuse_answer(fetch, "is no list of services");
    }
    const Grpc__Reflection__V1__ListServiceResponse *list = response->list_services_response;
    if (list->n_service > RPC_REFLECTION_SERVICES_MAX) {
        return base_err_set(fetch->err, BASE_RESOURCE_EXHAUSTED, "more than %d services",
                            RPC_REFLECTION_SERVICES_MAX);
    }
    struct base_str *names = base_arena_alloc(&fetch->names, list->n_service * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names != NULL && i < list->n_service; i++) {
        const char *name = list->service[i]->name;
        if (!is_infrastructure(name) &&
            !base_arena_copy(&fetch->names, base_str_of(name), &names[count++])) {
            return is_full(fetch);
        }
    }
    *out_names = names;
    *out_count = count;
    return count > 0 ||
           base_err_set(fetch->err, BASE_FAILED_PRECONDITION, "the server has no services");
}

static bool fetch_services(struct fetch *fetch)
{
    struct base_str *names;
    size_t count;
    if (!list_services(fetch, &names, &count)) {
        return base_err_wrap(fetch->err, "list of services");
    }
    for (size_t i = 0; i < count; i++) {
        Grpc__Reflection__V1__ServerReflectionRequest request = REQUEST_INIT;
        request.message_request_case = REQUEST_OF(FILE_CONTAINING_SYMBOL);
        request.file_containing_symbol = (char *)(uintptr_t)names[i].data;
        if (!ask_for_files(fetch, &request)) {
            return base_err_wrap(fetch->err, "service %.*s", BASE_STR_ARGS(names[i]));
        }
    }
    return true;
}

static bool fetch_imports(struct fetch *fetch)
{
    for (const struct file *file = fetch->first; file != NULL; file = file->next) {
        if (file->is_here) {
            continue;
        }
        Grpc__Reflection__V1__ServerReflectionRequest request = REQUEST_INIT;
        request.message_request_case = REQUEST_OF(FILE_BY_FILENAME);
        request.file_by_filename = (char *)(uintptr_t)file->name.data;
        if (!ask_for_files(fetch, &request) ||
            (!file->is_here && !refuse_answer(fetch, "is another file"))) {
            return base_err_wrap(fetch->err, "file %.*s, which %.*s imports",
                                 BASE_STR_ARGS(file->name), BASE_STR_ARGS(file->importer->name));
        }
    }
    return true;
}

/* tdestroy(3) calls it with each file; they live in the arena. */
static void forget(void *file)
{
    (void)file;
}

bool rpc_reflection_fetch(struct rpc_channel *channel, const struct base_stop *stop,
                          struct base_buf *out, struct base_err *err)
{
    struct fetch fetch = {
        .channel = channel,
        .method = &v1,
        .deadline_ns =
            base_clock_monotonic_ns() + RPC_REFLECTION_TIMEOUT_MS * (int64_t)BASE_NS_PER_MS,
        .stop = stop,
        .out = out,
        .err = err,
    };
    fetch.end = &fetch.first;
    base_arena_init(&fetch.names, RPC_REFLECTION_NAMES_BYTES_MAX);
    base_arena_init(&fetch.answer, RPC_REFLECTION_ANSWER_BYTES_MAX);
    base_arena_init(&fetch.scratch, RPC_REFLECTION_ANSWER_BYTES_MAX);
    bool fine = fetch_services(&fetch) && fetch_imports(&fetch);
    tdestroy(fetch.by_name, forget);
    base_arena_dispose(&fetch.names);
    base_arena_dispose(&fetch.answer);
    base_arena_dispose(&fetch.scratch);
    return fine || base_err_wrap(err, "server reflection");
}
