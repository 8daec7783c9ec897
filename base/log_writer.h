/* Log writer: the thread that writes the log, so that nobody who logs waits for whoever reads it.
 *
 * Standard error may be a pipe whose reader has stopped, or a full disk. Lines wait in a buffer of
 * BASE_LOG_WRITER_BYTES; those that find it full are dropped, and how many they were is logged as
 * soon as there is room. Without the thread, as before it is started, lines are written by whoever
 * logs. There is one log, so there is one writer; base/log.h puts lines together.
 */
#ifndef BASE_LOG_WRITER_H
#define BASE_LOG_WRITER_H

#include "base/str.h"

/* Bytes of lines that wait to be written. */
#define BASE_LOG_WRITER_BYTES (size_t)(1024 * 1024)

/* How long base_log_writer_stop writes what waits. */
#define BASE_LOG_WRITER_STOP_MS 1000

/* Starts the thread. Startup thread. */
void base_log_writer_start(void);

/* Writes what waits, for at most BASE_LOG_WRITER_STOP_MS, and ends the thread. Startup thread. */
void base_log_writer_stop(void);

/* Hands whole lines over, their newlines included; they are copied. All of them are written or
 * dropped. Any thread. */
void base_log_write(struct base_str lines);

/* Writes a line on the calling thread, before what waits, unless that would have to wait itself:
 * then it is lost. Any thread. */
void base_log_write_now(struct base_str line);

#endif
