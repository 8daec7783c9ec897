/* A question may stand in any of the few ways of its set: with one way, a handful among two hundred
 * would displace each other for ever. Forgetting counts the generation up, so that a write costs
 * the readers nothing but the misses that follow; entries of old generations give their memory to
 * the next answer of their slot, or all at once when the cache is full. */
#include "server/read_cache.h"

#include "base/mem.h"

#include <assert.h>

struct srv_read_entry {
    uint64_t generation;
    uint64_t hash;
    struct srv_read_question question; /* its text stands at the front of `bytes` */
    size_t answer_len;
    size_t capacity; /* of bytes */
    char bytes[];
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 32);
}

/* Spreads keys that differ in their last letters only over all sets (MurmurHash3's finalizer). */
static uint64_t finish(uint64_t hash)
{
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ (hash >> 33);
}

static uint64_t hash_question(const struct srv_read_question *question)
{
    uint64_t hash = mix((uintptr_t)question->collection, question->limit);
    hash = mix(hash, (uint64_t)question->key.number);
    const char *data = question->key.text.data;
    size_t left = question->key.text.len;
    hash = mix(hash, left);
    uint64_t word;
    for (; left >= sizeof word; left -= sizeof word, data += sizeof word) {
        memcpy(&word, data, sizeof word);
        hash = mix(hash, word);
    }
    word = 0;
    if (left > 0) {
        memcpy(&word, data, left);
    }
    return finish(mix(hash, word));
}

static bool is_same(const struct srv_read_question *a, const struct srv_read_question *b)
{
    return a->collection == b->collection && a->limit == b->limit &&
           a->from_start == b->from_start && a->key.number == b->key.number &&
           base_str_eq(a->key.text, b->key.text);
}

static size_t set_of(uint64_t hash)
{
    return hash % (SRV_READ_CACHE_SLOTS / SRV_READ_CACHE_WAYS) * SRV_READ_CACHE_WAYS;
}

static bool is_current(const struct srv_read_cache *cache, const struct srv_read_entry *entry)
{
    return entry != NULL && entry->generation == cache->generation;
}

void srv_read_cache_init(struct srv_read_cache *cache)
{
    *cache = (struct srv_read_cache){0};
}

void srv_read_cache_dispose(struct srv_read_cache *cache)
{
    for (size_t i = 0; i < SRV_READ_CACHE_SLOTS; i++) {
        base_free(cache->slots[i]);
        cache->slots[i] = NULL;
    }
    cache->used_bytes = 0;
}

void srv_read_cache_forget(struct srv_read_cache *cache)
{
    cache->generation++;
}

bool srv_read_cache_find(const struct srv_read_cache *cache,
                         const struct srv_read_question *question, struct base_str *out_answer)
{
    uint64_t hash = hash_question(question);
    struct srv_read_entry *const *set = &cache->slots[set_of(hash)];
    for (size_t way = 0; way < SRV_READ_CACHE_WAYS; way++) {
        const struct srv_read_entry *entry = set[way];
        if (is_current(cache, entry) && entry->hash == hash &&
            is_same(&entry->question, question)) {
            *out_answer =
                base_str_make(entry->bytes + entry->question.key.text.len, entry->answer_len);
            return true;
        }
    }
    return false;
}

/* Where the answer to a question with this hash goes: over its old answer, else where there is none
 * that holds, else over each in turn. */
static struct srv_read_entry **choose_slot(struct srv_read_cache *cache, uint64_t hash)
{
    struct srv_read_entry **set = &cache->slots[set_of(hash)];
    struct srv_read_entry **chosen = NULL;
    for (size_t way = 0; way < SRV_READ_CACHE_WAYS; way++) {
        if (!is_current(cache, set[way])) {
            chosen = &set[way];
        } else if (set[way]->hash == hash) {
            return &set[way];
        }
    }
    return chosen != NULL ? chosen : &set[cache->turn++ % SRV_READ_CACHE_WAYS];
}

/* An entry in `slot` with room for `size` bytes. */
static struct srv_read_entry *make_room(struct srv_read_cache *cache, struct srv_read_entry **slot,
                                        size_t size)
{
    if (*slot != NULL && (*slot)->capacity >= size && (*slot)->capacity / 4 <= size) {
        return *slot;
    }
    if (*slot != NULL) {
        cache->used_bytes -= sizeof **slot + (*slot)->capacity;
        base_free(*slot);
        *slot = NULL;
    }
    if (cache->used_bytes + sizeof **slot + size > SRV_READ_CACHE_BYTES_MAX) {
        srv_read_cache_dispose(cache);
    }
    *slot = base_alloc(sizeof **slot + size);
    (*slot)->capacity = size;
    cache->used_bytes += sizeof **slot + size;
    return *slot;
}

void srv_read_cache_put(struct srv_read_cache *cache, const struct srv_read_question *question,
                        struct base_str answer)
{
    if (answer.len > SRV_READ_CACHE_ANSWER_BYTES_MAX) {
        return;
    }
    uint64_t hash = hash_question(question);
    struct srv_read_entry **slot = choose_slot(cache, hash);
    struct base_str text = question->key.text;
    struct srv_read_entry *entry = make_room(cache, slot, text.len + answer.len);
    if (text.len > 0) {
        memcpy(entry->bytes, text.data, text.len);
    }
    if (answer.len > 0) {
        memcpy(entry->bytes + text.len, answer.data, answer.len);
    }
    entry->generation = cache->generation;
    entry->hash = hash;
    entry->question = *question;
    entry->question.key.text.data = entry->bytes;
    entry->answer_len = answer.len;
}
