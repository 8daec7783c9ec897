#include "gateway/request_log.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/token.h"

_Static_assert(BASE_LOG_LINE_SIZE <= GW_REQUEST_LOG_BYTES, "any line fits the empty buffer");

static void flush(struct gw_request_log *log)
{
    log->write(base_str_make(log->lines, log->len));
    log->len = 0;
    base_timers_cancel(log->timers, &log->flush);
}

static void on_flush(struct base_timer *timer)
{
    flush(BASE_CONTAINER_OF(timer, struct gw_request_log, flush));
}

void gw_request_log_init(struct gw_request_log *log, void (*write)(struct base_str lines),
                         struct base_timers *timers, const struct base_random *random)
{
    *log = (struct gw_request_log){
        .write = write,
        .timers = timers,
        .flush = {.on_timer = on_flush},
        .lines = base_alloc(GW_REQUEST_LOG_BYTES),
    };
    random->fill(random, &log->next_id, sizeof log->next_id);
}

void gw_request_log_dispose(struct gw_request_log *log)
{
    if (log->lines != NULL) {
        flush(log);
        base_free(log->lines);
        log->lines = NULL;
    }
}

static struct base_str cut(struct base_str text, size_t bytes_max)
{
    return base_str_make(text.data, text.len < bytes_max ? text.len : bytes_max);
}

static void put_place(struct base_log_line *line, const struct gw_request_entry *entry)
{
    if (entry->route.len > 0) {
        base_log_put(line, "route", entry->route);
        if (entry->stage.len > 0) {
            base_log_put(line, "stage", entry->stage);
        }
        return;
    }
    base_log_put(line, "path", cut(entry->path, GW_REQUEST_LOG_PATH_MAX));
}

void gw_request_log_add(struct gw_request_log *log, const struct gw_request_entry *entry)
{
    struct base_log_line line;
    base_log_begin(&line, BASE_LOG_INFO, "request");
    base_log_put(&line, "method", cut(entry->method, GW_REQUEST_LOG_METHOD_MAX));
    put_place(&line, entry);
    base_log_put_number(&line, "status", (uint64_t)entry->status);
    base_log_put_number(&line, "duration_us", (uint64_t)(entry->duration_ns / BASE_NS_PER_US));
    base_log_put_number(&line, "received", entry->received_bytes);
    base_log_put_number(&line, "sent", entry->sent_bytes);
    base_log_put(&line, "peer", entry->peer);
    base_log_put(&line, "protocol", entry->protocol);
    base_log_put(&line, "request_id", entry->request_id);
    if (entry->key_id.len > 0) {
        base_log_put(&line, "key_id", entry->key_id);
    }
    struct base_str whole = base_log_end(&line);
    if (whole.len > GW_REQUEST_LOG_BYTES - log->len) {
        flush(log);
    }
    memcpy(log->lines + log->len, whole.data, whole.len);
    log->len += whole.len;
    if (!base_timer_is_set(&log->flush)) {
        base_timers_set(log->timers, &log->flush,
                        base_clock_monotonic_ns() + GW_REQUEST_LOG_DELAY_MS * BASE_NS_PER_MS);
    }
}

void gw_request_log_make_id(struct gw_request_log *log, char out[GW_REQUEST_ID_SIZE])
{
    uint64_t id = log->next_id++;
    for (size_t i = GW_REQUEST_ID_SIZE - 1; i-- > 0; id >>= 4) {
        out[i] = "0123456789abcdef"[id & 0xF];
    }
    out[GW_REQUEST_ID_SIZE - 1] = '\0';
}

bool gw_request_id_is_valid(struct base_str id)
{
    return id.len <= GW_REQUEST_ID_MAX && gw_token_is_valid(id);
}
