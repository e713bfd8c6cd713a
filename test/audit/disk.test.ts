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
import { temporaryFolder } from '../support/temporary-folder.ts'
import { login, numbers, range, startAuditLog, until, type Started } from './audit-lines.ts'

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

async function real(file: string): Promise<Started> {
  return await startAuditLog({ file, retryMilliseconds: 20 })
}

/** A disk of 64 KiB; the test is skipped where nobody may mount one, but for continuous integration, where it fails. */
function smallDisk(t: TestContext): string | undefined {
  // Unmounted with what is around it.
  const folder = join(temporaryFolder(t).path, 'disk')
  mkdirSync(folder)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (status === 0) return folder
  const reason = 'nobody but root may mount a file system'
  if (process.env['CI']) throw new Error(reason)
  t.skip(reason)
  return undefined
}

/** Takes all the room that is left. */
function fill(path: string): void {
  const descriptor = openSync(path, 'w')
  const { bavail, bsize } = statfsSync(join(path, '..'))
  writeSync(descriptor, Buffer.alloc(bavail * bsize))
  closeSync(descriptor)
}
