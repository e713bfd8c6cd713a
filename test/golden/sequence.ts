import { digestOf, seededBytes } from '../support/seeded.ts'
import { configOf, imageOf, indexOf, type Manifest, type Pusher } from './pusher.ts'

/** What a sequence left in a registry: all of it can be asked for. */
export interface Content {
  readonly repositories: Readonly<Record<string, RepositoryContent>>
}

export interface RepositoryContent {
  /** What each tag points at. */
  readonly tags: Readonly<Record<string, Manifest>>
  /** Digests of manifests, also of some that are gone. */
  readonly manifests: readonly string[]
  /** Digests of blobs, also of some that are gone. */
  readonly blobs: readonly string[]
}

export interface SequenceOptions {
  /** Distribution 2 has no deletion of tags. */
  readonly deleteTags: boolean
  /** Distribution 2 collects the children of an index unless a tag names them. */
  readonly tagChildren: boolean
}

/** Everything that makes paths in a store, once and again. All names and bytes are the same for each run. */
export async function pushSequence(pusher: Pusher, options: SequenceOptions): Promise<Content> {
  const layers = Array.from({ length: 5 }, (_, number) =>
    seededBytes(`golden layer ${number}`, 3000 + number),
  )
  const large = seededBytes('golden layer, large', 3_000_000)
  const configs = Array.from({ length: 6 }, (_, number) => configOf(`golden ${number}`))
  const layer = (number: number): Buffer => layers[number] ?? Buffer.alloc(0)
  const config = (number: number): Buffer => configs[number] ?? Buffer.alloc(0)

  // Images, and a tag that moves between them and back.
  const app = 'team/app'
  const first = imageOf({ config: config(0), layers: [layer(0), layer(1)] })
  const second = imageOf({ config: config(1), layers: [layer(0), large] })
  const third = imageOf({ config: config(2), layers: [layer(2), layer(2)], docker: true })
  const empty = imageOf({ config: Buffer.alloc(0), layers: [] })
  await pusher.blob(app, Buffer.alloc(0))
  for (const content of [config(0), config(1), config(2), layer(0), layer(1), layer(2)])
    await pusher.blob(app, content)
  await pusher.pieces(app, [large.subarray(0, 1_000_000), large.subarray(1_000_000)])
  // Again: what is there stays as it is.
  await pusher.blob(app, layer(0))
  for (const image of [first, second, third, first]) await pusher.manifest(app, image, 'latest')
  await pusher.manifest(app, first, 'v1')
  await pusher.manifest(app, second, 'v2')
  await pusher.manifest(app, third, 'v3')
  await pusher.manifest(app, second, 'v1')
  await pusher.manifest(app, empty, 'empty')

  // Several platforms, with layers of the other repository.
  const multi = 'team/app-multi'
  for (const content of [config(0), config(1), layer(0), layer(1), large])
    await pusher.mount(multi, digestOf(content), app)
  await pusher.manifest(multi, first)
  await pusher.manifest(multi, second)
  if (options.tagChildren) {
    await pusher.manifest(multi, first, 'latest-amd64')
    await pusher.manifest(multi, second, 'latest-arm64')
  }
  const index = indexOf([first, second])
  const list = indexOf([third], true)
  await pusher.manifest(multi, index, 'latest')
  await pusher.mount(multi, digestOf(config(2)), app)
  await pusher.mount(multi, digestOf(layer(2)), app)
  await pusher.manifest(multi, third, 'docker-amd64')
  await pusher.manifest(multi, list, 'docker')

  // Names that lie in each other, an artifact that refers to another manifest, and a blob known by a second digest.
  const nested = 'team/app/nested/deep'
  await pusher.blob(nested, config(3))
  await pusher.blob(nested, layer(3), 'sha512')
  const deep = imageOf({ config: config(3), layers: [layer(3)] })
  const note = imageOf({ config: config(3), layers: [], subject: deep })
  await pusher.manifest(nested, deep, 'V1.0_final-2')
  await pusher.manifest(nested, note, 'note')

  // What is deleted again.
  const solo = 'solo'
  await pusher.blob(solo, config(4))
  await pusher.blob(solo, config(5))
  const layerOfGone = await pusher.blob(solo, layer(4))
  const kept = imageOf({ config: config(4), layers: [] })
  const gone = imageOf({ config: config(5), layers: [] })
  await pusher.manifest(solo, gone, 'gone')
  await pusher.manifest(solo, gone, 'moved')
  await pusher.manifest(solo, kept, 'moved')
  await pusher.manifest(solo, kept, 'dropped')
  await pusher.delete(solo, `manifests/${gone.digest}`)
  await pusher.delete(solo, `blobs/${layerOfGone}`)
  if (options.deleteTags) await pusher.delete(solo, 'manifests/dropped')
  // Comes back.
  await pusher.manifest(solo, gone, 'back')

  // An upload that nobody finished, and one that its client left in the middle.
  const unfinished = await pusher.start(solo)
  await pusher.patch(unfinished, layer(1))
  await pusher.breakOff(await pusher.start(nested), layer(2))

  return {
    repositories: {
      [app]: {
        tags: { latest: first, v1: second, v2: second, v3: third, empty },
        manifests: [first, second, third, empty].map(({ digest }) => digest),
        blobs: blobsOf(Buffer.alloc(0), config(0), config(1), config(2), layer(0), layer(1), layer(2), large),
      },
      [multi]: {
        tags: {
          latest: index,
          docker: list,
          'docker-amd64': third,
          ...(options.tagChildren && { 'latest-amd64': first, 'latest-arm64': second }),
        },
        manifests: [first, second, third, index, list, empty].map(({ digest }) => digest),
        blobs: blobsOf(config(0), config(1), config(2), layer(0), layer(1), layer(2), layer(3), large),
      },
      [nested]: {
        tags: { 'V1.0_final-2': deep, note },
        manifests: [deep, note].map(({ digest }) => digest),
        blobs: [...blobsOf(config(3), layer(3), layer(0)), digestOf(layer(3), 'sha512')],
      },
      [solo]: {
        tags: { moved: kept, back: gone, ...(!options.deleteTags && { dropped: kept }) },
        manifests: [kept, gone].map(({ digest }) => digest),
        blobs: blobsOf(config(4), config(5), layer(4)),
      },
    },
  }
}

function blobsOf(...contents: readonly Buffer[]): string[] {
  return contents.map((content) => digestOf(content))
}
