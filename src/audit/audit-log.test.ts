import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as tick, setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { AuditEvent } from './audit-event.ts'
import type { AuditFile } from './audit-file.ts'
import { openAuditLog, type AuditLog, type AuditLogOptions } from './audit-log.ts'

describe('the audit log', () => {
  it('is written in order and in few pieces, soon', async (t) => {
    const { audit, file } = await faked(t)
    for (let number = 0; number < 100; number++) audit.write(login(number))
    assert.equal(file.writes, 0, 'nobody waits')
    await until(() => file.text.length > 0, 1000)
    assert.deepEqual(numbers(file.text), range(100))
    assert.equal(file.writes, 1)
  })

  it('loses nothing at the end', async (t) => {
    const { audit, file, lost } = await faked(t)
    for (let number = 0; number < 5000; number++) audit.write(login(number))
    await audit.stop()
    assert.deepEqual(numbers(file.text), range(5000))
    assert.ok(file.isClosed)
    assert.equal(lost(), 0)
  })

  it('writes every line by itself, whenever it comes', async (t) => {
    const { audit, file } = await faked(t, { behaviour: (bytes) => Promise.resolve(bytes.length) })
    let number = 0
    for (let round = 0; round < 200; round++) {
      audit.write(login(number++))
      // The line that comes as a write ends must not be left to lie.
      for (let ticks = 0; ticks < round % 12; ticks++) await Promise.resolve()
      if (round % 20 === 0) await delay(60)
    }
    await until(() => numbers(file.text).length === 200, 2000)
    assert.deepEqual(numbers(file.text), range(200))
  })

  it('comes whole through a file that takes it by bits', async (t) => {
    let seed = 1
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
    const behaviour: Behaviour = (bytes) =>
      random(4) === 0 ? failure('EAGAIN') : Math.min(bytes.length, 1 + random(5000))
    const { audit, file, log } = await faked(t, { behaviour, wholeBytes: 4096 })
    for (let number = 0; number < 1000; number++) audit.write(login(number))
    await audit.stop(60_000)
    assert.deepEqual(numbers(file.text), range(1000))
    assert.deepEqual(log, [], 'a reader that is slow is no failure')
  })

  it('gives a pipe no more than it takes in one piece', async (t) => {
    const sizes: number[] = []
    const behaviour: Behaviour = (bytes) => {
      assert.equal(bytes.at(-1), 0x0a)
      return sizes.push(bytes.length) && bytes.length
    }
    const { audit } = await faked(t, { behaviour, wholeBytes: 4096 })
    for (let number = 0; number < 1000; number++) audit.write(login(number))
    await audit.stop()
    assert.ok(Math.max(...sizes) <= 4096)
    assert.ok(sizes.length < 100, `${sizes.length}`)
  })

  it('is not written without a file, until there is one, and then no more', async (t) => {
    const { audit, file, lost } = await faked(t, { file: undefined })
    audit.write(login(1))
    await audit.use('/audit.log')
    audit.write(login(2))
    await audit.use(undefined)
    audit.write(login(3))
    await audit.stop()
    assert.deepEqual(numbers(file.text), [2])
    assert.ok(file.isClosed)
    assert.equal(lost(), 0)
  })

  it('is not begun when its file cannot be opened', async (t) => {
    const path = join(temporaryFolder(t).path, 'absent', 'audit.log')
    const log = { debug: assert.fail, info: assert.fail, warn: assert.fail, error: assert.fail }
    await assert.rejects(openAuditLog({ file: path, log }), {
      message: `audit.file: ${path}: no such folder`,
    })
  })
})

describe('an audit log whose file fails', () => {
  it('says so once, keeps its lines, and says when it is well again', async (t) => {
    const { audit, file, log, lost } = await faked(t)
    for (let round = 0; round < 3; round++) {
      file.behaviour = () => failure('ENOSPC')
      const before = file.writes
      audit.write(login(2 * round))
      await until(() => file.writes > before + 5, 2000)
      audit.write(login(2 * round + 1))
      file.behaviour = (bytes) => bytes.length
      await until(() => log.length === 2 * (round + 1), 2000)
    }
    assert.deepEqual(numbers(file.text), range(6))
    const failed = 'error: audit log is not written'
    const works = 'warn: audit log is written again'
    const said = log.map(({ level, message }) => `${level}: ${message}`)
    assert.deepEqual(said, [failed, works, failed, works, failed, works])
    assert.equal(log[0]?.fields['file'], '/audit.log')
    assert.match(String(log[0]?.fields['err']), /ENOSPC/)
    assert.equal(lost(), 0)
  })

  it('keeps no more than a megabyte, and counts the rest', async (t) => {
    const { audit, file, log, lost } = await faked(t, { behaviour: () => failure('EIO') })
    const sent = 200_000
    const begun = performance.now()
    for (let number = 0; number < sent; number++) {
      audit.write(login(number))
      if (number % 1000 === 0) await tick()
    }
    assert.ok(performance.now() - begun < 30_000)
    assert.equal(log.length, 1)
    file.behaviour = (bytes) => bytes.length
    await until(() => log.length === 2, 5000)
    const kept = numbers(file.text)
    assert.ok(file.text.length <= 1024 * 1024 && file.text.length > 1000 * 1000, `${file.text.length}`)
    assert.deepEqual(kept, range(kept.length), 'what came first')
    assert.equal(lost(), sent - kept.length)
    assert.deepEqual(log[1]?.fields, { file: '/audit.log', lost: lost() })
    audit.write(login(sent))
    await audit.stop()
    assert.equal(numbers(file.text).at(-1), sent)
    assert.equal(log.length, 2)
  })

  it('does not hold up the end, and says what was lost', async (t) => {
    const { audit, log, lost } = await faked(t, {
      behaviour: () => failure('EIO'),
      retryMilliseconds: 60_000,
    })
    for (let number = 0; number < 3000; number++) audit.write(login(number))
    await delay(100)
    const begun = performance.now()
    await audit.stop(60_000)
    assert.ok(performance.now() - begun < 10_000)
    assert.equal(lost(), 3000)
    assert.deepEqual(log.at(-1), {
      level: 'error',
      message: 'audit log is not whole',
      fields: { file: '/audit.log', lost: 3000 },
    })
  })

  it('waits neither for a disk that hangs', async (t) => {
    const { audit, lost, file } = await faked(t, { behaviour: () => new Promise<number>(() => {}) })
    for (let number = 0; number < 3000; number++) audit.write(login(number))
    await until(() => file.writes === 1, 1000)
    const begun = performance.now()
    await audit.stop(100)
    assert.ok(performance.now() - begun < 5000)
    assert.equal(lost(), 3000)
  })

  it('gives a new file whole lines, also of what an old one took a part of', async (t) => {
    const { audit, file: old, opened } = await faked(t, { retryMilliseconds: 60_000 })
    let room = 250
    old.behaviour = (bytes) => {
      const taken = Math.min(room, bytes.length)
      room -= taken
      return taken > 0 ? taken : failure('ENOSPC')
    }
    for (let number = 0; number < 10; number++) audit.write(login(number))
    await until(() => old.text.length === 250, 1000)
    await tick()
    opened.next = new FakeFile()
    await audit.reopen()
    await audit.stop()
    assert.ok(old.isClosed)
    const whole = old.text.slice(0, old.text.lastIndexOf('\n') + 1)
    assert.ok(whole.length > 0 && whole.length < old.text.length)
    assert.deepEqual([...numbers(whole), ...numbers(opened.next.text)], range(10))
  })

  it('goes on with its file when another one cannot be opened', async (t) => {
    const { audit, file, opened } = await faked(t)
    opened.failure = new Error('audit.file: /audit.log: permission denied')
    await assert.rejects(audit.reopen(), opened.failure)
    audit.write(login(0))
    await audit.stop()
    assert.deepEqual(numbers(file.text), [0])
  })
})

describe('an audit log on a disk', () => {
  it('is rotated without a lost or broken line', async (t) => {
    const folder = temporaryFolder(t).path
    const path = join(folder, 'audit.log')
    const { audit, log, lost } = await real(path)
    let number = 0
    for (let rotation = 0; rotation < 20; rotation++) {
      for (let line = 0; line < 500; line++) audit.write(login(number++))
      await delay(rotation)
      renameSync(path, join(folder, `audit.log.${rotation}`))
      for (let line = 0; line < 10; line++) audit.write(login(number++))
      await audit.reopen()
    }
    await audit.stop()
    const files = [...range(20).map((rotation) => `audit.log.${rotation}`), 'audit.log']
    const texts = files.map((name) => readFileSync(join(folder, name), 'utf8'))
    for (const text of texts) numbers(text)
    assert.deepEqual(
      texts.flatMap((text) => numbers(text)).toSorted((one, other) => one - other),
      range(number),
    )
    assert.ok(texts.filter((text) => text !== '').length > 10)
    assert.deepEqual([log, lost()], [[], 0])
  })

  it('may be shared with another process', async (t) => {
    const path = join(temporaryFolder(t).path, 'audit.log')
    const [one, other] = [await real(path), await real(path)]
    for (let number = 0; number < 20_000; number += 2) {
      one.audit.write(login(number))
      other.audit.write(login(number + 1))
      if (number % 100 === 0) await tick()
    }
    await Promise.all([one.audit.stop(), other.audit.stop()])
    const read = numbers(readFileSync(path, 'utf8'))
    assert.deepEqual(
      read.toSorted((a, b) => a - b),
      range(20_000),
    )
  })

  it('outlives that the disk is full', async (t) => {
    const folder = smallDisk(t)
    if (folder === undefined) return
    const path = join(folder, 'audit.log')
    const { audit, log, lost } = await real(path)
    audit.write(login(0))
    await until(() => readFileSync(path, 'utf8') !== '', 2000)
    const ballast = join(folder, 'ballast')
    fill(ballast)
    let number = 1
    while (log.length === 0) {
      for (let line = 0; line < 50; line++) audit.write(login(number++))
      await delay(20)
      assert.ok(number < 10_000)
    }
    assert.equal(log[0]?.message, 'audit log is not written')
    const cut = readFileSync(path, 'utf8')
    for (let line = 0; line < 50; line++) audit.write(login(number++))
    rmSync(ballast)
    await until(() => log.length === 2, 5000)
    audit.write(login(number++))
    await audit.stop()
    assert.ok(!cut.endsWith('\n'), 'it took the beginning of a line')
    assert.deepEqual(numbers(readFileSync(path, 'utf8')), range(number))
    assert.equal(log[1]?.message, 'audit log is written again')
    assert.equal(lost(), 0)
  })

  it('goes on in the next line when it was stopped while the disk was full', async (t) => {
    const folder = smallDisk(t)
    if (folder === undefined) return
    const path = join(folder, 'audit.log')
    writeFileSync(path, '')
    const ballast = join(folder, 'ballast')
    const before = await real(path)
    before.audit.write(login(0))
    await until(() => readFileSync(path, 'utf8') !== '', 2000)
    fill(ballast)
    for (let number = 1; number < 100; number++) before.audit.write(login(number))
    await before.audit.stop()
    assert.ok(before.lost() > 0)
    const cut = readFileSync(path, 'utf8')
    assert.ok(!cut.endsWith('\n'))
    rmSync(ballast)
    const after = await real(path)
    after.audit.write(login(1000))
    await after.audit.stop()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.equal(lines.length, cut.split('\n').length + 1)
    assert.deepEqual(numbers(`${lines.at(-1)}\n`), [1000])
  })

  it('is silent about /dev/full but for one error', async () => {
    const { audit, log, lost } = await real('/dev/full')
    for (let number = 0; number < 10; number++) audit.write(login(number))
    await until(() => log.length === 1, 2000)
    await audit.stop()
    assert.match(String(log[0]?.fields['err']), /ENOSPC/)
    assert.equal(lost(), 10)
  })
})

interface Logged {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

interface Started {
  readonly audit: AuditLog
  readonly log: readonly Logged[]
  readonly lost: () => number
}

async function real(file: string): Promise<Started> {
  return await start({ file, retryMilliseconds: 20 })
}

type Behaviour = (bytes: Uint8Array) => number | Error | Promise<number>

/** A file that behaves as it is told, and keeps what it took. */
class FakeFile implements AuditFile {
  readonly wholeBytes: number
  behaviour: Behaviour
  text = ''
  writes = 0
  isClosed = false

  constructor(behaviour: Behaviour = (bytes) => bytes.length, wholeBytes: number = 64 * 1024) {
    this.behaviour = behaviour
    this.wholeBytes = wholeBytes
  }

  async write(bytes: Uint8Array): Promise<number> {
    assert.ok(!this.isClosed)
    this.writes++
    const outcome = await this.behaviour(bytes)
    if (typeof outcome !== 'number') throw outcome
    this.text += Buffer.from(bytes.subarray(0, outcome)).toString('latin1')
    return outcome
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

interface Fake extends Started {
  readonly file: FakeFile
  /** What is opened next. */
  readonly opened: { next: FakeFile; failure?: Error }
}

interface FakeOptions extends Pick<AuditLogOptions, 'retryMilliseconds'> {
  readonly file?: string | undefined
  readonly behaviour?: Behaviour
  readonly wholeBytes?: number
}

async function faked(t: TestContext, options: FakeOptions = {}): Promise<Fake> {
  const { behaviour, wholeBytes, retryMilliseconds = 5 } = options
  const file = new FakeFile(behaviour, wholeBytes)
  const opened: Fake['opened'] = { next: file }
  const open = (): Promise<AuditFile> =>
    opened.failure === undefined ? Promise.resolve(opened.next) : Promise.reject(opened.failure)
  const path = 'file' in options ? options.file : '/audit.log'
  const started = await start({ file: path, open, retryMilliseconds })
  t.after(() => started.audit.stop(0))
  return { ...started, file, opened }
}

async function start(options: Omit<AuditLogOptions, 'log' | 'onLost'>): Promise<Started> {
  const lines: Logged[] = []
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields: { ...fields }, message })
    }
  let lost = 0
  const audit = await openAuditLog({
    ...options,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    onLost: (count) => (lost += count),
  })
  return { audit, log: lines, lost: () => lost }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: it fails`), { code })
}

function login(number: number): AuditEvent {
  return { event: 'login', outcome: 'accepted', user: 'alice', client: '192.0.2.1', request: String(number) }
}

/** The lines' numbers; fails when one of them is no whole line. */
function numbers(text: string): readonly number[] {
  if (text === '') return []
  assert.ok(text.endsWith('\n'))
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { event, request } = JSON.parse(line) as Readonly<Record<string, unknown>>
      assert.equal(event, 'login')
      return Number(request)
    })
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index)
}

async function until(isDone: () => boolean, milliseconds: number): Promise<void> {
  // Many times what it takes: the machine may be busy.
  const deadline = performance.now() + milliseconds * 10
  while (!isDone()) {
    assert.ok(performance.now() < deadline, 'too late')
    await delay(5)
  }
}

/** A disk of 64 KiB; the test is skipped where nobody may mount one. */
function smallDisk(t: TestContext): string | undefined {
  // Unmounted with what is around it.
  const folder = join(temporaryFolder(t).path, 'disk')
  mkdirSync(folder)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (status === 0) return folder
  t.skip('nobody but root may mount a file system')
  return undefined
}

/** Takes all the room that is left. */
function fill(path: string): void {
  const descriptor = openSync(path, 'w')
  const { bavail, bsize } = statfsSync(join(path, '..'))
  writeSync(descriptor, Buffer.alloc(bavail * bsize))
  closeSync(descriptor)
}
