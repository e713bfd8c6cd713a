/**
 * What a registry asks of the place where its bytes lie. Every driver passes the one suite in `driver-contract.ts`.
 *
 * All objects are immutable once visible, but for those that `write` replaces whole. A failure of the store is thrown
 * as RegistryError STORAGE_FULL or STORAGE_UNAVAILABLE (see `failure.ts`); absence is a value, never an error.
 */
import type { ByteRange } from '../registry/registry.ts'

export type { ByteRange }

declare const checked: unique symbol

/** A relative path such as `docker/registry/v2/blobs`, whose components no driver can misread. */
export type StoragePath = string & { readonly [checked]: true }

/** A component is at most what file systems take as a name (255 bytes). */
const pathPattern = /^[A-Za-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]{1,255})*$/
/** The longest key of S3, in bytes. */
const longestPath = 1024
const dotComponent = /(?:^|\/)\.{1,2}(?:\/|$)/

/**
 * Parses a path by Distribution's rule for components (`[A-Za-z0-9._-]+`), without `.` and `..`.
 *
 * @throws TypeError: paths come from parsed values, so that a bad one is a bug and not bad input
 */
export function storagePath(text: string): StoragePath {
  if (text.length > longestPath || !pathPattern.test(text) || dotComponent.test(text))
    throw new TypeError(`not a storage path: ${JSON.stringify(text.slice(0, longestPath))}`)
  return text as StoragePath
}

export interface FileInfo {
  /** Bytes; 0 for a folder. */
  readonly size: number
  readonly modified: Date
  readonly isFolder: boolean
}

export interface WriteOptions {
  /**
   * Leave an object that is there as it is, and say so by returning false; of several writers at once, in whatever process,
   * exactly one writes. Object stores: `If-None-Match: *`.
   */
  readonly ifAbsent?: boolean
  /**
   * With `ifAbsent`: whether the bytes of an object that is there are nothing, such as those that a crash left. It counts as absent
   * then, and is replaced in one step, unless somebody does so first. Object stores: `If-Match`, with the ETag of those bytes.
   */
  readonly isNothing?: (found: Buffer) => boolean
  /**
   * Whether the object survives a power cut once the call returned. True when unset. False is for what a client can
   * begin anew, such as an upload's start, and what nobody else writes or reads yet: a cut may undo it or leave it empty, and
   * `write` need not make it visible in one step. What `create` streamed is whole all the same, since a later object (a
   * segment's marker) vouches for it.
   */
  readonly durable?: boolean
}

export interface StatOptions {
  /** False: asked is for an object alone, and a folder may be told as absent. Saves object stores a listing. True when unset. */
  readonly folders?: boolean
}

export interface MoveOptions extends Pick<WriteOptions, 'durable'> {
  /** The source may stay: it will be removed with its folder. */
  readonly keepSource?: boolean
  /** Bytes of the object, where the caller knows them. */
  readonly size?: number
}

export interface DeleteTreeOptions {
  /** What the caller just found right below the folder, which holds no folders: a store need not look for itself. */
  readonly entries?: readonly string[]
}

export interface LeftoverOptions {
  /** Only count them. */
  readonly dryRun?: boolean
}

/** A small object to be published: written where it has `content`; there already, perhaps not durably, where it has none. */
export interface Publication {
  readonly path: StoragePath
  readonly content?: Uint8Array
}

/** An object that becomes a stretch of another one. */
export interface SourcePart {
  readonly path: StoragePath
  /** Bytes. */
  readonly size: number
}

export interface UrlUse {
  readonly method: 'GET' | 'HEAD'
  /** Seconds for which the URL is good. */
  readonly expires: number
  /** The address of whoever will use it, where it is known. */
  readonly client?: string | undefined
}

export interface StorageDriver {
  readonly name: string

  /**
   * Of an object store: the fewest bytes that a part of a large object can have, and so those that the chunks of an upload should have.
   * Set where each call is a request to a server, so that to write is no dearer than to ask whether one must; and where each
   * object of `publish` is durable before the next one is written. Absent where none of that is so.
   */
  readonly minChunk?: number

  /** What lies at `path`. Object stores know folders only while something lies in them. */
  stat(path: StoragePath, options?: StatOptions): Promise<FileInfo | undefined>

  /** All bytes of a small object: a link, a manifest. One of more than `limit` bytes is none of those: undefined. */
  read(path: StoragePath, limit?: number): Promise<Buffer | undefined>

  /**
   * Replaces an object atomically: a reader sees the old bytes or the new. Returns whether it wrote.
   * False, too, is durable: the object that was there survives a power cut.
   */
  write(path: StoragePath, content: Uint8Array, options?: WriteOptions): Promise<boolean>

  /**
   * Writes objects as `write` does, visible one after the other in the order given, and makes all of them durable, also those
   * that other calls wrote without. One wait for the disk, where a call for each would wait for each.
   */
  publish(objects: readonly Publication[]): Promise<void>

  /**
   * Opens an object for reading; undefined when absent. The failure of a later read is thrown by the iteration.
   * `range` lies within the object. What is opened lies under its digest, or is written once: one who replaces it meanwhile does so by
   * the same bytes. A chunk is valid only until the next one is asked for: drivers reuse buffers.
   * Whoever opens must iterate or call `close`.
   */
  open(path: StoragePath, range?: ByteRange): Promise<OpenObject | undefined>

  /**
   * Streams a new object, visible and durable (see WriteOptions) when the call returns, replacing what was there.
   * Returns its size in bytes. When `source` throws, the error is passed on as it is and nothing is left.
   * A chunk need be valid only until the next one is asked for: a driver that keeps it copies it.
   */
  create(
    path: StoragePath,
    source: AsyncIterable<Uint8Array>,
    options?: Pick<WriteOptions, 'durable'>,
  ): Promise<number>

  /**
   * Moves one object, replacing what was at `to`; durable on return (see WriteOptions). False when nothing lies at `from`.
   * Folders that this leaves empty at `from` stay: `deleteTree` removes them with the upload.
   */
  move(from: StoragePath, to: StoragePath, options?: MoveOptions): Promise<boolean>

  /**
   * Makes one object of several, in their order and durably, without their bytes passing through here where the store can do that;
   * those stay. Visible when whole, replacing what was at `to`. Absent where the store cannot.
   *
   * @throws RegistryError STORAGE_UNAVAILABLE, also when one of `parts` is absent or has another size
   */
  concatenate?(parts: readonly SourcePart[], to: StoragePath): Promise<void>

  /**
   * A URL with which a client gets an object from the store itself. Says nothing of whether there is one, and may be made without asking
   * the store. Undefined, and absent, where there are none.
   *
   * @throws RegistryError STORAGE_UNAVAILABLE when it cannot be signed
   */
  signedUrl?(path: StoragePath, use: UrlUse): Promise<URL | undefined>

  /** The name by which the store itself knows what lies at a path, for URLs that others sign. Absent where it has none. */
  objectKey?(path: StoragePath): string

  /** Removes one object, durably, and the folders that this leaves empty. Returns whether it was there. */
  delete(path: StoragePath): Promise<boolean>

  /** Removes a folder and all below it, not durably: for what is left of uploads and tags. */
  deleteTree(path: StoragePath, options?: DeleteTreeOptions): Promise<void>

  /** The names right below a folder that sort after `after`, in byte order; nothing when the folder is absent. */
  list(path: StoragePath, after?: string): AsyncIterable<string>

  /**
   * Removes what processes left that died while they wrote: whatever nobody wrote to for so many milliseconds. Returns how many
   * there were.
   */
  removeLeftovers(olderThan: number, options?: LeftoverOptions): Promise<number>

  close(): Promise<void>
}

export interface OpenObject extends AsyncIterable<Uint8Array> {
  /** Bytes of the whole object, whatever range was asked for. */
  readonly size: number
  /** Lets go of an object that will not be read (further). Harmless when repeated. */
  close(): Promise<void>
}
