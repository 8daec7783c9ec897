/* Goes through the handlers, so that the demo's documents are made like any other. */
#include "server/demo.h"

static bool has_users(struct srv_library *library, struct rpc_context *ctx, bool *out_has,
                      struct base_err *err)
{
    Library__V1__ListUsersRequest request = LIBRARY__V1__LIST_USERS_REQUEST__INIT;
    Library__V1__ListUsersResponse response = LIBRARY__V1__LIST_USERS_RESPONSE__INIT;
    request.page_size = 1;
    bool ok = srv_library_handlers.list_users(library, ctx, &request, &response, err);
    *out_has = ok && response.n_users > 0;
    return ok;
}

static bool has_notes(struct srv_notes *notes, struct rpc_context *ctx, bool *out_has,
                      struct base_err *err)
{
    Notes__V1__ListNotesRequest request = NOTES__V1__LIST_NOTES_REQUEST__INIT;
    Notes__V1__ListNotesResponse response = NOTES__V1__LIST_NOTES_RESPONSE__INIT;
    request.page_size = 1;
    bool ok = srv_notes_handlers.list_notes(notes, ctx, &request, &response, err);
    *out_has = ok && response.n_notes > 0;
    return ok;
}

static bool add_user(struct srv_library *library, struct rpc_context *ctx, char *name,
                     uint32_t *out_id, struct base_err *err)
{
    Library__V1__CreateUserRequest request = LIBRARY__V1__CREATE_USER_REQUEST__INIT;
    Library__V1__CreateUserResponse response = LIBRARY__V1__CREATE_USER_RESPONSE__INIT;
    request.name = name;
    bool ok = srv_library_handlers.create_user(library, ctx, &request, &response, err);
    *out_id = response.id;
    return ok;
}

static bool add_users(struct srv_library *library, struct rpc_context *ctx, struct base_err *err)
{
    uint32_t alice;
    uint32_t bob;
    if (!add_user(library, ctx, "Alice", &alice, err) ||
        !add_user(library, ctx, "Bob", &bob, err)) {
        return false;
    }
    Library__V1__AddBookRequest request = LIBRARY__V1__ADD_BOOK_REQUEST__INIT;
    Library__V1__AddBookResponse response = LIBRARY__V1__ADD_BOOK_RESPONSE__INIT;
    request.id = alice;
    request.isbn = "1234567";
    request.name = "A new book";
    request.author = "It's me";
    return srv_library_handlers.add_book(library, ctx, &request, &response, err);
}

static bool add_note(struct srv_notes *notes, struct rpc_context *ctx, struct base_err *err)
{
    Notes__V1__Note note = NOTES__V1__NOTE__INIT;
    note.title = "Welcome";
    note.content = "This note came with the demo. Change it, remove it, or add your own.";
    Notes__V1__CreateNoteRequest request = NOTES__V1__CREATE_NOTE_REQUEST__INIT;
    request.note = &note;
    Notes__V1__Note response = NOTES__V1__NOTE__INIT;
    return srv_notes_handlers.create_note(notes, ctx, &request, &response, err);
}

bool srv_demo_fill(struct srv_library *library, struct srv_notes *notes, struct base_err *err)
{
    struct rpc_context ctx;
    rpc_context_init(&ctx);
    bool users_there;
    bool notes_there;
    bool ok = has_users(library, &ctx, &users_there, err) &&
              (users_there || add_users(library, &ctx, err)) &&
              has_notes(notes, &ctx, &notes_there, err) &&
              (notes_there || add_note(notes, &ctx, err));
    rpc_context_dispose(&ctx);
    return ok;
}
