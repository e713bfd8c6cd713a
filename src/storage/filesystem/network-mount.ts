/** A file system that lies on another machine. */
export interface NetworkMount {
  /** As the kernel names it, such as `nfs4`. */
  readonly type: string
  /** Where it is mounted, as the kernel writes it: without spaces and line ends. */
  readonly place: string
  /** What its mount options lack, so that a client sees at once what other clients did; empty: nothing, or nobody knows. */
  readonly missing: readonly string[]
  /** Whether mount options can help. */
  readonly hasRemedy: boolean
}

interface Mount {
  readonly id: string
  readonly parent: string
  /** Decoded. */
  readonly point: string
  readonly place: string
  readonly type: string
  readonly options: readonly string[]
}

/** File systems in user space whose files are elsewhere, by what stands behind `fuse.`. */
const remoteFuse = new Set([
  'sshfs',
  'glusterfs',
  's3fs',
  'gcsfuse',
  'goofys',
  'rclone',
  'blobfuse',
  'blobfuse2',
  'davfs',
])

/**
 * Finds out whether a folder lies on a file system of the network whose clients remember for a while what was there. File systems of
 * clusters, such as Ceph's, Lustre and GFS2, keep their clients in step and are none of these.
 *
 * @param mountinfo the text of `/proc/self/mountinfo`, see proc(5)
 * @param path absolute, without symbolic links
 */
export function networkMount(mountinfo: string, path: string): NetworkMount | undefined {
  const mount = mountOf(parseMounts(mountinfo), path)
  if (mount === undefined) return undefined
  const { type, place, options } = mount
  const has = (option: string): boolean => options.includes(option)
  const found = (missing: readonly string[], hasRemedy: boolean): NetworkMount => ({
    type,
    place,
    missing,
    hasRemedy,
  })
  switch (type) {
    case 'nfs':
    case 'nfs4': {
      // `actimeo=0` is shown as these four; see nfs(5).
      const isFresh = has('noac') || ['acregmin=0', 'acregmax=0', 'acdirmin=0', 'acdirmax=0'].every(has)
      return found(
        [...(isFresh ? [] : ['noac']), ...(has('lookupcache=none') ? [] : ['lookupcache=none'])],
        true,
      )
    }
    case 'cifs':
    case 'smb3': {
      // Newer kernels show `actimeo=0` as these two; see mount.cifs(8).
      const isFresh = has('actimeo=0') || ['acregmax=0', 'acdirmax=0'].every(has)
      return found(isFresh ? [] : ['actimeo=0'], true)
    }
    default:
      return type === 'afs' || (type.startsWith('fuse.') && remoteFuse.has(type.slice('fuse.'.length)))
        ? found([], false)
        : undefined
  }
}

const localTypes = new Set([
  'bcachefs',
  'btrfs',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'overlay',
  'tmpfs',
  'xfs',
  'zfs',
])

/**
 * Whether a folder lies for certain on a file system that no other machine has. The parameters are those of `networkMount`.
 */
export function isOnLocalMount(mountinfo: string, path: string): boolean {
  const mount = mountOf(parseMounts(mountinfo), path)
  return mount !== undefined && localTypes.has(mount.type)
}

/** What to tell an operator, in one line; undefined: nothing. */
export function networkMountWarning(mount: NetworkMount | undefined): string | undefined {
  if (mount === undefined || (mount.hasRemedy && mount.missing.length === 0)) return undefined
  const { type, place, missing } = mount
  const remedy = missing.length > 0 ? `mount it with ${missing.join(',')}, or ` : ''
  return (
    `storage.filesystem.rootdirectory lies on a network file system (${type} at ${place}), which shows late what other machines wrote: ` +
    `where several replicas share it, ${remedy}let the load balancer send all requests of an upload to one replica`
  )
}

/** Lines that are none are passed over. */
function parseMounts(mountinfo: string): readonly Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    // Optional fields, of any number, end with this one.
    const end = fields.indexOf('-', 6)
    const [id, parent, , , place, own] = fields
    if (end < 0 || id === undefined || parent === undefined || place === undefined) return []
    const [type, , ofAll = ''] = fields.slice(end + 1)
    if (type === undefined) return []
    const options = [...(own ?? '').split(','), ...ofAll.split(',')]
    return [{ id, parent, place, point: decoded(place), type, options }]
  })
}

/** As the kernel writes what would end a field: in three octal digits. */
function decoded(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/** On which of them a path lies: as the kernel finds it, from the root down, for mounts may lie hidden under others. */
function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const on = mounts.filter(({ point }) => isWithin(path, point))
  const ids = new Set(mounts.map(({ id }) => id))
  // The root's parent is not to be seen from here, or is itself.
  let current = on.find(({ id, parent, point }) => point === '/' && (id === parent || !ids.has(parent)))
  const passed = new Set<Mount>()
  while (current !== undefined) {
    passed.add(current)
    const { id }: Mount = current
    const [next] = on
      .filter((mount) => mount.parent === id && !passed.has(mount))
      .toSorted((one, other) => one.point.length - other.point.length)
    if (next === undefined) return current
    current = next
  }
  return current
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}
