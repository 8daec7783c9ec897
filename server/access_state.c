#include "server/access_state.h"

#include <assert.h>

static const struct srv_collection access_collection = {
    .name = "access",
    .key_kind = SRV_KEY_TEXT,
    .type = &tollgate__access_state__descriptor,
};

static struct srv_key state_key(void)
{
    return srv_key_text(BASE_STR("state"));
}

bool srv_access_state_read(struct srv_store *store, struct rpc_context *ctx,
                           Tollgate__AccessState **out_state, struct base_err *err)
{
    ProtobufCMessage *message;
    if (!srv_store_get(store, ctx, &access_collection, state_key(), SRV_OPEN, &message, err)) {
        return false;
    }
    *out_state = (Tollgate__AccessState *)message;
    return true;
}

bool srv_access_state_make(struct srv_store *store, struct rpc_context *ctx,
                           const struct base_random *random, struct base_str secret,
                           struct srv_key_ring *out_ring, struct base_err *err)
{
    uint8_t salt[SRV_KEY_SALT_BYTES];
    random->fill(random, salt, sizeof salt);
    struct srv_key_ring ring;
    srv_key_ring_derive(secret, salt, &ring);
    Tollgate__AccessState state = TOLLGATE__ACCESS_STATE__INIT;
    state.salt = (ProtobufCBinaryData){sizeof salt, salt};
    state.check = (ProtobufCBinaryData){sizeof ring.check, ring.check};
    if (!srv_store_insert(store, ctx, &access_collection, state_key(), &state.base, err)) {
        return false;
    }
    *out_ring = ring;
    return true;
}

bool srv_access_state_ring(const Tollgate__AccessState *state, struct base_str secret,
                           struct srv_key_ring *out_ring, struct base_err *err)
{
    if (state->salt.len != SRV_KEY_SALT_BYTES || state->check.len != BASE_DIGEST_BYTES) {
        return base_err_set(err, BASE_DATA_LOSS, "the store's salt for API keys is damaged");
    }
    struct srv_key_ring ring;
    srv_key_ring_derive(secret, state->salt.data, &ring);
    if (!base_secret_eq(ring.check, state->check.data, BASE_DIGEST_BYTES)) {
        return base_err_set(err, BASE_FAILED_PRECONDITION,
                            "the store's API keys were hashed under another secret than %s",
                            secret.len > 0 ? "the one given" : "none, as is given now");
    }
    *out_ring = ring;
    return true;
}

/* ---- Announcing ---- */

struct announcement {
    struct srv_mutation mutation;
    char *change;
};

/* Appends the change, and drops the oldest where there are enough. */
static bool append_change(const struct srv_mutation *self, struct rpc_context *ctx,
                          ProtobufCMessage *message, struct base_err *err)
{
    const struct announcement *announcement = (const struct announcement *)self;
    Tollgate__AccessState *state = (Tollgate__AccessState *)message;
    size_t kept =
        state->n_changes < SRV_ACCESS_CHANGES_MAX ? state->n_changes : SRV_ACCESS_CHANGES_MAX - 1;
    char **changes = rpc_context_alloc(ctx, (kept + 1) * sizeof *changes, err);
    if (changes == NULL) {
        return false;
    }
    for (size_t i = 0; i < kept; i++) {
        changes[i] = state->changes[state->n_changes - kept + i];
    }
    changes[kept] = announcement->change;
    state->changes = changes;
    state->n_changes = kept + 1;
    state->version++;
    return true;
}

bool srv_access_state_announce(struct srv_store *store, struct rpc_context *ctx, char *change,
                               struct base_err *err)
{
    const struct announcement announcement = {{append_change}, change};
    ProtobufCMessage *message;
    return srv_store_update(store, ctx, &access_collection, state_key(), &announcement.mutation,
                            &message, err) ||
           base_err_wrap(err, "the change was made, but may take ten minutes to be known");
}
