import * as fc from 'fast-check'
import {
  accepts,
  allBlobs,
  artifactTypes,
  fallbackTag,
  manifests,
  names,
  subjects,
  tags,
  type Algorithm,
} from './materials.ts'

/** One call, or a few that belong together. All of it is plain data, so that a failure prints and shrinks well. */
export type Operation =
  | { readonly kind: 'start'; readonly name: string; readonly algorithm?: string }
  | {
      readonly kind: 'post'
      readonly name: string
      readonly blob: number
      readonly algorithm: Algorithm
      readonly fault: 'none' | 'digest' | 'body'
    }
  | {
      readonly kind: 'mount'
      readonly name: string
      readonly blob: number
      readonly algorithm: Algorithm
      /** Undefined: anywhere. */
      readonly from: string | undefined
    }
  | ({ readonly kind: 'patch'; readonly contentType: string | undefined } & Chunk)
  | ({ readonly kind: 'put'; readonly digest: PutDigest } & Partial<Chunk> & UploadChoice)
  | ({ readonly kind: 'status'; readonly method: 'GET' | 'HEAD' } & UploadChoice)
  | ({ readonly kind: 'cancel' } & UploadChoice)
  | {
      readonly kind: 'getBlob'
      readonly method: 'GET' | 'HEAD'
      readonly name: string
      readonly blob: number
      readonly algorithm: Algorithm
      readonly range: string | undefined
      readonly ifNoneMatch: 'same' | 'other' | undefined
    }
  | {
      readonly kind: 'deleteBlob'
      readonly name: string
      readonly blob: number
      readonly algorithm: Algorithm
    }
  | {
      readonly kind: 'putManifest'
      readonly name: string
      readonly manifest: number
      readonly reference: ManifestReference
      readonly tags: readonly string[]
    }
  | {
      readonly kind: 'getManifest'
      readonly method: 'GET' | 'HEAD'
      readonly name: string
      readonly reference: ManifestReference
      readonly accept: string | undefined
      readonly ifNoneMatch: boolean
    }
  | { readonly kind: 'deleteManifest'; readonly name: string; readonly reference: ManifestReference }
  | ({ readonly kind: 'tags'; readonly name: string } & PageChoice)
  | ({ readonly kind: 'catalog' } & PageChoice)
  | ({
      readonly kind: 'referrers'
      readonly name: string
      readonly subject: string
      readonly artifactType: string | undefined
    } & PageChoice)
  /** All blobs, pushed one by one. */
  | { readonly kind: 'pushBlobs'; readonly name: string }
  | { readonly kind: 'pushManifests'; readonly name: string }
  /** A new process over the same store. */
  | { readonly kind: 'restart' }

export interface UploadChoice {
  /** The how manieth upload that was ever started, counted round. */
  readonly upload: number
  /** Of another repository than the upload's. */
  readonly foreign: boolean
}

export interface Chunk extends UploadChoice {
  /** The bytes come from this blob: what follows in it after the upload's bytes, where these are its beginning. */
  readonly blob: number
  /** How much of it: up to 1. */
  readonly share: number
  readonly range: 'none' | 'right' | 'gap' | 'overlap' | 'wrong length' | 'malformed'
  /** Transfer-Encoding: chunked. */
  readonly chunked: boolean
}

export type PutDigest = Algorithm | 'other' | 'missing' | 'malformed'

export type ManifestReference =
  | { readonly tag: string }
  | { readonly of: number; readonly algorithm: Algorithm }
  | { readonly malformed: string }

export interface PageChoice {
  readonly n: string | undefined
  readonly last: string | undefined
}

/** Mostly the same one, or calls would seldom meet. */
const name = mostly('a', ...names)
const algorithm: fc.Arbitrary<Algorithm> = fc.constantFrom('sha256', 'sha256', 'sha256', 'sha512')
const blob = fc.nat({ max: allBlobs.length - 1 })
const valid = [...manifests.keys()].filter((each) => manifests[each]?.valid)
const manifest = mostly(0, ...valid, ...valid, ...valid, ...manifests.keys())
const tag = fc.constantFrom(...tags, fallbackTag)
const method = fc.constantFrom('GET' as const, 'HEAD' as const)

const upload: fc.Arbitrary<UploadChoice> = fc.record({
  // Mostly a late one, which may still be open.
  upload: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
  foreign: rarely(false, true),
})

const chunk = fc.record({
  upload: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
  foreign: rarely(false, true),
  blob,
  share: fc.constantFrom(0.4, 0.5, 1),
  range: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('none' as const, 'right' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'gap' as const,
        'overlap' as const,
        'wrong length' as const,
        'malformed' as const,
      ),
    },
  ),
  chunked: fc.boolean(),
})

const reference: fc.Arbitrary<ManifestReference> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ tag }) },
  { weight: 6, arbitrary: fc.record({ of: manifest, algorithm }) },
  { weight: 1, arbitrary: fc.record({ malformed: fc.constantFrom('sha256:abc', 'md5:00', '-x') }) },
)

const byteRanges = [
  'bytes=0-0',
  'bytes=0-',
  'bytes=5-9',
  'bytes=-1',
  'bytes=-5',
  'bytes=-100000',
  'bytes=-0',
  'bytes=999-999999',
  'bytes=70000-',
  'bytes=0-3,900-',
  'bytes=2-2, 0-0',
  'lines=1-2',
]

const page = {
  n: mostly(undefined, '0', '1', '2', '3', '100', '-1', 'x'),
}

const one: readonly fc.WeightedArbitrary<Operation>[] = [
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('start' as const),
      name,
      algorithm: rarely('sha256', 'sha512', 'md5'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('post' as const),
      name,
      blob,
      algorithm,
      fault: rarely<'none' | 'digest' | 'body'>('none', 'digest', 'body'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mount' as const),
      name,
      blob,
      algorithm,
      from: fc.constantFrom(...names, ...names, undefined, undefined, 'nobody', 'NOT//A NAME'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(chunk, rarely(undefined, 'application/octet-stream', 'text/plain'))
      .map(([bytes, contentType]) => ({ kind: 'patch' as const, contentType, ...bytes })),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.oneof(chunk, upload), rarely<PutDigest>('sha256', 'sha512', 'other', 'missing', 'malformed'))
      .map(([bytes, digest]) => ({ kind: 'put' as const, digest, ...bytes })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(upload, method).map(([choice, verb]) => ({
      kind: 'status' as const,
      method: verb,
      ...choice,
    })),
  },
  { weight: 1, arbitrary: upload.map((choice) => ({ kind: 'cancel' as const, ...choice })) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('getBlob' as const),
      method,
      name,
      blob,
      algorithm,
      range: mostly(undefined, ...byteRanges),
      ifNoneMatch: rarely(undefined, 'same' as const, 'other' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('deleteBlob' as const), name, blob, algorithm }),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        name,
        manifest,
        own: mostly(true, false),
        reference,
        tags: mostly<string[]>([], [...tags], ['v1'], [fallbackTag]),
      })
      .map(({ own, reference: any, ...rest }) => ({
        kind: 'putManifest' as const,
        ...rest,
        // Mostly its own digest: with another one it is refused.
        reference: own && 'of' in any ? { ...any, of: rest.manifest } : any,
      })),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('getManifest' as const),
      method,
      name,
      reference,
      accept: fc.constantFrom(...accepts),
      ifNoneMatch: rarely(false, true),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deleteManifest' as const), name, reference }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('tags' as const),
      name,
      ...page,
      last: mostly(undefined, ...tags, 'v', 'v1-', 'zzz'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('catalog' as const),
      ...page,
      last: mostly(undefined, ...names, 'a/', 'a-', 'a.b', 'zzz', 'a/b/'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('referrers' as const),
      name,
      subject: fc.constantFrom(...subjects),
      artifactType: mostly(undefined, ...artifactTypes),
      ...page,
      last: mostly(undefined, 'sha256:8', 'sha256:', 'zzz'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pushBlobs' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pushManifests' as const), name }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
]

/** @param longest sequence */
export function operations(longest: number): fc.Arbitrary<Operation[]> {
  const filled = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 }).map((chosen) =>
    chosen.flatMap((each): Operation[] => [
      { kind: 'pushBlobs', name: each },
      { kind: 'pushManifests', name: each },
    ]),
  )
  const random = fc.array(fc.oneof(...one), { minLength: 1, maxLength: longest, size: 'max' })
  return fc.tuple(filled, random).map(([first, then]) => [...first, ...then])
}

function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  )
}

function rarely<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 7, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  )
}
