import type { Layout, OpenMap } from '../layout.ts'
import { duration, flag, keys, openWord, parameters, whole } from './build.ts'
import { storageDrivers } from './storage-drivers.ts'

const introduction = `
Exactly one storage driver, named by its key, and some sections that are not drivers: \`cache\`, \`delete\`, \`maintenance\`,
\`redirect\`, \`tag\`. A driver without parameters may be written as text: \`storage: inmemory\`.

A variable that names another driver than the file does not replace it: there are two then, which is refused.
\`REGISTRY_STORAGE=s3\` replaces the whole section, the cache included, and comes before all \`REGISTRY_STORAGE_S3_…\`.`

/** The keys of `storage` that are not drivers. */
export const storageSections: Readonly<Record<string, OpenMap>> = {
  cache: parameters(
    'What is remembered of blobs. Berth remembers what it may by itself.',
    {
      blobdescriptor: openWord(
        ['inmemory', 'redis'],
        'Where. With `redis`, the section `redis` says where that is. Any other word means nowhere, as in Distribution.',
        { restart: true },
      ),
      layerinfo: openWord(['inmemory', 'redis'], 'Older name of `blobdescriptor`.', {
        replacedBy: 'storage.cache.blobdescriptor',
        restart: true,
      }),
      blobdescriptorsize: whole('Entries of the cache in memory; 0 or less: no limit.', {
        default: 10_000,
        since: '3',
      }),
    },
    { restart: false },
  ),
  delete: parameters(
    'Whether anything can be deleted.',
    {
      enabled: flag('Allow clients to delete blobs, manifests and tags. Otherwise they get 405.', {
        default: false,
      }),
    },
    { restart: false },
  ),
  maintenance: keys(
    'Upkeep of the store.',
    {
      uploadpurging: keys(
        'Removal of uploads that were begun and never finished. Keys that are left out have their defaults; Distribution wants all four or none.',
        {
          enabled: flag('Remove them.', { default: true }),
          age: duration('How old they must be.', { default: '168h' }),
          interval: duration('How often they are looked for; first within the first hour.', {
            default: '24h',
          }),
          dryrun: flag('Only log what would be removed.', { default: false }),
        },
      ),
      readonly: parameters('A registry that is only read.', {
        enabled: flag('Refuse all writes with 405, and write nothing to the store.', {
          default: false,
        }),
      }),
    },
    { restart: false },
  ),
  redirect: parameters(
    'Whether clients are sent to the store for the bytes of blobs.',
    {
      disable: flag('Always send the bytes from here. Drivers that cannot redirect do so anyway.', {
        default: false,
      }),
    },
    { restart: false },
  ),
  tag: parameters(
    'The look-up of tags.',
    {
      concurrencylimit: whole(
        'How many tags are looked up at once; 0: as many as the machine has processors.',
        {
          minimum: 0,
          default: 0,
        },
      ),
    },
    { since: '3', restart: false },
  ),
}

export const storage: Layout = keys(
  'Where the registry keeps what it is given.',
  { ...storageDrivers, ...storageSections },
  { shorthand: true, introduction, restart: true },
)
