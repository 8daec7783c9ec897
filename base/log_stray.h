/* Log stray: what libraries print to standard error themselves, as lines of the log.
 *
 * libh2o prints a line for each HTTP/2 frame that it does not know, which some browsers send and
 * anyone may send by the million. So no more than BASE_LOG_STRAY_LINES_PER_S are written, and what
 * was left out is counted on the next. They are written by whoever prints, since they may be the
 * last words before an abort, and dropped where that would have to wait (base/log_writer.h).
 */
#ifndef BASE_LOG_STRAY_H
#define BASE_LOG_STRAY_H

#define BASE_LOG_STRAY_LINES_PER_S 10

/* Puts a stream in the place of stderr. Startup thread, before others start. */
void base_log_stray_take(void);

/* Puts stderr back. Startup thread, when others have ended. */
void base_log_stray_release(void);

#endif
