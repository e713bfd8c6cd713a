import { createReadStream, mkdirSync, readdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DeleteObjectsCommand, paginateListObjectsV2, PutObjectCommand } from '@aws-sdk/client-s3'
import { startRadosgw } from '../test/support/radosgw.ts'
import { makeBucket, type TestBucket } from '../test/support/s3-store.ts'
import { keptSize, type Medium, type Place } from './media.ts'

/** Objects that are written at once. */
const writers = 16

/**
 * Ceph's gateway over one store in memory, which all servers use by S3: so that what is measured is a registry and what it asks of
 * a store, not a disk. Clients are not redirected to it.
 *
 * @param folder for what is on its way
 */
export async function s3Medium(folder: string): Promise<Medium> {
  const server = await startRadosgw()
  const bucket = await makeBucket(server)
  // Parts of a store are written one after the other, and the later ones may be hard links to the earlier.
  const uploaded = new Set<string>()
  const place = (name: string): Place => {
    const root = join(folder, name)
    mkdirSync(root, { recursive: true })
    return {
      root,
      config: {
        storage: {
          filesystem: null,
          redirect: { disable: true },
          s3: {
            bucket: bucket.name,
            region: 'us-east-1',
            regionendpoint: server.url,
            forcepathstyle: true,
            accesskey: server.keys.accessKey,
            secretkey: server.keys.secretKey,
            rootdirectory: `/${name}`,
          },
        },
      },
      freeRoom: async () => {
        await removeObjects(bucket, name, keptSize)
        // The gateway keeps what was removed for hours, in case somebody is reading it.
        await server.admin('gc process --include-all')
      },
      remove: async () => {
        await removeObjects(bucket, name, 0)
        await rm(root, { recursive: true, force: true })
      },
    }
  }
  return {
    name: 's3',
    place,
    async fill(name, write) {
      const { root } = place(name)
      write(root)
      await upload(bucket, name, root, uploaded)
    },
    settle: () => {},
    async remove() {
      bucket.client.destroy()
      await server.stop()
    },
  }
}

async function upload(
  { client, name: Bucket }: TestBucket,
  prefix: string,
  root: string,
  done: Set<string>,
): Promise<void> {
  const files = readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !done.has(file))
    .values()
  const write = async (): Promise<void> => {
    for (const file of files) {
      const Key = `${prefix}/${relative(root, file)}`
      done.add(file)
      const ContentLength = statSync(file).size
      await client.send(new PutObjectCommand({ Bucket, Key, Body: createReadStream(file), ContentLength }))
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
}

async function removeObjects(
  { client, name: Bucket }: TestBucket,
  prefix: string,
  largerThan: number,
): Promise<void> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: `${prefix}/` })) {
    const Objects = Contents.filter(({ Size = 0 }) => Size > largerThan).map(({ Key }) => ({ Key }))
    if (Objects.length > 0)
      await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
  }
}
