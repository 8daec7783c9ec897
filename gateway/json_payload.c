/* Length-delimited payloads of the wire, written before their length is known. */
#include "gateway/json_to_wire.h"

bool gw_payload_open(struct gw_reader *reader, const uint8_t *tag, size_t tag_len, size_t guess,
                     struct gw_payload *out_payload)
{
    if (!gw_reader_reserve(reader, tag_len + BASE_VARINT_BYTES_MAX)) {
        return false;
    }
    memcpy(base_buf_end(reader->out), tag, tag_len);
    reader->out->len += tag_len + guess;
    *out_payload = (struct gw_payload){reader->out->len, guess};
    return true;
}

bool gw_payload_close(struct gw_reader *reader, struct gw_payload payload, size_t *out_guess)
{
    struct base_buf *out = reader->out;
    uint8_t length[BASE_VARINT_BYTES_MAX];
    size_t bytes = out->len - payload.at;
    size_t size = (size_t)(base_wire_put_varint(length, bytes) - length);
    if (size != payload.guess) {
        if (size > payload.guess && !gw_reader_reserve(reader, size - payload.guess)) {
            return false;
        }
        char *start = out->data + payload.at;
        memmove(start + size - payload.guess, start, bytes);
        out->len = out->len + size - payload.guess;
    }
    memcpy(out->data + payload.at - payload.guess, length, size);
    if (out_guess != NULL) {
        *out_guess = size;
    }
    return true;
}

bool gw_put_text(struct gw_reader *reader, const uint8_t *tag, size_t tag_len, struct base_str text)
{
    struct base_buf *out = reader->out;
    uint8_t head[5 + BASE_VARINT_BYTES_MAX];
    memcpy(head, tag, tag_len);
    size_t head_len = (size_t)(base_wire_put_varint(head + tag_len, text.len) - head);
    /* Text in the spare room stands within what is reserved already, so it stays where it is. */
    if (!gw_reader_reserve(reader, head_len + text.len)) {
        return false;
    }
    if (text.len > 0) {
        memmove(base_buf_end(out) + head_len, text.data, text.len);
    }
    memcpy(base_buf_end(out), head, head_len);
    out->len += head_len + text.len;
    return true;
}
