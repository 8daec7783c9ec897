#include "tests/rpc/fake_notes.h"

#include "base/clock.h"
#include "google/rpc/error_details.pb-c.h"

#include <time.h>

#define LARGE_BYTES (size_t)(1024 * 1024)

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = BASE_NS_PER_MS}, NULL);
}

bool fake_await(atomic_int *value, int wanted)
{
    int64_t end_ns = base_clock_monotonic_ns() + 10 * BASE_NS_PER_S;
    while (atomic_load(value) < wanted) {
        if (base_clock_monotonic_ns() > end_ns) {
            return false;
        }
        nap();
    }
    return true;
}

static bool fail_with_details(struct rpc_context *ctx, struct base_err *err)
{
    Google__Rpc__BadRequest__FieldViolation violation =
        GOOGLE__RPC__BAD_REQUEST__FIELD_VIOLATION__INIT;
    violation.field = "note_id";
    violation.description = "is missing";
    Google__Rpc__BadRequest__FieldViolation *violations[] = {&violation};
    Google__Rpc__BadRequest detail = GOOGLE__RPC__BAD_REQUEST__INIT;
    detail.n_field_violations = 1;
    detail.field_violations = violations;
    rpc_context_add_detail(ctx, &detail.base);
    return base_err_set(err, BASE_NOT_FOUND, "note missing not found");
}

static bool answer_headers(struct rpc_context *ctx, struct base_err *err)
{
    const struct base_str *text = rpc_metadata_find(&ctx->request, BASE_STR("x-in"));
    const struct base_str *binary = rpc_metadata_find(&ctx->request, BASE_STR("x-in-bin"));
    if (text == NULL || binary == NULL) {
        return base_err_set(err, BASE_FAILED_PRECONDITION, "x-in and x-in-bin did not arrive");
    }
    return rpc_context_add_header(ctx, BASE_STR("x-out"), *text, err) &&
           rpc_context_add_header(ctx, BASE_STR("x-out-bin"), *binary, err) &&
           rpc_context_add_trailer(ctx, BASE_STR("x-end"), BASE_STR("bye"), err);
}

static bool wait(struct fake_notes *fake, struct rpc_context *ctx, struct base_err *err)
{
    atomic_fetch_add(&fake->waiting, 1);
    while (!atomic_load(&fake->released) && !rpc_context_is_over(ctx)) {
        nap();
    }
    if (!rpc_context_check(ctx, err)) {
        atomic_fetch_add(&fake->over, 1);
        return false;
    }
    return true;
}

static bool answer(struct fake_notes *fake, struct rpc_context *ctx, const char *note_id,
                   Notes__V1__Note *note, struct base_err *err)
{
    atomic_fetch_add(&fake->served, 1);
    note->note_id = rpc_context_strdup(ctx, base_str_of(note_id), err);
    note->title = "T";
    if (note->note_id == NULL) {
        return false;
    }
    if (strcmp(note_id, "missing") == 0) {
        return fail_with_details(ctx, err);
    }
    if (strcmp(note_id, "headers") == 0) {
        return answer_headers(ctx, err);
    }
    if (strcmp(note_id, "wait") == 0) {
        return wait(fake, ctx, err);
    }
    if (strcmp(note_id, "memory") == 0) {
        return rpc_context_alloc(ctx, RPC_CONTEXT_ARENA_BYTES_MAX, err) != NULL;
    }
    if (strcmp(note_id, "large") == 0) {
        note->content = rpc_context_alloc(ctx, LARGE_BYTES + 1, err);
        if (note->content == NULL) {
            return false;
        }
        memset(note->content, 'x', LARGE_BYTES);
    }
    return true;
}

static bool get(const void *handlers, void *self, struct rpc_context *ctx,
                const ProtobufCMessage *request, ProtobufCMessage *response, struct base_err *err)
{
    (void)handlers;
    return answer(self, ctx, ((const Notes__V1__GetNoteRequest *)request)->note_id,
                  (Notes__V1__Note *)response, err);
}

static bool create(const void *handlers, void *self, struct rpc_context *ctx,
                   const ProtobufCMessage *request, ProtobufCMessage *response,
                   struct base_err *err)
{
    (void)handlers;
    const Notes__V1__CreateNoteRequest *create_request =
        (const Notes__V1__CreateNoteRequest *)request;
    const char *note_id = create_request->note == NULL ? "" : create_request->note->note_id;
    return answer(self, ctx, note_id, (Notes__V1__Note *)response, err);
}

static const struct rpc_method methods[] = {
    {.path = FAKE_GET,
     .kind = RPC_UNARY,
     .no_side_effects = true,
     .request = &notes__v1__get_note_request__descriptor,
     .response = &notes__v1__note__descriptor,
     .unary = get},
    {.path = FAKE_CREATE,
     .kind = RPC_UNARY,
     .request = &notes__v1__create_note_request__descriptor,
     .response = &notes__v1__note__descriptor,
     .unary = create},
    {.path = FAKE_WATCH,
     .kind = RPC_SERVER_STREAMING,
     .request = &notes__v1__get_note_request__descriptor,
     .response = &notes__v1__note__descriptor},
};

const struct rpc_service fake_notes_service = {
    .name = "test.Notes",
    .methods = methods,
    .method_count = sizeof methods / sizeof *methods,
};

const struct rpc_method *const fake_get = &methods[0];
const struct rpc_method *const fake_create = &methods[1];
const struct rpc_method *const fake_watch = &methods[2];
