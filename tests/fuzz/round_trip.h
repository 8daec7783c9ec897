/* Round trip: what every fuzz target of the transcoder asks of it. A broken promise
 * ends the run. */
#ifndef FUZZ_ROUND_TRIP_H
#define FUZZ_ROUND_TRIP_H

#include "gateway/transcode.h"

/* JSON that is read gives wire bytes that print as JSON that is read to the same bytes again; JSON
 * that is refused says why and leaves the buffer alone. */
void round_trip_json(const struct gw_message *type, const struct gw_transcode_options *options,
                     struct base_str json);

/* Wire bytes print as JSON that is read and printed the same again, and so does their normal form,
 * or are refused as damaged. */
void round_trip_wire(const struct gw_message *type, const struct gw_transcode_options *options,
                     struct base_str wire);

#endif
