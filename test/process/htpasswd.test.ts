import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { programPath, repositoryRoot, requireProgram, requireRoot } from '../support/require-program.ts'
import { run, type RunOptions, type RunResult } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
const folder = temporaryFolder({ after: (cleanUp) => after(cleanUp) })
const node = process.execPath

async function htpasswd(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return await run(node, [main, 'htpasswd', ...args], { mayFail: true, cwd: folder.path, ...options })
}

async function verifies(file: string, user: string, password: string): Promise<boolean> {
  return (await htpasswd(['-vb', file, user, password])).code === 0
}

/** A folder of its own for a test. */
function place(name: string): string {
  const path = join(folder.path, name)
  mkdirSync(path)
  return path
}

const line = /^user:\$2y\$04\$[./A-Za-z0-9]{53}\n\n$/

describe('htpasswd', () => {
  it('is called by its name, as an entry point', async () => {
    const link = join(folder.path, 'htpasswd')
    symlinkSync(main, link)
    const { code, stdout, stderr } = await run(node, [link, '-BbnC4', 'user', 'password'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, line)
  })

  it('is a command of berth, whose own options do not meddle with its', async () => {
    assert.match((await htpasswd(['-BbnC4', 'user', 'password'])).stdout, line)
    writeFileSync(join(folder.path, 'v'), 'user:x\n')
    const { code, stderr } = await htpasswd(['-v', 'v', 'nobody'], { input: 'p\n' })
    assert.deepEqual([code, stderr], [6, 'Enter password: \nhtpasswd: User nobody not found\n'])
    assert.match((await run(node, [main, '--help'])).stdout, /^ {2}htpasswd /m)
    assert.match((await run(node, [main, 'help', 'htpasswd'])).stdout, /htpasswd --help/)
  })

  it('takes all that many add at once', async () => {
    const file = join(folder.path, 'many')
    writeFileSync(file, '')
    const users = Array.from({ length: 8 }, (_, index) => `user${index}`)
    const results = await Promise.all(users.map((user) => htpasswd(['-bC4', file, user, `of ${user}`])))
    assert.deepEqual(
      results.map(({ code }) => code),
      users.map(() => 0),
    )
    const content = readFileSync(file, 'utf8').trimEnd().split('\n')
    assert.deepEqual(new Set(content.map((entry) => entry.split(':')[0])), new Set(users))
    assert.equal(content.length, users.length)
  })

  it('writes a copy first, and never leaves less than a whole file to whoever reads meanwhile', async (test) => {
    if (!requireProgram(test, 'strace')) return
    const path = place('traced')
    const content = `${'a:x\n'.repeat(50)}user:x\n`
    writeFileSync(join(path, 'f'), content)
    const calls = 'openat,pwrite64,ftruncate,fsync,unlink'
    await run(
      'strace',
      ['-f', '-o', 'trace', '-e', `trace=${calls}`, node, main, 'htpasswd', '-D', 'f', 'a'],
      {
        cwd: path,
      },
    )
    assert.equal(readFileSync(join(path, 'f'), 'utf8'), 'user:x\n')
    // From the taking of the lock on, without process ids; file descriptors are called by their files.
    const lines = readFileSync(join(path, 'trace'), 'utf8').split('\n')
    const begin = lines.findIndex((text) => text.includes('f.lock"') && text.includes('O_EXCL'))
    const names = new Map<string, string>()
    const seen = lines.slice(begin).flatMap((text) => {
      const opened = /openat\(.*\/(f(?:\.lock)?)", .* = (\d+)$/.exec(text)
      if (opened !== null) names.set(opened[2] ?? '', opened[1] ?? '')
      const [, name, fd = '', rest = ''] = /(pwrite64|ftruncate|fsync)\((\d+)(.*)$/.exec(text) ?? []
      if (name !== undefined) return [`${name} ${names.get(fd)} ${/ = (\d+)$/.exec(rest)?.[1]}`]
      return /unlink\(.*f\.lock"/.test(text) ? ['unlink f.lock'] : []
    })
    assert.deepEqual(seen, [
      'pwrite64 f.lock 7',
      'fsync f.lock 0',
      `pwrite64 f ${content.length}`,
      'ftruncate f 0',
      'fsync f 0',
      'unlink f.lock',
    ])
  })

  it('says so when nobody takes the line', async () => {
    // What is written to it fails for want of room.
    const script = `'${node}' '${main}' htpasswd -bnC4 u p > /dev/full`
    const { code, stderr } = await run('sh', ['-c', script], { mayFail: true })
    assert.deepEqual([code, stderr], [1, 'htpasswd: no space left on the device\n'])
  })

  it('ends with 4 when it is interrupted', async () => {
    const child = spawn(node, [main, 'htpasswd', '-n', 'user'], { stdio: 'pipe', detached: true })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said === 'New password: ') child.kill('SIGINT')
    })
    const [code] = (await once(child, 'close')) as [number | null]
    assert.deepEqual([code, said], [4, 'New password: \nhtpasswd: Interrupted.\n'])
  })
})

/** Types answers, each when its question is seen on a terminal, and gives what was seen there. */
async function converse(
  args: string,
  answers: readonly (readonly [string, string])[],
): Promise<{ readonly code: number | null; readonly seen: string }> {
  const command = `'${node}' '${main}' htpasswd ${args}`
  const child = spawn(programPath('script'), ['-qec', command, '/dev/null'], {
    cwd: folder.path,
    stdio: 'pipe',
  })
  const timer = setTimeout(() => child.kill(), 60_000)
  let seen = ''
  let from = 0
  const left = [...answers]
  child.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString()
    const [question, answer] = left[0] ?? []
    if (question === undefined || answer === undefined) return
    const at = seen.indexOf(question, from)
    if (at < 0) return
    from = at + question.length
    left.shift()
    child.stdin.write(answer)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return { code, seen: seen.replaceAll('\r', '') }
}

const first = 'New password: '
const again = 'Re-type new password: '

describe('htpasswd on a terminal', () => {
  it('asks twice, and shows nothing of what is typed', async (test) => {
    if (!requireProgram(test, 'script')) return
    const { code, seen } = await converse('-cC4 typed user', [
      [first, 'sécret\r'],
      [again, 'sécret\r'],
    ])
    assert.deepEqual([code, seen], [0, `${first}\n${again}\nAdding password for user user\n`])
    assert.ok(await verifies('typed', 'user', 'sécret'))
  })

  it('asks there even when its output goes elsewhere', async (test) => {
    if (!requireProgram(test, 'script')) return
    const { code, seen } = await converse('-nC4 user </dev/null >printed 2>/dev/null', [
      [first, 'secret\r'],
      [again, 'secret\r'],
    ])
    assert.deepEqual([code, seen], [0, `${first}\n${again}\n`])
    assert.ok(await verifies('printed', 'user', 'secret'))
  })

  it('takes back what the keys for it take back', async (test) => {
    if (!requireProgram(test, 'script')) return
    const { code } = await converse('-cC4 edited user', [
      [first, 'wrong\u0015sécretü\u007f\u007f\u007fet\r'],
      [again, 'sécret\n'],
    ])
    assert.equal(code, 0)
    assert.ok(await verifies('edited', 'user', 'sécret'))
  })

  it('refuses what is not typed alike', async (test) => {
    if (!requireProgram(test, 'script')) return
    const { code, seen } = await converse('-nC4 user', [
      [first, 'one\r'],
      [again, 'two\r'],
    ])
    assert.deepEqual([code, seen], [3, `${first}\n${again}\nhtpasswd: password verification error\n`])
  })

  it('ends at Ctrl-C, and the terminal shows again what is typed', async (test) => {
    if (!requireProgram(test, 'script')) return
    const { code, seen } = await converse('-nC4 user; code=$?; stty -a | grep -ow "[-]*echo"; exit $code', [
      [first, 'one\u0003'],
    ])
    assert.deepEqual([code, seen], [4, `${first}\nhtpasswd: Interrupted.\necho\n`])
  })
})

describe('a password file that is mounted', () => {
  /** Runs a script where its mounts end with it. */
  async function mounted(
    test: { skip(reason?: string): void },
    script: string,
  ): Promise<RunResult | undefined> {
    if (!requireRoot(test) || !requireProgram(test, 'unshare', 'mount')) return undefined
    const htpasswdCommand = `'${node}' '${main}' htpasswd`
    return await run('unshare', ['-m', 'sh', '-ec', script.replaceAll('HTPASSWD', htpasswdCommand)], {
      cwd: place(`mounted-${count++}`),
      mayFail: true,
    })
  }
  let count = 0

  it('by itself is changed where it is, also in a folder that is read-only', async (test) => {
    const result = await mounted(
      test,
      `
      printf 'a:x\\nb:y\\n' >file
      mkdir folder && mount -t tmpfs tmpfs folder && touch folder/mounted
      mount --bind file folder/mounted
      HTPASSWD -bC4 folder/mounted user password
      mount -o remount,ro folder
      HTPASSWD -D folder/mounted a
      HTPASSWD -vb file user password
      cat file
      ls folder`,
    )
    if (result === undefined) return
    assert.equal(result.code, 0, result.stderr)
    assert.match(result.stdout, /^b:y\nuser:\$2y\$04\$\S{53}\nmounted\n$/)
  })

  it('elsewhere is changed there, too', async (test) => {
    const result = await mounted(
      test,
      `
      printf 'a:x\\nb:y\\n' >file
      touch elsewhere && mount --bind file elsewhere
      HTPASSWD -D file a
      cat elsewhere`,
    )
    if (result === undefined) return
    assert.deepEqual([result.code, result.stdout], [0, 'b:y\n'])
  })

  // Of pages of 4096 bytes: too few for the copy, or for the file that grows by one beside it.
  for (const size of ['8k', '12k']) {
    it(`on a full disk of ${size} stays what it was`, async (test) => {
      const result = await mounted(
        test,
        `
        mkdir full && mount -t tmpfs -o size=${size} tmpfs full
        printf 'user:x\\na:%4050s\\n' x >full/file && cp full/file before
        code=0; HTPASSWD -bC4 full/file user password || code=$?
        cmp full/file before && ls full
        exit $code`,
      )
      if (result === undefined) return
      assert.deepEqual([result.code, result.stdout], [1, 'file\n'])
      assert.equal(result.stderr, 'htpasswd: cannot modify file full/file: no space left on the device\n')
    })
  }
})

/** The tool, as a user who owns nothing. */
async function nobody(...args: readonly string[]): Promise<RunResult> {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups']
  return await run('setpriv', [...user, node, main, 'htpasswd', ...args], { mayFail: true })
}

describe('a password file of somebody else', () => {
  it('is read, and not changed', async (test) => {
    if (!requireRoot(test) || !requireProgram(test, 'setpriv')) return
    const path = place('others')
    chmodSync(folder.path, 0o755)
    const file = join(path, 'file')
    await htpasswd(['-cbC4', file, 'user', 'password'])
    chmodSync(file, 0o644)
    const before = readFileSync(file, 'utf8')
    assert.equal((await nobody('-vb', file, 'user', 'password')).code, 0)
    const denied = 'permission denied for the user of this process (uid 65534)'
    const set = await nobody('-bC4', file, 'user', 'another')
    assert.deepEqual(
      [set.code, set.stderr],
      [1, `htpasswd: cannot open file ${file} for read/write access: ${denied}\n`],
    )
    const created = await nobody('-cbC4', join(path, 'new'), 'user', 'another')
    assert.deepEqual(
      [created.code, created.stderr],
      [1, `htpasswd: cannot create file ${join(path, 'new')}: ${denied}\n`],
    )
    assert.equal(readFileSync(file, 'utf8'), before)
  })

  it('keeps its owner and mode when root changes it', async (test) => {
    if (!requireRoot(test) || !requireProgram(test, 'chown')) return
    const file = join(place('owned'), 'file')
    await htpasswd(['-cbC4', file, 'user', 'password'])
    await run('chown', ['65534:65533', file])
    chmodSync(file, 0o640)
    assert.equal((await htpasswd(['-bC4', file, 'user', 'another'])).code, 0)
    const { uid, gid, mode } = statSync(file)
    assert.deepEqual([uid, gid, mode & 0o777], [65534, 65533, 0o640])
  })
})
