/* Creating a user is two operations on the store, taking a number and adding the document: a crash
 * between them loses the number, which is allowed, and never gives one twice, which is not. */
#include "server/library.h"

#include "server/page.h"
#include "server/validation.h"

#include <inttypes.h>

#define COUNTER "users"

static const struct srv_collection users_collection = {
    .name = "users",
    .key_kind = SRV_KEY_NUMBER,
    .type = &library__v1__user__descriptor,
};

/* Says which user was not found, where that is what went wrong. */
static bool fail_on_user(uint32_t id, struct base_err *err)
{
    return err->code == BASE_NOT_FOUND
               ? base_err_set(err, BASE_NOT_FOUND, "user %" PRIu32 " not found", id)
               : false;
}

static bool create_user(void *self, struct rpc_context *ctx,
                        const Library__V1__CreateUserRequest *request,
                        Library__V1__CreateUserResponse *response, struct base_err *err)
{
    struct srv_library *library = self;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    srv_validation_required(&validation, "name", request->name);
    int64_t id;
    if (!srv_validation_end(&validation, err) ||
        !srv_store_next_id(library->store, ctx, COUNTER, &id, err)) {
        return false;
    }
    if (id > UINT32_MAX) {
        return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "all user ids have been given");
    }
    Library__V1__User user = LIBRARY__V1__USER__INIT;
    user.name = request->name;
    response->id = (uint32_t)id;
    return srv_store_insert(library->store, ctx, &users_collection, srv_key_number(id), &user.base,
                            err);
}

static bool fill_users(struct rpc_context *ctx, const struct srv_page *page,
                       Library__V1__ListUsersResponse *response, struct base_err *err)
{
    Library__V1__ListUsersResponse__UsersEntry *entries =
        rpc_context_alloc(ctx, page->count * sizeof *entries, err);
    response->users = rpc_context_alloc(ctx, page->count * sizeof *response->users, err);
    if (entries == NULL || response->users == NULL) {
        return false;
    }
    response->n_users = page->count;
    for (size_t i = 0; i < page->count; i++) {
        library__v1__list_users_response__users_entry__init(&entries[i]);
        entries[i].key = (uint32_t)page->documents[i].key.number;
        entries[i].value = (Library__V1__User *)page->documents[i].message;
        response->users[i] = &entries[i];
    }
    return true;
}

static bool list_users(void *self, struct rpc_context *ctx,
                       const Library__V1__ListUsersRequest *request,
                       Library__V1__ListUsersResponse *response, struct base_err *err)
{
    struct srv_library *library = self;
    struct srv_page_request wanted;
    if (!srv_page_request_read(ctx, request->page_size, request->page_token, SRV_KEY_NUMBER,
                               SRV_LIBRARY_PAGE_SIZE, &wanted, err)) {
        return false;
    }
    struct srv_page page;
    char *token;
    if (!srv_store_list(library->store, ctx, &users_collection,
                        wanted.has_after ? &wanted.after : NULL, wanted.limit, SRV_SEALED, &page,
                        err) ||
        !fill_users(ctx, &page, response, err) || !srv_page_token(ctx, &page, &token, err)) {
        return false;
    }
    return token[0] == '\0' ||
           rpc_context_add_header(ctx, BASE_STR("x-next-page-token"), base_str_of(token), err);
}

static bool get_user(void *self, struct rpc_context *ctx,
                     const Library__V1__GetUserRequest *request, Library__V1__User *response,
                     struct base_err *err)
{
    struct srv_library *library = self;
    ProtobufCMessage *message;
    if (!srv_store_get(library->store, ctx, &users_collection, srv_key_number(request->id),
                       SRV_SEALED, &message, err)) {
        return fail_on_user(request->id, err);
    }
    *response = *(const Library__V1__User *)message;
    return true;
}

static bool delete_user(void *self, struct rpc_context *ctx,
                        const Library__V1__DeleteUserRequest *request,
                        Library__V1__DeleteUserResponse *response, struct base_err *err)
{
    struct srv_library *library = self;
    if (!srv_store_remove(library->store, ctx, &users_collection, srv_key_number(request->id),
                          err)) {
        return fail_on_user(request->id, err);
    }
    response->success = true;
    return true;
}

struct addition {
    struct srv_mutation mutation;
    uint32_t user_id;
    Library__V1__Book *book;
};

/* The list is copied, not grown: the store may run this more than once, on a fresh
 * user each time. */
static bool apply_addition(const struct srv_mutation *mutation, struct rpc_context *ctx,
                           ProtobufCMessage *message, struct base_err *err)
{
    const struct addition *addition = (const struct addition *)mutation;
    Library__V1__User *user = (Library__V1__User *)message;
    if (user->n_books >= SRV_LIBRARY_BOOKS_MAX) {
        return base_err_set(err, BASE_FAILED_PRECONDITION,
                            "user %" PRIu32 " has %zu books, and no user may have more than %d",
                            addition->user_id, user->n_books, SRV_LIBRARY_BOOKS_MAX);
    }
    Library__V1__Book **books = rpc_context_alloc(ctx, (user->n_books + 1) * sizeof *books, err);
    if (books == NULL) {
        return false;
    }
    if (user->n_books > 0) {
        memcpy(books, user->books, user->n_books * sizeof *books);
    }
    books[user->n_books++] = addition->book;
    user->books = books;
    return protobuf_c_message_get_packed_size(message) <= SRV_STORE_DOCUMENT_BYTES_MAX ||
           base_err_set(err, BASE_FAILED_PRECONDITION,
                        "user %" PRIu32
                        " with all books may have %zu bytes, and this book passes that",
                        addition->user_id, SRV_STORE_DOCUMENT_BYTES_MAX);
}

static bool add_book(void *self, struct rpc_context *ctx,
                     const Library__V1__AddBookRequest *request,
                     Library__V1__AddBookResponse *response, struct base_err *err)
{
    struct srv_library *library = self;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    srv_validation_required(&validation, "isbn", request->isbn);
    srv_validation_required(&validation, "name", request->name);
    if (!srv_validation_end(&validation, err)) {
        return false;
    }
    Library__V1__Book *book = rpc_context_alloc(ctx, sizeof *book, err);
    if (book == NULL) {
        return false;
    }
    library__v1__book__init(book);
    book->isbn = request->isbn;
    book->name = request->name;
    book->author = request->author;
    const struct addition addition = {{apply_addition}, request->id, book};
    ProtobufCMessage *message;
    if (!srv_store_update(library->store, ctx, &users_collection, srv_key_number(request->id),
                          &addition.mutation, &message, err)) {
        return fail_on_user(request->id, err);
    }
    response->success = true;
    return true;
}

const struct library_v1_library_handlers srv_library_handlers = {
    .create_user = create_user,
    .list_users = list_users,
    .get_user = get_user,
    .delete_user = delete_user,
    .add_book = add_book,
};

void srv_library_init(struct srv_library *library, struct srv_store *store)
{
    library->store = store;
}

bool srv_library_register(struct srv_library *library, struct rpc_server *server,
                          struct base_err *err)
{
    return library_v1_library_register(server, &srv_library_handlers, library,
                                       library->store->inline_reads, err);
}
