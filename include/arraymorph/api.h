/* The C interface that libarraymorph.so offers besides the HDF5 plugin entry points.
 * Used by the Python module; stable for other bindings, for which a wheel has this header in
 * arraymorph/include, beside arraymorph/lib. All strings are UTF-8. */
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

/** A file whose conflict with another writer the program knows of, and of which nobody holds a
 *  handle any more: its changes are dropped, and its close succeeds. `object`: an open HDF5 object
 * of it; `in_library`: an address inside the libhdf5 of that id, whose lock is held. 1 when there
 * was such a file, else 0. */
ARRAYMORPH_EXPORT int arraymorph_let_go(const void* in_library, int64_t object);

/* What the command line is made of. Each function answers 0 and one JSON object, or an errno value
 * and a message that names the object, the cause and the next step; `*answer` is to be released
 * with arraymorph_free in both cases. `name` is what one gives to H5Fopen: a URL, a pointer file,
 * or a plain name that the environment places. HDF5 is not used. Thread-safe. */

/** Where the file lies; sends no request. {"url", "key": prefix of its objects, "kind": "s3",
 *  "local" or "memory", "server": see `probe`, "connections", "event_loops", "codec_threads": as
 *  configured, for s3 also "endpoint", "region", "path_style", "bucket", "profile", "ca_bundle",
 *  "session_token": bool; "sources": {where each of these was said: the name of a variable,
 *  "profile lab in ~/.aws/config", "preset local", "default"; also "credentials"}}. */
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
 *  "trash": [prefixes given up, below which objects may be left],
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

/** Notes, for whoever commits the file next, that nothing lies below these prefixes of its trash
 * any more (a JSON array). {"noted": count} */
ARRAYMORPH_EXPORT int arraymorph_note_emptied(const char* name, const char* prefixes,
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

/* What copying is made of (python/arraymorph/copy). Keys are relative to the name: "" is the object
 * of exactly this name (a plain file), any other lies below it ("<name>/<key>"). Answers and errors
 * as above; EBUSY where something was changed meanwhile. */

/** One HEAD of an object of the name: {"size", "etag", "modified"}; ENOENT where there is none. */
ARRAYMORPH_EXPORT int arraymorph_object(const char* name, const char* key, char** answer);

/** `length` bytes of an object from `offset` on, to be released with arraymorph_free; EIO where it
 *  ends before. {"etag"} */
ARRAYMORPH_EXPORT int arraymorph_read(const char* name, const char* key, uint64_t offset,
                                      uint64_t length, void** bytes, char** answer);

/** Objects below the name, with their sizes: {"objects": [[key, bytes], ...]}. */
ARRAYMORPH_EXPORT int arraymorph_objects(const char* name, char** answer);

/** The metadata object: {"etag", "catalog": JSON text}, and the bytes of its HDF5 file in
 *  `*bytes`, `*size`, to be released with arraymorph_free. */
ARRAYMORPH_EXPORT int arraymorph_get_metadata(const char* name, void** bytes, size_t* size,
                                              char** answer);

/** Commits a metadata object of these HDF5 bytes and this catalog, with the condition that the one
 *  there still has the entity tag `etag`, or that there is none (""). {"etag"} */
ARRAYMORPH_EXPORT int arraymorph_put_metadata(const char* name, const void* bytes, size_t size,
                                              const char* catalog, const char* etag, char** answer);

/** What is under way in another thread: created before, freed after the call that is given it. */
typedef struct arraymorph_transfer arraymorph_transfer;
ARRAYMORPH_EXPORT arraymorph_transfer* arraymorph_transfer_new(void);
ARRAYMORPH_EXPORT void arraymorph_transfer_free(arraymorph_transfer* transfer);
/** Bytes and objects (of an assembled object: parts) that are at their destination. */
ARRAYMORPH_EXPORT void arraymorph_transfer_progress(const arraymorph_transfer* transfer,
                                                    uint64_t* bytes, uint64_t* items);
/** Nothing more is begun; the call returns ECANCELED when all has come to rest. */
ARRAYMORPH_EXPORT void arraymorph_transfer_cancel(arraymorph_transfer* transfer);

/** Moves objects and ranges of objects to objects, many at a time.
 *  `plan`: {"source": name, "etag": that every answer must have, "" for any, "target": name,
 *  "compare": true to hold them against what lies there instead (EIO names what differs),
 *  "moves": [[key, offset or null for the whole object, bytes, key of the target, bytes of the
 *  object there: as many, or more that are zero], ...]}.
 *  Answers {}. */
ARRAYMORPH_EXPORT int arraymorph_move(const char* plan, arraymorph_transfer* transfer,
                                      char** answer);

/** Begins an object of `size` bytes that is assembled in parts: {"id": "" where there is nothing to
 *  resume, "part_size"}. */
ARRAYMORPH_EXPORT int arraymorph_begin_upload(const char* name, uint64_t size, char** answer);
/** Gives it up and removes its parts. {} */
ARRAYMORPH_EXPORT int arraymorph_abort_upload(const char* name, uint64_t size, uint64_t part_size,
                                              const char* id, char** answer);

/** Puts the missing parts of an upload together and finishes it.
 *  `plan`: {"source": name, "etag": as in arraymorph_move, "target": name, "size", "part_size",
 *  "id", "committed": entity tag that the source's metadata object has to have in the end ("": it
 * has none), "replace": bool, false: fails with EEXIST where the object exists, "segments":
 *  [[offset, bytes, key or null, offset there, size of that object or 0], ...]}. Segments ascend;
 *  those without a key come from `literal`; what no segment covers is zero.
 *  {"etag", "resumed": parts that were there}; ENOENT where the upload is gone. */
ARRAYMORPH_EXPORT int arraymorph_assemble(const char* plan, const void* literal, size_t size,
                                          arraymorph_transfer* transfer, char** answer);

ARRAYMORPH_EXPORT void arraymorph_free(void* answer);

#ifdef __cplusplus
}
#endif
#endif
