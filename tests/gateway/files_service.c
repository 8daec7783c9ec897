#include "tests/gateway/files_service.h"

#include "base/mem.h"
#include "google/rpc/error_details.pb-c.h"
#include "library/v1/library.pb-c.h"

#include <stdio.h>

static uint8_t sum_of(const char *data, size_t len)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + (uint8_t)data[i]);
    }
    return sum;
}

static bool deny(struct rpc_context *ctx, struct base_err *err)
{
    char reason[] = "NO_TOKEN";
    char title[] = "How to log in";
    Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
    Library__V1__Book book = LIBRARY__V1__BOOK__INIT;
    info.reason = reason;
    book.name = title;
    rpc_context_add_detail(ctx, &info.base);
    rpc_context_add_detail(ctx, &book.base);
    return base_err_set(err, BASE_UNAUTHENTICATED, "who are you?");
}

/* Keeps a copy of the file in the place of the one before. */
static void keep(struct files_service *files, const char *name, const Google__Api__HttpBody *file)
{
    pthread_mutex_lock(&files->mutex);
    (void)snprintf(files->name, sizeof files->name, "%s", name);
    (void)snprintf(files->type, sizeof files->type, "%s", file == NULL ? "" : file->content_type);
    files->len = file == NULL ? 0 : file->data.len;
    base_free(files->data);
    files->data = base_alloc(files->len + 1);
    if (files->len > 0) {
        memcpy(files->data, file->data.data, files->len);
    }
    pthread_mutex_unlock(&files->mutex);
}

static bool put(void *self, struct rpc_context *ctx, const Test__Files__PutRequest *request,
                Test__Files__Receipt *response, struct base_err *err)
{
    const Google__Api__HttpBody *file =
        request->source_case == TEST__FILES__PUT_REQUEST__SOURCE_FILE ? request->file : NULL;
    if (strcmp(request->name, FILES_DENIED) == 0) {
        return deny(ctx, err);
    }
    keep(self, request->name, file);
    response->name = rpc_context_strdup(ctx, base_str_of(request->name), err);
    response->content_type =
        rpc_context_strdup(ctx, base_str_of(file == NULL ? "" : file->content_type), err);
    response->size = file == NULL ? 0 : file->data.len;
    char sum[4];
    (void)snprintf(sum, sizeof sum, "%d",
                   file == NULL ? 0 : sum_of((const char *)file->data.data, file->data.len));
    return response->name != NULL && response->content_type != NULL &&
           rpc_context_add_trailer(ctx, BASE_STR("x-checksum"), base_str_of(sum), err);
}

/* Copies the file called `name` into the call's arena; NOT_FOUND when there is none. */
static bool find(struct files_service *files, struct rpc_context *ctx, const char *name,
                 Google__Api__HttpBody *out, struct base_err *err)
{
    pthread_mutex_lock(&files->mutex);
    bool found = files->name[0] != '\0' && strcmp(files->name, name) == 0;
    uint8_t *data = found ? rpc_context_alloc(ctx, files->len + 1, err) : NULL;
    if (data != NULL) {
        memcpy(data, files->data, files->len);
        out->data.data = data;
        out->data.len = files->len;
        out->content_type = rpc_context_strdup(ctx, base_str_of(files->type), err);
    }
    pthread_mutex_unlock(&files->mutex);
    return found ? data != NULL && out->content_type != NULL
                 : base_err_set(err, BASE_NOT_FOUND, "file %s not found", name);
}

static bool get(void *self, struct rpc_context *ctx, const Test__Files__GetRequest *request,
                Google__Api__HttpBody *response, struct base_err *err)
{
    if (!find(self, ctx, request->name, response, err)) {
        return false;
    }
    char size[24];
    char sum = (char)sum_of((const char *)response->data.data, response->data.len);
    (void)snprintf(size, sizeof size, "%zu", response->data.len);
    return rpc_context_add_header(ctx, BASE_STR("x-size"), base_str_of(size), err) &&
           rpc_context_add_trailer(ctx, BASE_STR("sum-bin"), base_str_make(&sum, 1), err);
}

static bool get_stat(void *self, struct rpc_context *ctx, const Test__Files__GetRequest *request,
                     Test__Files__Stored *response, struct base_err *err)
{
    Google__Api__HttpBody *file = rpc_context_alloc(ctx, sizeof *file, err);
    if (file == NULL) {
        return false;
    }
    google__api__http_body__init(file);
    response->file = file;
    if (!find(self, ctx, request->name, file, err)) {
        return false;
    }
    response->size = file->data.len;
    return true;
}

/* The request lives as long as the call, so it may be answered as it is. */
static bool echo(void *self, struct rpc_context *ctx, const Google__Api__HttpBody *request,
                 Google__Api__HttpBody *response, struct base_err *err)
{
    (void)self;
    (void)ctx;
    (void)err;
    response->content_type = request->content_type;
    response->data = request->data;
    return true;
}

const struct test_files_files_handlers files_handlers = {
    .put = put, .get = get, .stat = get_stat, .echo = echo, .patch = put};

void files_service_init(struct files_service *files)
{
    *files = (struct files_service){0};
    pthread_mutex_init(&files->mutex, NULL);
}

void files_service_dispose(struct files_service *files)
{
    pthread_mutex_destroy(&files->mutex);
    base_free(files->data);
}
