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

/* What the command line is made of. Each function answers 0 and one JSON object, or an errno value
 * and a message that names the object, the cause and the next step; `*answer` is to be released
 * with arraymorph_free in both cases. `name` is what one gives to H5Fopen: a URL, a pointer file,
 * or a plain name that the environment places. HDF5 is not used. Thread-safe. */

/** Where the file lies; sends no request. {"url", "key": prefix of its objects, "kind": "s3",
 *  "local" or "memory", "server": see `probe`, "endpoint", "region", "path_style" (s3),
 *  "connections", "codec_threads": as configured}. */
ARRAYMORPH_EXPORT int arraymorph_describe(const char* name, char** answer);

/** One HEAD of the metadata object: {"size", "etag", "modified": seconds since 1970}. */
ARRAYMORPH_EXPORT int arraymorph_head(const char* name, char** answer);

/** What the file is: {"url", "layout": "chunks" | "plain" (an HDF5 file that is one object, as far
 *  as its name says) | "missing", "size", "etag", "modified": of the metadata object or of the
 * plain one}. Two HEADs at most. */
ARRAYMORPH_EXPORT int arraymorph_layout(const char* name, char** answer);

/** What lies in the store under the file's name.
 *
 *  {"url", "key", "state": "committed" | "missing" | "damaged", "error": what is wrong with the
 *  metadata object, "etag": its entity tag, "sweep_needed": bool,
 *  "datasets": [{"address", "prefix", "chunk": [...], "contiguous": bool}],
 *  "objects": [[key below the file's prefix, bytes, modified, kind, dataset's address or null,
 *  chunk index or null]], "missing": [[key, address, index]]}
 *
 *  `extents`: {"<address>": [extent, ...]} of the datasets in the file, which decide what lies
 *  outside; NULL: only the metadata object is read, "objects" and "missing" are left out. Kinds are
 *  those of vol/inventory.h; in a damaged file every other object is "unknown". */
ARRAYMORPH_EXPORT int arraymorph_inventory(const char* name, const char* extents, char** answer);

/** Removes objects of the file, for good. `keys`: a JSON array of keys below the file's prefix, the
 *  metadata object's not among them. `etag`: what arraymorph_inventory said, "" for a missing file;
 *  EBUSY and nothing removed when the metadata object is another by now. {"removed": count} */
ARRAYMORPH_EXPORT int arraymorph_remove(const char* name, const char* keys, const char* etag,
                                        char** answer);

/** Removes a file's metadata object ("chunks": the file is gone at once, its chunks are left for
 *  arraymorph_remove) or the one object of a plain file ("plain"). EBUSY when its entity tag is not
 *  `etag`. {"url"} */
ARRAYMORPH_EXPORT int arraymorph_remove_file(const char* name, const char* layout, const char* etag,
                                             char** answer);

/* Folders: `name` is s3://bucket, s3://bucket/folder, file:///directory, or what the environment
 * places; "" is the store that it names. Keys are below the folder. */

/** What lies right in the folder: {"url": with a '/' at the end, "objects": [[key, bytes, modified,
 *  etag]], "folders": [key with a '/' at the end], "next": ""}. `options`: NULL, or {"recursive":
 *  true, "after": key}: one page of everything below it in the order of keys, and where to go on.
 */
ARRAYMORPH_EXPORT int arraymorph_list(const char* name, const char* options, char** answer);

/** What the entries of a folder are, asked side by side. `entries`: a JSON array of keys; with a
 * '/' at the end: is it a file of chunk objects (its metadata object is asked for), without: is the
 *  object an HDF5 file (its first bytes are read). An array in the same order: {"key", "layout":
 *  "chunks" | "plain" | "other" | "missing", "size": of the object, "etag", "modified", "error":
 *  when it could not be asked}. */
ARRAYMORPH_EXPORT int arraymorph_look_at(const char* name, const char* entries, char** answer);

/** Removes objects below the folder, whatever they are. `keys`: a JSON array. {"removed": count} */
ARRAYMORPH_EXPORT int arraymorph_remove_from(const char* name, const char* keys, char** answer);

/** Tries out whether the server honours conditional PUTs, with a few small objects that are removed
 *  again, and keeps the verdict for later processes. {"server", "verdict": "honoured" | "ignored" |
 *  "racy" | "unsupported" | "unknown", "words", "probed": bool} */
ARRAYMORPH_EXPORT int arraymorph_probe(const char* name, char** answer);

ARRAYMORPH_EXPORT void arraymorph_free(char* answer);

#ifdef __cplusplus
}
#endif
#endif
