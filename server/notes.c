/* Handlers check, call the store once and answer. Requests live as long as the call, so responses
 * and documents borrow their text from them. A text that is no UUID cannot be a note's id: it is
 * answered like one that is missing, without asking the store. */
#include "server/notes.h"

#include "server/page.h"
#include "server/validation.h"

#include <stdio.h>

static const struct srv_collection notes_collection = {
    .name = "notes",
    .key_kind = SRV_KEY_TEXT,
    .type = &notes__v1__note__descriptor,
};

/* What stands for a note that the request does not hold. */
static const Notes__V1__Note empty_note = NOTES__V1__NOTE__INIT;

/* What a change sets; a NULL leaves the field. */
struct change {
    struct srv_mutation mutation;
    char *title;
    char *content;
    Google__Protobuf__Timestamp *timestamp;
};

static bool note_not_found(const char *note_id, struct base_err *err)
{
    struct base_str quote = srv_validation_quote(note_id);
    const char *rest = note_id[quote.len] == '\0' ? "" : "...";
    return base_err_set(err, BASE_NOT_FOUND, "note %.*s%s not found", BASE_STR_ARGS(quote), rest);
}

/* Reads the id of a note that shall exist; NOT_FOUND where none can have it. */
static bool read_id(const char *text, char out_id[SRV_UUID_TEXT_SIZE], struct base_err *err)
{
    return srv_uuid_read(base_str_of(text), out_id) || note_not_found(text, err);
}

/* Says which note was not found, where that is what went wrong. */
static bool fail_on_note(const char *id, struct base_err *err)
{
    return err->code == BASE_NOT_FOUND ? base_err_set(err, BASE_NOT_FOUND, "note %s not found", id)
                                       : false;
}

/* The id may stand beside the note, within it, or in both places alike. */
static const char *pick_id(struct srv_validation *validation, const char *beside,
                           const Notes__V1__Note *note)
{
    if (beside[0] == '\0') {
        srv_validation_required(validation, "note_id", note->note_id);
        return note->note_id;
    }
    bool agrees = note->note_id[0] == '\0' ||
                  base_str_eq_nocase(base_str_of(beside), base_str_of(note->note_id));
    if (!agrees) {
        srv_validation_add(validation, "note.note_id", "note.note_id differs from note_id");
    }
    return beside;
}

static void check_title(struct srv_validation *validation, const Notes__V1__Note *note)
{
    srv_validation_required(validation, "note.title", note->title);
    srv_validation_bytes_max(validation, "note.title", note->title, SRV_NOTES_TITLE_BYTES_MAX);
}

static void check_content(struct srv_validation *validation, const Notes__V1__Note *note)
{
    srv_validation_bytes_max(validation, "note.content", note->content,
                             SRV_NOTES_CONTENT_BYTES_MAX);
}

/* Now, in whole milliseconds; NULL with RESOURCE_EXHAUSTED. */
static Google__Protobuf__Timestamp *make_timestamp(const struct srv_notes *notes,
                                                   struct rpc_context *ctx, struct base_err *err)
{
    Google__Protobuf__Timestamp *out = rpc_context_alloc(ctx, sizeof *out, err);
    if (out != NULL) {
        int64_t now_ns = notes->clock->unix_ns(notes->clock);
        google__protobuf__timestamp__init(out);
        out->seconds = now_ns / BASE_NS_PER_S;
        out->nanos = (int32_t)(now_ns % BASE_NS_PER_S / BASE_NS_PER_MS * BASE_NS_PER_MS);
    }
    return out;
}

static bool create_note(void *self, struct rpc_context *ctx,
                        const Notes__V1__CreateNoteRequest *request, Notes__V1__Note *response,
                        struct base_err *err)
{
    struct srv_notes *notes = self;
    const Notes__V1__Note *note = request->note != NULL ? request->note : &empty_note;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    check_title(&validation, note);
    check_content(&validation, note);
    if (!srv_validation_end(&validation, err)) {
        return false;
    }
    char *id = rpc_context_alloc(ctx, SRV_UUID_TEXT_SIZE, err);
    Google__Protobuf__Timestamp *timestamp = make_timestamp(notes, ctx, err);
    if (id == NULL || timestamp == NULL) {
        return false;
    }
    srv_uuid7_next(&notes->ids, id);
    response->note_id = id;
    response->title = note->title;
    response->content = note->content;
    response->timestamp = timestamp;
    return srv_store_insert(notes->store, ctx, &notes_collection, srv_key_text(base_str_of(id)),
                            &response->base, err);
}

static bool get_note(void *self, struct rpc_context *ctx, const Notes__V1__GetNoteRequest *request,
                     Notes__V1__Note *response, struct base_err *err)
{
    struct srv_notes *notes = self;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    srv_validation_required(&validation, "note_id", request->note_id);
    char id[SRV_UUID_TEXT_SIZE];
    if (!srv_validation_end(&validation, err) || !read_id(request->note_id, id, err)) {
        return false;
    }
    ProtobufCMessage *message;
    if (!srv_store_get(notes->store, ctx, &notes_collection, srv_key_text(base_str_of(id)),
                       SRV_SEALED, &message, err)) {
        return fail_on_note(id, err);
    }
    *response = *(const Notes__V1__Note *)message;
    return true;
}

static bool list_notes(void *self, struct rpc_context *ctx,
                       const Notes__V1__ListNotesRequest *request,
                       Notes__V1__ListNotesResponse *response, struct base_err *err)
{
    struct srv_notes *notes = self;
    struct srv_page_request wanted;
    if (!srv_page_request_read(ctx, request->page_size, request->page_token, SRV_KEY_TEXT,
                               SRV_NOTES_PAGE_SIZE, &wanted, err)) {
        return false;
    }
    struct srv_page page;
    if (!srv_store_list(notes->store, ctx, &notes_collection,
                        wanted.has_after ? &wanted.after : NULL, wanted.limit, SRV_SEALED, &page,
                        err)) {
        return false;
    }
    response->notes = rpc_context_alloc(ctx, page.count * sizeof *response->notes, err);
    if (response->notes == NULL) {
        return false;
    }
    response->n_notes = page.count;
    for (size_t i = 0; i < page.count; i++) {
        response->notes[i] = (Notes__V1__Note *)page.documents[i].message;
    }
    return srv_page_token(ctx, &page, &response->next_page_token, err);
}

static bool apply_change(const struct srv_mutation *mutation, struct rpc_context *ctx,
                         ProtobufCMessage *message, struct base_err *err)
{
    (void)ctx;
    (void)err;
    const struct change *change = (const struct change *)mutation;
    Notes__V1__Note *note = (Notes__V1__Note *)message;
    if (change->title != NULL) {
        note->title = change->title;
    }
    if (change->content != NULL) {
        note->content = change->content;
    }
    note->timestamp = change->timestamp;
    return true;
}

/* Changes the note called `id_text` and stamps it. */
static bool change_note(struct srv_notes *notes, struct rpc_context *ctx, const char *id_text,
                        struct change *change, Notes__V1__Note *response, struct base_err *err)
{
    char id[SRV_UUID_TEXT_SIZE];
    if (!read_id(id_text, id, err)) {
        return false;
    }
    change->mutation.apply = apply_change;
    change->timestamp = make_timestamp(notes, ctx, err);
    if (change->timestamp == NULL) {
        return false;
    }
    ProtobufCMessage *message;
    if (!srv_store_update(notes->store, ctx, &notes_collection, srv_key_text(base_str_of(id)),
                          &change->mutation, &message, err)) {
        return fail_on_note(id, err);
    }
    *response = *(const Notes__V1__Note *)message;
    return true;
}

static bool replace_note(void *self, struct rpc_context *ctx,
                         const Notes__V1__ReplaceNoteRequest *request, Notes__V1__Note *response,
                         struct base_err *err)
{
    const Notes__V1__Note *note = request->note != NULL ? request->note : &empty_note;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    const char *id = pick_id(&validation, request->note_id, note);
    check_title(&validation, note);
    check_content(&validation, note);
    if (!srv_validation_end(&validation, err)) {
        return false;
    }
    struct change change = {.title = note->title, .content = note->content};
    return change_note(self, ctx, id, &change, response, err);
}

/* Puts into `change` the field that `path` names; those only the server sets are passed over. */
static void read_mask_path(struct srv_validation *validation, const char *path,
                           const Notes__V1__Note *note, struct change *change)
{
    bool is_all = strcmp(path, "*") == 0;
    bool is_title = strcmp(path, "title") == 0;
    bool is_content = strcmp(path, "content") == 0;
    if (is_all || is_title) {
        change->title = note->title;
    }
    if (is_all || is_content) {
        change->content = note->content;
    }
    bool is_output = strcmp(path, "note_id") == 0 || strcmp(path, "timestamp") == 0;
    if (!is_all && !is_title && !is_content && !is_output) {
        srv_validation_add(validation, "update_mask",
                           "update_mask: a note has no field \"%.*s\" to change",
                           BASE_STR_ARGS(srv_validation_quote(path)));
    }
}

/* An empty mask stands for the fields that hold something (https://google.aip.dev/134). */
static void read_mask(struct srv_validation *validation, const Google__Protobuf__FieldMask *mask,
                      const Notes__V1__Note *note, struct change *change)
{
    if (mask == NULL || mask->n_paths == 0) {
        change->title = note->title[0] != '\0' ? note->title : NULL;
        change->content = note->content[0] != '\0' ? note->content : NULL;
        return;
    }
    for (size_t i = 0; i < mask->n_paths; i++) {
        read_mask_path(validation, mask->paths[i], note, change);
    }
}

static bool update_note(void *self, struct rpc_context *ctx,
                        const Notes__V1__UpdateNoteRequest *request, Notes__V1__Note *response,
                        struct base_err *err)
{
    const Notes__V1__Note *note = request->note != NULL ? request->note : &empty_note;
    struct change change = {0};
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    const char *id = pick_id(&validation, request->note_id, note);
    read_mask(&validation, request->update_mask, note, &change);
    if (change.title != NULL) {
        check_title(&validation, note);
    }
    if (change.content != NULL) {
        check_content(&validation, note);
    }
    if (!srv_validation_end(&validation, err)) {
        return false;
    }
    if (change.title == NULL && change.content == NULL) {
        const Notes__V1__GetNoteRequest get = {
            .base = PROTOBUF_C_MESSAGE_INIT(&notes__v1__get_note_request__descriptor),
            .note_id = (char *)id,
        };
        return get_note(self, ctx, &get, response, err);
    }
    return change_note(self, ctx, id, &change, response, err);
}

static bool delete_note(void *self, struct rpc_context *ctx,
                        const Notes__V1__DeleteNoteRequest *request,
                        Google__Protobuf__Empty *response, struct base_err *err)
{
    (void)response;
    struct srv_notes *notes = self;
    struct srv_validation validation;
    srv_validation_init(&validation, ctx);
    const char *id_text =
        pick_id(&validation, request->note_id, request->note != NULL ? request->note : &empty_note);
    char id[SRV_UUID_TEXT_SIZE];
    if (!srv_validation_end(&validation, err) || !read_id(id_text, id, err)) {
        return false;
    }
    return srv_store_remove(notes->store, ctx, &notes_collection, srv_key_text(base_str_of(id)),
                            err) ||
           fail_on_note(id, err);
}

const struct notes_v1_notes_handlers srv_notes_handlers = {
    .create_note = create_note,
    .get_note = get_note,
    .list_notes = list_notes,
    .replace_note = replace_note,
    .update_note = update_note,
    .delete_note = delete_note,
};

void srv_notes_init(struct srv_notes *notes, struct srv_store *store,
                    const struct base_clock *clock, const struct base_random *random)
{
    notes->store = store;
    notes->clock = clock;
    srv_uuid7_init(&notes->ids, clock, random);
}

bool srv_notes_register(struct srv_notes *notes, struct rpc_server *server, struct base_err *err)
{
    return notes_v1_notes_register(server, &srv_notes_handlers, notes, notes->store->inline_reads,
                                   err);
}
