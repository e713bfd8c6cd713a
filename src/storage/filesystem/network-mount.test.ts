import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { checkFilesystem } from './check.ts'
import { networkMount, networkMountWarning } from './network-mount.ts'

const root = '22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro'
const nfs = (id: number, parent: number, point: string, options: string): string =>
  `${id} ${parent} 0:${id} / ${point} rw,relatime shared:${id} - nfs4 files.example.com:/export rw,vers=4.2,${options}`
const cached = 'proto=tcp,sec=sys,local_lock=none'

function missingOf(lines: readonly string[], path: string): readonly string[] | undefined {
  return networkMount(lines.join('\n'), path)?.missing
}

const atNfs = (options: string): readonly string[] | undefined =>
  missingOf([root, nfs(30, 22, '/data', options)], '/data')
const atCifs = (options: string): readonly string[] | undefined =>
  missingOf([root, `30 22 0:30 / /data rw - cifs //files/share rw,username=u,${options}`], '/data')

describe('a mount of the network', () => {
  it('is the one that a path lies on', () => {
    const lines = [root, nfs(30, 22, '/srv/registry', cached)]
    for (const path of ['/srv/registry', '/srv/registry/docker', '/srv/registry/a/b'])
      assert.deepEqual(missingOf(lines, path), ['noac', 'lookupcache=none'], path)
    for (const path of ['/', '/srv', '/srv/registry2', '/srv/reg'])
      assert.equal(missingOf(lines, path), undefined, path)
  })

  it('has what it lacks by its options', () => {
    assert.deepEqual(atNfs('noac,lookupcache=none'), [])
    assert.deepEqual(atNfs('noac'), ['lookupcache=none'])
    assert.deepEqual(atNfs('lookupcache=none'), ['noac'])
    assert.deepEqual(atNfs('lookupcache=pos'), ['noac', 'lookupcache=none'])
    assert.deepEqual(atNfs('acregmin=0,acregmax=0,acdirmin=0,acdirmax=0,lookupcache=none'), [])
    assert.deepEqual(atNfs('acregmin=0,acregmax=0,lookupcache=none'), ['noac'])
    assert.deepEqual(atCifs('cache=strict,actimeo=1'), ['actimeo=0'])
    assert.deepEqual(atCifs('actimeo=0'), [])
    assert.deepEqual(atCifs('acregmax=0,acdirmax=0'), [])
  })

  it('is known behind a bind mount, and below names that need escapes', () => {
    const bound = String.raw`31 22 0:30 /export/my\040registry /var/lib/registry rw - nfs files:/export rw`
    assert.deepEqual(missingOf([root, bound], '/var/lib/registry'), ['noac', 'lookupcache=none'])
    const strange = nfs(30, 22, String.raw`/a\040b\011c\012d\134040e`, cached)
    assert.deepEqual(missingOf([root, strange], '/a b\tc\nd\\040e/f'), ['noac', 'lookupcache=none'])
    assert.equal(missingOf([root, strange], '/a'), undefined)
    const warning = networkMountWarning(networkMount(`${root}\n${strange}`, '/a b\tc\nd\\040e'))
    assert.match(warning ?? '', /^[\x20-\x7e]+$/, 'one line')
  })

  it('is not what lies hidden under another one, and is what lies on top', () => {
    const hidden = [root, nfs(30, 22, '/data/deep', cached), '31 22 8:1 / /data rw - xfs /dev/sdb rw']
    assert.equal(missingOf(hidden, '/data/deep'), undefined)
    const onTop = [root, '30 22 8:1 / /data rw - xfs /dev/sdb rw', nfs(31, 30, '/data', cached)]
    assert.deepEqual(missingOf(onTop, '/data'), ['noac', 'lookupcache=none'])
    assert.deepEqual(missingOf(onTop.toReversed(), '/data'), ['noac', 'lookupcache=none'])
  })

  it('is none of a container, of memory, or of a cluster', () => {
    const overlay = '700 600 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w'
    assert.equal(missingOf([overlay], '/var/lib/registry'), undefined)
    for (const type of ['tmpfs', 'ceph', 'lustre', 'btrfs', 'fuse.mergerfs', 'fuse', 'nfsd'])
      assert.equal(missingOf([overlay, `701 700 0:41 / /data rw - ${type} x rw`], '/data'), undefined, type)
    const volume = [overlay, nfs(701, 700, '/var/lib/registry', cached)]
    assert.deepEqual(missingOf(volume, '/var/lib/registry/docker'), ['noac', 'lookupcache=none'])
  })

  it('may be one that no option helps', () => {
    const found = networkMount(`${root}\n30 22 0:30 / /data rw - fuse.sshfs user@files:/ rw`, '/data')
    assert.deepEqual(found, { type: 'fuse.sshfs', place: '/data', missing: [], hasRemedy: false })
    assert.match(networkMountWarning(found) ?? '', /share it, let the load balancer send all requests/)
  })

  it('is not found in what is no such file, nor looked for without end', () => {
    const texts = [
      '',
      '\n\n',
      ' - ',
      '- - - - - - - - -',
      '1 1',
      root.slice(0, 30),
      '\0',
      'x'.repeat(100_000),
    ]
    for (const text of texts) assert.equal(networkMount(text, '/data'), undefined, text.slice(0, 40))
    const loop = ['1 2 0:1 / / rw - nfs a rw', '2 1 0:1 / / rw - nfs a rw', '3 3 0:1 / / rw - ext4 a rw']
    assert.equal(networkMount(loop.join('\n'), '/data'), undefined)
    const ring = ['1 9 0:1 / / rw - ext4 a rw', '2 1 0:1 / / rw - nfs a rw', '1 2 0:1 / / rw - nfs a rw']
    assert.equal(typeof networkMount(ring.join('\n'), '/data'), 'object')
  })

  it('is looked for in what this system says of itself', { skip: process.platform !== 'linux' }, () => {
    assert.equal(networkMount(readFileSync('/proc/self/mountinfo', 'utf8'), '/proc'), undefined)
  })
})

describe('the warning', () => {
  it('says what lies where, and what to do', () => {
    assert.equal(
      networkMountWarning(networkMount(`${root}\n${nfs(30, 22, '/data', 'noac')}`, '/data/r')),
      'storage.filesystem.rootdirectory lies on a network file system (nfs4 at /data), which shows late what other machines wrote: ' +
        'where several replicas share it, mount it with lookupcache=none, or let the load balancer send all requests of an upload to one replica',
    )
  })

  it('is not there where nothing is wrong', () => {
    assert.equal(networkMountWarning(undefined), undefined)
    const good = networkMount(`${root}\n${nfs(30, 22, '/data', 'noac,lookupcache=none')}`, '/data')
    assert.equal(networkMountWarning(good), undefined)
  })

  it('is given when a store is tested, also through a link and before its folder is there', async (t) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'berth-mounts-')))
    t.after(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'share'))
    symlinkSync(join(folder, 'share'), join(folder, 'link'))
    const mountinfo = join(folder, 'mountinfo')
    writeFileSync(mountinfo, `${root}\n${nfs(30, 22, join(folder, 'share'), cached)}\n`)
    const warnings: string[] = []
    const check = async (rootDirectory: string, from = mountinfo): Promise<void> =>
      await checkFilesystem({ rootDirectory }, { warn: (line) => warnings.push(line), mountinfo: from })
    await check(join(folder, 'link', 'registry'))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /nfs4 at .*share\), .* noac,lookupcache=none/)
    await check(join(folder, 'elsewhere'))
    await check(join(folder, 'link', 'registry'), join(folder, 'none'))
    assert.equal(warnings.length, 1)
  })
})
