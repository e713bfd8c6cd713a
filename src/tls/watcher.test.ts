import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeCertificate, type Issued } from '../../test/tls/certificates.ts'
import { recordingLog, type LogEntry } from '../../test/tls/recording-log.ts'
import type { Cleaner } from '../../test/support/at-exit.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { TlsFiles } from './files.ts'
import { loadCertificates, type LoadedCertificates } from './load.ts'
import { CertificateWatcher, type WatcherOptions } from './watcher.ts'

const folder = temporaryFolder()
let first: Issued
let second: Issued
let third: Issued
before(async () => {
  // Of different lengths, for a file system's clock may stand still while a test writes one after the other.
  first = await makeCertificate(folder.path, { name: 'first' })
  second = await makeCertificate(folder.path, { name: 'the-second' })
  third = await makeCertificate(folder.path, { name: 'the-one-after-it' })
})
after(() => folder.remove())

/** What is watched, new in each test. */
let place: string
let count = 0
beforeEach(async () => {
  place = join(folder.path, `place-${count++}`)
  await mkdir(place)
})

function files(): TlsFiles {
  return { certificate: join(place, 'tls.crt'), key: join(place, 'tls.key'), clientCas: [] }
}

async function put({ chain, key }: Issued, to: string = place): Promise<void> {
  await copyFile(chain, join(to, 'tls.crt'))
  await copyFile(key, join(to, 'tls.key'))
}

interface Watched {
  readonly watcher: CertificateWatcher
  /** Subjects of what was taken into use. */
  readonly changes: string[]
  readonly entries: LogEntry[]
}

/** For which no file was written just now, so that only its state tells that it changed. */
const later = (): number => Date.now() + 60_000

/** Fast, but for patience. */
async function watch(test: Cleaner, options: Partial<WatcherOptions> = {}): Promise<Watched> {
  const { now = later } = options
  const { log, entries } = recordingLog()
  const changes: string[] = []
  const onChange = ({ leaf }: LoadedCertificates): void => {
    changes.push(leaf.subject)
  }
  const loaded = await loadCertificates(files(), new Date(now()))
  const watcher = new CertificateWatcher(loaded, log, {
    onChange,
    interval: 20,
    retryInterval: 10,
    patience: 60_000,
    now,
    ...options,
  })
  watcher.start()
  test.after(() => watcher.stop())
  return { watcher, changes, entries }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!isSo()) {
    assert.ok(Date.now() < deadline, `${what} within ten seconds`)
    await delay(5)
  }
}

const errors = (entries: readonly LogEntry[]): readonly LogEntry[] =>
  entries.filter(({ level }) => level === 'error')

describe('a watcher of certificates', () => {
  it('sees files that are written in place', async (t) => {
    await put(first)
    const { changes, entries, watcher } = await watch(t)
    await put(second)
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
    assert.equal(watcher.current.leaf.subject, 'CN=the-second')
    const [entry] = entries
    assert.equal(entry?.message, 'certificates reloaded')
    assert.equal(entry?.fields['subject'], 'CN=the-second')
    assert.doesNotMatch(JSON.stringify(entries), /PRIVATE/)
    await put(third)
    await until(() => changes.length > 1, 'a second change')
    assert.deepEqual(changes, ['CN=the-second', 'CN=the-one-after-it'])
    assert.deepEqual(errors(entries), [])
  })

  it('sees files that are renamed into place', async (t) => {
    await put(first)
    const { changes } = await watch(t)
    await copyFile(second.chain, join(place, 'new.crt'))
    await copyFile(second.key, join(place, 'new.key'))
    await rename(join(place, 'new.key'), join(place, 'tls.key'))
    await rename(join(place, 'new.crt'), join(place, 'tls.crt'))
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
  })

  it('sees links that certbot replaces', async (t) => {
    const link = async (version: number): Promise<void> => {
      for (const ending of ['crt', 'key']) {
        await symlink(`archive/${version}.${ending}`, join(place, 'next'))
        await rename(join(place, 'next'), join(place, `tls.${ending}`))
      }
    }
    await mkdir(join(place, 'archive'))
    for (const [version, issued] of [first, second].entries()) {
      await copyFile(issued.chain, join(place, 'archive', `${version}.crt`))
      await copyFile(issued.key, join(place, 'archive', `${version}.key`))
    }
    await link(0)
    const { changes } = await watch(t)
    await link(1)
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
  })

  it('sees the folder that Kubernetes swaps', async (t) => {
    const publish = async (name: string, issued: Issued): Promise<void> => {
      await mkdir(join(place, name))
      await put(issued, join(place, name))
      await symlink(name, join(place, '..data_tmp'))
      await rename(join(place, '..data_tmp'), join(place, '..data'))
    }
    await publish('..2026_01', first)
    for (const ending of ['crt', 'key']) await symlink(`..data/tls.${ending}`, join(place, `tls.${ending}`))
    const { changes } = await watch(t)
    await publish('..2026_02', second)
    await rm(join(place, '..2026_01'), { recursive: true })
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
  })

  it('sees other client authorities', async (t) => {
    await put(first)
    const ca = join(place, 'ca.crt')
    await copyFile(first.certificate, ca)
    const loaded = await loadCertificates({ ...files(), clientCas: [ca] }, new Date(later()))
    const authorities: string[] = []
    const watcher = new CertificateWatcher(loaded, recordingLog().log, {
      onChange: ({ clientCas }) => void authorities.push(...clientCas.map(({ subject }) => subject)),
      interval: 20,
      now: later,
    })
    watcher.start()
    t.after(() => watcher.stop())
    await copyFile(second.certificate, ca)
    await until(() => authorities.length > 0, 'a change')
    assert.deepEqual(authorities, ['CN=the-second'])
  })

  it('leaves alone what is only touched', async (t) => {
    await put(first)
    const { watcher, changes, entries } = await watch(t)
    await put(first)
    assert.equal(await watcher.check(), 'unchanged')
    assert.deepEqual(changes, [])
    assert.deepEqual(entries, [])
  })

  it('notices a second change of the same instant and size', async (t) => {
    await put(first)
    const { watcher, changes } = await watch(t, { interval: 60_000, retryInterval: 20, now: Date.now })
    // The state is younger than a file system may tell, so it is read again soon, and not after a minute.
    assert.equal(watcher.current.state.isSettled, false)
    await put(second)
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
  })
})

describe('a bad renewal', () => {
  const states: Readonly<Record<string, () => Promise<void>>> = {
    'a certificate without its key': () => copyFile(second.chain, join(place, 'tls.crt')),
    'a missing file': () => rm(join(place, 'tls.key')),
    'half a file': () => truncate(join(place, 'tls.crt'), 100),
    'an empty file': () => writeFile(join(place, 'tls.key'), ''),
  }
  for (const [name, spoil] of Object.entries(states)) {
    it(`keeps the old certificate and logs one error: ${name}`, async (t) => {
      await put(first)
      const { watcher, changes, entries } = await watch(t, { patience: 30 })
      await spoil()
      await until(() => errors(entries).length > 0, 'an error')
      // More looks, which must say nothing.
      await delay(200)
      assert.equal(errors(entries).length, 1)
      assert.equal(errors(entries)[0]?.message, 'certificates not reloaded, the old ones stay in use')
      assert.match(String(errors(entries)[0]?.fields['err']), /tls\.(?:crt|key): /)
      assert.deepEqual(changes, [])
      assert.equal(watcher.current.leaf.subject, 'CN=first')

      await put(third)
      await until(() => changes.length > 0, 'a change')
      assert.deepEqual(changes, ['CN=the-one-after-it'])
      assert.equal(errors(entries).length, 1)
    })
  }

  it('is no error while it may be half-written', async (t) => {
    await put(first)
    const { changes, entries } = await watch(t)
    await copyFile(second.chain, join(place, 'tls.crt'))
    await delay(200)
    assert.deepEqual(entries, [])
    await copyFile(second.key, join(place, 'tls.key'))
    await until(() => changes.length > 0, 'a change')
    assert.deepEqual(changes, ['CN=the-second'])
    assert.deepEqual(errors(entries), [])
  })

  it('logs one error for each bad state', async (t) => {
    await put(first)
    const { entries } = await watch(t, { patience: 30 })
    await copyFile(second.chain, join(place, 'tls.crt'))
    await until(() => errors(entries).length === 1, 'an error')
    await rm(join(place, 'tls.key'))
    await until(() => errors(entries).length === 2, 'another error')
    await delay(100)
    assert.equal(errors(entries).length, 2)
  })

  it('that is taken back is told', async (t) => {
    await put(first)
    const { changes, entries } = await watch(t, { patience: 0 })
    await rm(join(place, 'tls.key'))
    await until(() => errors(entries).length > 0, 'an error')
    await put(first)
    await until(() => entries.some(({ level }) => level === 'info'), 'a good word')
    assert.equal(entries.at(-1)?.message, 'the certificates in use are back on disk')
    assert.deepEqual(changes, [])
  })

  it('is one when it cannot be taken into use', async (t) => {
    await put(first)
    const { watcher, entries } = await watch(t, {
      onChange: () => {
        throw new Error('no such cipher')
      },
    })
    await put(second)
    assert.equal(await watcher.check(), 'refused')
    assert.equal(watcher.current.leaf.subject, 'CN=first')
    assert.match(String(errors(entries)[0]?.fields['err']), /no such cipher/)
  })

  it('is one when the new certificate has expired', async (t) => {
    await put(first)
    const { watcher, entries } = await watch(t)
    const past = { notBefore: new Date(Date.now() - 7_200_000), notAfter: new Date(Date.now() - 3_600_000) }
    await put(await makeCertificate(folder.path, { name: 'past', ...past }))
    assert.equal(await watcher.check(), 'refused')
    assert.match(String(errors(entries)[0]?.fields['err']), /expired at/)
  })
})

describe('a check on demand', () => {
  /** Never looks by itself. */
  const idle = { interval: 600_000, retryInterval: 600_000 }

  it('reads the files at once', async (t) => {
    await put(first)
    const { watcher, changes, entries } = await watch(t, idle)
    await put(second)
    assert.equal(await watcher.check(), 'changed')
    assert.deepEqual(changes, ['CN=the-second'])
    assert.equal(await watcher.check(), 'unchanged')
    await rm(join(place, 'tls.crt'))
    assert.equal(await watcher.check(), 'refused')
    assert.equal(await watcher.check(), 'refused')
    assert.equal(errors(entries).length, 2, 'who asks is answered each time')
  })

  it('may overlap with others, and the latest reading wins', async (t) => {
    await put(first)
    const slowThenFast = [100, 0, 0]
    const { watcher, changes } = await watch(t, {
      ...idle,
      load: async (...parameters) => {
        const loaded = await loadCertificates(...parameters)
        await delay(slowThenFast.shift())
        return loaded
      },
    })
    await put(second)
    const early = watcher.check()
    await delay(50)
    await put(third)
    assert.deepEqual(await Promise.all([early, watcher.check(), watcher.check()]), [
      'changed',
      'changed',
      'unchanged',
    ])
    assert.deepEqual(changes, ['CN=the-second', 'CN=the-one-after-it'])
    assert.equal(watcher.current.leaf.subject, 'CN=the-one-after-it')
  })

  it('does not refuse what expired while it was in use', async (t) => {
    await put(first)
    let now = later()
    const { watcher, entries } = await watch(t, { ...idle, now: () => now })
    now = watcher.current.expires.getTime() + 60_000
    assert.equal(await watcher.check(), 'unchanged')
    assert.deepEqual(errors(entries), [])
  })

  it('changes nothing once the watcher has stopped', async (t) => {
    await put(first)
    const { watcher, changes, entries } = await watch(t)
    watcher.stop()
    await put(second)
    await watcher.check()
    await delay(100)
    assert.deepEqual(changes, [])
    assert.deepEqual(entries, [])
  })
})

describe('the end of a certificate', () => {
  const day = 86_400_000

  it('is told once a day', async (t) => {
    await put(first)
    let now = later()
    const { watcher, entries } = await watch(t, { now: () => now })
    assert.equal(entries.length, 0)
    const messages = (): readonly string[] => entries.map(({ level, message }) => `${level} ${message}`)
    now = watcher.current.expires.getTime() - 10 * day
    await until(() => entries.length === 1, 'a warning')
    await delay(100)
    assert.deepEqual(messages(), ['warn the certificate expires soon'])
    now += day
    await until(() => entries.length === 2, 'a second warning')
    now += 10 * day
    await until(() => entries.length === 3, 'an error')
    assert.equal(messages()[2], 'error the certificate has expired')
  })

  it('is told at the start, as its other defects are', async (t) => {
    const soon = await makeCertificate(folder.path, {
      name: 'soon',
      hosts: [],
      notAfter: new Date(Date.now() + 120_000),
    })
    await put(soon)
    const { entries } = await watch(t)
    assert.deepEqual(
      entries.map(({ message }) => message),
      [
        'the certificate has no subject alternative name, which docker and other clients refuse',
        'the certificate expires soon',
      ],
    )
    assert.equal(await readFile(join(place, 'tls.crt'), 'utf8'), await readFile(soon.chain, 'utf8'))
  })
})
