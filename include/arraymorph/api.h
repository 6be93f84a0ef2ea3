/* The C interface that libarraymorph.so offers besides the HDF5 plugin entry points.
 * Used by the Python module; stable for other bindings. All strings are UTF-8. */
#ifndef ARRAYMORPH_API_H
#define ARRAYMORPH_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ARRAYMORPH_EXPORT __attribute__((visibility("default")))
#else
#define ARRAYMORPH_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Name and value under which the connector is registered with HDF5. */
#define ARRAYMORPH_CONNECTOR_NAME "arraymorph"
#define ARRAYMORPH_CONNECTOR_VALUE 12202

/** "MAJOR.MINOR.PATCH"; static storage. */
ARRAYMORPH_EXPORT const char* arraymorph_version(void);

/** Build description as one JSON object (version, compiler, S3 engine, libraries). Static storage.
 */
ARRAYMORPH_EXPORT const char* arraymorph_build_info(void);

/** Counters since load or the last reset as one JSON object. Writes at most `size` bytes
 *  including the terminating NUL; returns the length needed without it. */
ARRAYMORPH_EXPORT size_t arraymorph_stats(char* buffer, size_t size);
ARRAYMORPH_EXPORT void arraymorph_stats_reset(void);

/** Flush every open file and release clients and threads, in order. Idempotent; the next use
 *  starts everything again. `last`: the program ends, so files that cannot be stored are given up
 *  and their close does not try again. Returns 0, or -1 when a flush failed (stderr says why). */
ARRAYMORPH_EXPORT int arraymorph_shutdown(int last);

#ifdef __cplusplus
}
#endif
#endif
