import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { openAuditFile } from './audit-file.ts'

const module = new URL('audit-file.js', import.meta.url).href

describe('the file of the audit log', () => {
  it('is made for its owner alone, and appended to', async (t) => {
    const path = join(temporaryFolder(t).path, 'audit.log')
    for (const line of ['one\n', 'two\n']) {
      const file = await openAuditFile(path)
      assert.equal(await file.write(Buffer.from(line)), line.length)
      await file.close()
    }
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  })

  it('keeps the mode that somebody gave it', async (t) => {
    const path = join(temporaryFolder(t).path, 'audit.log')
    writeFileSync(path, '')
    chmodSync(path, 0o640)
    await (await openAuditFile(path)).close()
    assert.equal(statSync(path).mode & 0o777, 0o640)
  })

  it('may be truncated by a rotation, and goes on at its new end', async (t) => {
    const path = join(temporaryFolder(t).path, 'audit.log')
    const file = await openAuditFile(path)
    await file.write(Buffer.from('one\n'))
    writeFileSync(path, '')
    await file.write(Buffer.from('two\n'))
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), 'two\n')
  })

  it('begins a new line where somebody was cut off', async (t) => {
    const path = join(temporaryFolder(t).path, 'audit.log')
    writeFileSync(path, 'one\n{"half')
    const file = await openAuditFile(path)
    await file.write(Buffer.from('two\n'))
    await file.write(Buffer.from('three\n'))
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), 'one\n{"half\ntwo\nthree\n')
  })

  it('is refused in one line when it cannot be opened', async (t) => {
    const folder = temporaryFolder(t).path
    execFileSync('mkfifo', [join(folder, 'fifo')])
    mkdirSync(join(folder, 'folder'))
    writeFileSync(join(folder, 'file'), '')
    const refused = async (name: string, reason: string): Promise<void> => {
      const path = join(folder, name)
      await assert.rejects(openAuditFile(path), { message: `audit.file: ${path}: ${reason}` })
    }
    await refused('folder', 'it is a folder, not a file')
    await refused('absent/audit.log', 'no such folder')
    await refused('file/audit.log', 'a part of its path is not a folder')
    await refused('fifo', 'nobody reads this pipe')
  })

  it('may be a pipe, which is not waited for when it is full', async (t) => {
    const path = join(temporaryFolder(t).path, 'fifo')
    execFileSync('mkfifo', [path])
    const holder = spawn('sh', ['-c', 'exec sleep 60 < "$0"', path])
    t.after(() => holder.kill())
    const file = await untilOpened(path)
    assert.equal(file.wholeBytes, 4096, 'what Linux writes to a pipe in one piece')
    const lines = Buffer.alloc(file.wholeBytes, 'x')
    await assert.rejects(
      async () => {
        for (;;) await file.write(lines)
      },
      { code: 'EAGAIN' },
    )
    await file.close()
  })

  it('may be standard output: a file that others write to as well', async (t) => {
    const path = join(temporaryFolder(t).path, 'out')
    const script = `
      const { openAuditFile } = await import(${JSON.stringify(module)})
      const { writeSync } = await import('node:fs')
      const file = await openAuditFile('/dev/stdout')
      for (let line = 0; line < 3; line++) {
        writeSync(1, 'a line of the access log\\n')
        await file.write(Buffer.from('a line of the audit\\n'))
      }
      await file.close()
      writeSync(1, 'still open\\n')`
    const write = 'exec "$0" --input-type=module -e "$1" > "$2"'
    await promisify(execFile)('sh', ['-c', write, process.execPath, script, path])
    const expected = `${'a line of the access log\na line of the audit\n'.repeat(3)}still open\n`
    assert.equal(readFileSync(path, 'utf8'), expected)
  })

  it('may be standard output: a pipe, and a socket', async () => {
    const script = `
      const { openAuditFile } = await import(${JSON.stringify(module)})
      const file = await openAuditFile('/dev/stdout')
      await file.write(Buffer.from('a line\\n'))
      await file.close()`
    // Node gives its children sockets.
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    assert.deepEqual([code, text], [0, 'a line\n'])
    const piped = '"$0" --input-type=module -e "$1" | cat'
    const { stdout } = await promisify(execFile)('sh', ['-c', piped, process.execPath, script])
    assert.equal(stdout, 'a line\n')
  })
})

/** A pipe opens once there is a reader. */
async function untilOpened(path: string): ReturnType<typeof openAuditFile> {
  for (let tries = 0; ; tries++) {
    try {
      return await openAuditFile(path)
    } catch (error) {
      if (tries > 500) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
