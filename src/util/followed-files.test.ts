import assert from 'node:assert/strict'
import { mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { stateOfFiles, type FileState } from './file-state.ts'
import { FollowedFiles, type FollowedFilesOptions } from './followed-files.ts'

const folder = temporaryFolder()
after(() => folder.remove())
let place: string
let path: string
let count = 0
beforeEach(async () => {
  place = join(folder.path, `place-${count++}`)
  await mkdir(place)
  path = join(place, 'file')
})

interface Held {
  readonly text: string
}

interface Rig {
  readonly files: FollowedFiles<Held>
  readonly current: () => Promise<string>
  readonly clock: { now: number }
  /** What was told. */
  readonly told: string[]
  /** How often the file was looked at and read, the start included. */
  readonly counts: { looks: number; reads: number }
  /** In place of what the disk says. */
  readonly fake: { look?: () => Promise<FileState>; read?: () => Promise<string> }
}

/** What a file of another time than now holds. `bad` is what cannot be used. */
async function open(options: Partial<FollowedFilesOptions<Held>> = {}, age = 60_000): Promise<Rig> {
  const clock = { now: Date.now() + age }
  const told: string[] = []
  const counts = { looks: 0, reads: 0 }
  const fake: Rig['fake'] = {}
  const files = await FollowedFiles.open<Held>({
    paths: [path],
    interval: 1_000,
    // Nothing here is to be hurried by a busy machine.
    patience: 60_000,
    now: () => clock.now,
    look: async (paths, now) => {
      counts.looks += 1
      return await (fake.look?.() ?? stateOfFiles(paths, now))
    },
    read: async (old) => {
      counts.reads += 1
      const text = await (fake.read?.() ?? readFile(path, 'utf8'))
      if (text === 'bad') throw new Error('it is bad')
      return text === old?.text ? old : { text }
    },
    onChange: ({ text }, { isOther, isRecovery }) =>
      told.push(`${isOther ? 'other' : 'same'}${isRecovery ? ' again' : ''}: ${text}`),
    onFailure: (error) => told.push(error instanceof Error ? error.message : ''),
    ...options,
  })
  return { files, current: async () => (await files.current()).text, clock, told, counts, fake }
}

const settled = (summary: string): Promise<FileState> => Promise.resolve({ summary, isSettled: true })

/** A promise that is kept when somebody says so. */
class Later {
  readonly promise: Promise<void>
  resolve: () => void = assert.fail
  constructor() {
    this.promise = new Promise((done) => (this.resolve = done))
  }
}

/** As Kubernetes does. */
async function publish(version: string, text: string): Promise<void> {
  await mkdir(join(place, version))
  await writeFile(join(place, version, 'file'), text)
  await utimes(join(place, version, 'file'), 1, 1)
  await symlink(version, join(place, 'next'))
  await rename(join(place, 'next'), join(place, 'data'))
}

describe('files that are followed', () => {
  it('are looked at when a look is due, and told when they are others', async () => {
    await writeFile(path, 'one')
    const { files, current, clock, told, counts } = await open()
    await writeFile(path, 'other')
    clock.now += 999
    assert.equal(await current(), 'one')
    assert.equal(counts.looks, 1)
    clock.now += 1
    assert.equal(files.latest.text, 'one')
    assert.equal(await current(), 'other')
    assert.equal(files.latest.text, 'other')
    assert.equal(await current(), 'other')
    assert.deepEqual(counts, { looks: 2, reads: 2 })
    assert.deepEqual(told, ['other: other'])
  })

  it('are read once while they stay', async () => {
    await writeFile(path, 'one')
    const { current, clock, counts } = await open()
    for (let look = 0; look < 3; look++) {
      clock.now += 1_000
      await current()
    }
    assert.deepEqual(counts, { looks: 4, reads: 1 })
  })

  it('give the same value while they hold the same, and tell nothing', async () => {
    await writeFile(path, 'one')
    const { files, clock, told, counts } = await open()
    const first = await files.current()
    await utimes(path, 1, 1)
    clock.now += 1_000
    assert.equal(await files.current(), first)
    assert.equal(counts.reads, 2)
    assert.deepEqual(told, [])
  })

  it('are looked at after an idle hour before anybody gets a value', async () => {
    await writeFile(path, 'one')
    const { current, clock } = await open()
    await writeFile(path, 'withdrawn')
    clock.now += 3_600_000
    assert.deepEqual(await Promise.all([current(), current(), current()]), Array(3).fill('withdrawn'))
  })

  it('are looked at when the clock was set back, and once a second from then on', async () => {
    await writeFile(path, 'one')
    const { current, clock, counts } = await open()
    await writeFile(path, 'other')
    clock.now -= 3_600_000
    assert.equal(await current(), 'other')
    await current()
    assert.equal(counts.looks, 2)
  })

  it('are followed through links that are swapped', async () => {
    await publish('one', 'AAA')
    await symlink('data/file', path)
    const { current, clock } = await open()
    for (const text of ['BBB', 'CCC']) {
      await publish(text, text)
      clock.now += 1_000
      assert.equal(await current(), text)
    }
  })

  it('are read again while they changed just now, for they may have changed once more', async () => {
    await writeFile(path, 'one')
    const { current, clock, told, counts, fake } = await open()
    const texts = ['two', 'two', 'three', 'never']
    let isSettled = false
    fake.look = () => Promise.resolve({ summary: 'same', isSettled })
    fake.read = () => Promise.resolve(texts.shift() ?? '')
    const seen: string[] = []
    for (let look = 0; look < 5; look++) {
      isSettled = look >= 2
      clock.now += 1_000
      seen.push(await current())
    }
    assert.deepEqual(seen, ['two', 'two', 'three', 'three', 'three'])
    assert.equal(counts.reads, 4)
    assert.deepEqual(told, ['other: two', 'other: three'])
  })

  it('that were read while they changed are read again', async () => {
    await writeFile(path, 'one')
    const { current, clock, fake } = await open()
    // After the look, and before the reading is over.
    fake.read = async () => {
      delete fake.read
      const text = await readFile(path, 'utf8')
      await writeFile(path, 'third')
      return text
    }
    await writeFile(path, 'other')
    clock.now += 1_000
    assert.equal(await current(), 'other')
    clock.now += 1_000
    assert.equal(await current(), 'third')
  })

  it('may be told half-written from whole by whoever reads them', async () => {
    await writeFile(path, 'one')
    const known: (readonly [string | undefined, boolean])[] = []
    const { current, clock } = await open({
      read: async (old, isSettled) => {
        known.push([old?.text, isSettled])
        return (!isSettled && old) || { text: await readFile(path, 'utf8') }
      },
    })
    clock.now = Date.now()
    await writeFile(path, '')
    assert.equal(await current(), 'one')
    clock.now += 5_000
    assert.equal(await current(), '')
    assert.deepEqual(known, [
      [undefined, true],
      ['one', false],
      ['one', true],
    ])
  })

  it('must be good at the start', async () => {
    await assert.rejects(open(), { code: 'ENOENT' })
    await writeFile(path, 'bad')
    await assert.rejects(open(), { message: 'it is bad' })
  })
})

describe('those who ask', () => {
  it('share a look that is under way', async () => {
    await writeFile(path, 'one')
    const { files, clock, counts } = await open()
    await writeFile(path, 'other')
    clock.now += 1_000
    const first = files.current()
    // Due again, and not begun again.
    clock.now += 1_000
    assert.equal(files.current(), first)
    assert.equal((await first).text, 'other')
    assert.equal(counts.looks, 2)
  })

  it('share one that begins after they asked, where they are to get what the files hold then', async () => {
    await writeFile(path, 'one')
    const { files, counts, fake } = await open({ interval: 0 })
    const hanging = new Later()
    fake.look = () => hanging.promise.then(() => settled(`look ${counts.looks}`))
    const texts = ['when the first asked', 'when the others asked']
    fake.read = () => Promise.resolve(texts.shift() ?? '')
    const early = files.current()
    const looks = Array.from({ length: 100 }, () => files.current())
    assert.equal(new Set(looks).size, 1)
    assert.notEqual(looks[0], early)
    hanging.resolve()
    assert.equal((await early).text, 'when the first asked')
    assert.equal((await looks[0])?.text, 'when the others asked')
    assert.equal(counts.looks, 3)
    await files.current()
    assert.equal(counts.looks, 4)
  })

  it('see every change that came before they asked, also while others ask', async () => {
    await writeFile(path, '0')
    const { files, current } = await open({ interval: 0 })
    const ended = new AbortController()
    const asking = Array.from({ length: 4 }, async () => {
      while (!ended.signal.aborted) await files.current()
    })
    for (let version = 1; version <= 50; version++) {
      await writeFile(join(place, 'new'), String(version))
      await rename(join(place, 'new'), path)
      assert.equal(await current(), String(version))
    }
    ended.abort()
    await Promise.all(asking)
  })

  it('never begin two looks at once, at whatever moment they ask', async () => {
    await writeFile(path, 'one')
    const { files, counts, fake } = await open({ interval: 0 })
    const hanging = new Later()
    fake.look = () => hanging.promise.then(() => settled('first'))
    fake.read = () => Promise.resolve('one')
    const asking = [files.current(), files.current()]
    let running = 0
    fake.look = async () => {
      assert.equal((running += 1), 1)
      await new Promise(setImmediate)
      running -= 1
      return await settled('later')
    }
    hanging.resolve()
    // In every step between the end of a look and the next one.
    for (let step = 0; step < 50; step++) {
      await Promise.resolve()
      asking.push(files.current())
    }
    await Promise.all(asking)
    assert.equal(counts.looks, 4)
  })
})

function timers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
}

for (const interval of [0, 1_000]) {
  describe(`a file system that hangs, with a look every ${interval} ms`, () => {
    for (const stage of ['look', 'read'] as const) {
      it(`holds nobody up for longer than the patience: at the ${stage}`, async () => {
        await writeFile(path, 'one')
        const { current, clock, told, counts, fake } = await open({ interval, patience: 20 })
        const hanging = new Later()
        if (stage === 'look') fake.look = () => hanging.promise.then(() => settled('other'))
        else fake.look = () => settled('other')
        if (stage === 'read') fake.read = () => hanging.promise.then(() => 'other')
        else fake.read = () => Promise.resolve('other')
        for (let call = 0; call < 3; call++) {
          clock.now += 1_000
          assert.deepEqual(await Promise.all([current(), current()]), ['one', 'one'])
        }
        assert.equal(counts.looks, 2, 'one that hangs is enough')
        assert.deepEqual(told, ['the file system does not answer within 20 ms'])
        hanging.resolve()
        await new Promise(setImmediate)
        clock.now += 1_000
        assert.equal(await current(), 'other')
        assert.deepEqual(told.slice(1), ['other again: other'])
        clock.now += 1_000
        assert.equal(await current(), 'other')
        assert.equal(told.length, 2)
      })
    }

    it('is waited for no more once the patience is over', async () => {
      await writeFile(path, 'one')
      const { files, clock, fake } = await open({ interval, patience: 20 })
      fake.look = () => new Promise(() => {})
      clock.now += 1_000
      await files.current()
      await files.current()
      let isAnswered = false
      void files.current().then(() => (isAnswered = true))
      await Promise.resolve()
      assert.equal(isAnswered, true)
    })

    it('is not to be mistaken for a process that was held up', async () => {
      await writeFile(path, 'one')
      const { current, clock, told } = await open({ interval, patience: 500 })
      await writeFile(path, 'other')
      clock.now += 1_000
      const asking = [current(), current()]
      const start = performance.now()
      while (performance.now() - start < 600);
      assert.deepEqual(await Promise.all(asking), ['other', 'other'])
      assert.deepEqual(told, ['other: other'])
    })

    it('is waited for with no timer that outlives the look', async () => {
      await writeFile(path, 'one')
      const { current, clock } = await open({ interval })
      const before = timers()
      clock.now += 1_000
      const asking = [current(), current()]
      assert.ok(timers() > before)
      await Promise.all(asking)
      assert.equal(timers(), before)
    })
  })
}

describe('files that cannot be used', () => {
  it('leave the old value, and are told once for each change', async () => {
    await writeFile(path, 'one')
    const { current, clock, told } = await open()
    const look = async (): Promise<void> => {
      for (let times = 0; times < 3; times++) {
        clock.now += 1_000
        assert.equal(await current(), 'one')
      }
    }
    await writeFile(path, 'bad')
    await look()
    assert.deepEqual(told, ['it is bad'])
    await writeFile(join(place, 'new'), 'bad')
    await rename(join(place, 'new'), path)
    await look()
    assert.deepEqual(told, ['it is bad', 'it is bad'], 'another file that is bad as well')
    await rm(path)
    await look()
    assert.equal(told.length, 3)
    assert.match(told[2] ?? '', /^ENOENT/)
  })

  it('are told when they can be used again, be it with another value or the old one', async () => {
    await writeFile(path, 'one')
    const { files, current, clock, told } = await open()
    const first = files.latest
    const look = async (text: string): Promise<string> => {
      await writeFile(path, text)
      clock.now += 1_000
      return await current()
    }
    assert.equal(await look('bad'), 'one')
    assert.equal(await look('one'), 'one')
    assert.equal(files.latest, first)
    assert.equal(await look('bad'), 'one')
    assert.equal(await look('two'), 'two')
    assert.equal(await look('three'), 'three')
    assert.deepEqual(told, ['it is bad', 'same again: one', 'it is bad', 'other again: two', 'other: three'])
  })

  it('are told when they are what they were before', async () => {
    await mkdir(join(place, 'mounted'))
    path = join(place, 'mounted', 'file')
    await writeFile(path, 'one')
    const { files, current, clock, told } = await open()
    const first = files.latest
    await rename(join(place, 'mounted'), join(place, 'away'))
    clock.now += 1_000
    assert.equal(await current(), 'one')
    await rename(join(place, 'away'), join(place, 'mounted'))
    clock.now += 1_000
    assert.equal(await files.current(), first)
    assert.deepEqual(told.slice(1), ['same again: one'])
  })

  it('are tried again although they did not change: too many files may have been open', async () => {
    await writeFile(path, 'one')
    const { current, clock, told, fake } = await open()
    await writeFile(path, 'two')
    const reasons = ['EMFILE', 'EMFILE', 'EIO']
    fake.read = () => {
      const reason = reasons.shift()
      return reason === undefined ? readFile(path, 'utf8') : Promise.reject(new Error(reason))
    }
    const seen: string[] = []
    for (let look = 0; look < 4; look++) {
      clock.now += 1_000
      seen.push(await current())
    }
    assert.deepEqual(seen, ['one', 'one', 'one', 'two'])
    assert.deepEqual(told, ['EMFILE', 'EIO', 'other again: two'])
  })
})
