import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as tick, setTimeout as delay } from 'node:timers/promises'
import { login, numbers, range, startAuditLog, until, type Started } from '../../test/audit/audit-lines.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import type { AuditFile } from './audit-file.ts'
import { openAuditLog, type AuditLogOptions } from './audit-log.ts'

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

  it('leaves no line to lie that comes just as a write ends', async (t) => {
    const { audit, file } = await faked(t)
    for (let depth = 0; depth < 30; depth++) {
      const before = numbers(file.text).length
      file.behaviour = (bytes) => {
        file.behaviour = (more) => more.length
        void afterTicks(depth).then(() => audit.write(login(before + 1)))
        return bytes.length
      }
      audit.write(login(before))
      await until(() => numbers(file.text).length === before + 2, 1000)
    }
    assert.deepEqual(numbers(file.text), range(60))
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
    const next = new FakeFile()
    opened.next = next
    await audit.reopen()
    // At once, and not when the old one would have been tried again.
    await until(() => next.text !== '', 1000)
    await audit.stop()
    assert.ok(old.isClosed)
    const whole = old.text.slice(0, old.text.lastIndexOf('\n') + 1)
    assert.ok(whole.length > 0 && whole.length < old.text.length)
    assert.deepEqual([...numbers(whole), ...numbers(next.text)], range(10))
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
  const started = await startAuditLog({ file: path, open, retryMilliseconds })
  t.after(() => started.audit.stop(0))
  return { ...started, file, opened }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: it fails`), { code })
}

async function afterTicks(count: number): Promise<void> {
  for (let ticks = 0; ticks < count; ticks++) await Promise.resolve()
}
