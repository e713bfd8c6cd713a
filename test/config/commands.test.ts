import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { repositoryRoot, requireRoot } from '../support/require-program.ts'
import { run, type RunResult } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

async function berth(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  return await run(process.execPath, [main, ...args], { mayFail: true, timeoutMs: 60_000, env })
}

const folder = temporaryFolder({ after: (cleanUp) => after(cleanUp) })

function file(name: string, content: string): string {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  return path
}

const plainText = 'version: 0.1\nstorage: inmemory\n'
const good = file('good.yml', `${plainText}http:\n  secret: hunter2\n`)
const doubtful = file('doubtful.yml', 'version: 0.1\nstorage: inmemory\nhtpp: {}\n')
const bad = file('bad.yml', 'version: 0.1\nstorage: inmemory\nlog:\n  level: loud\nhttp: {addr: x}\n')

void describe('berth config check', () => {
  it('says that a configuration is valid', async () => {
    assert.deepEqual(await berth(['config', 'check', good]), {
      code: 0,
      stdout: `${good}: configuration is valid\n`,
      stderr: '',
    })
  })

  it('names every mistake on its own line, and fails', async () => {
    const { code, stdout, stderr } = await berth(['config', 'check', bad], {
      REGISTRY_CATALOG_MAXENTRIES: 'x',
    })
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      `${bad}:4:10: log.level: found "loud"; allowed: error, warn, info, debug`,
      `${bad}:5:14: http.addr: found "x"; allowed: host:port, such as :5000 or 127.0.0.1:5000`,
      'REGISTRY_CATALOG_MAXENTRIES: catalog.maxentries: found "x"; allowed: a whole number',
    ])
  })

  it('warns, and fails only when it is strict', async () => {
    const warning = `warning: ${doubtful}:3:1: htpp: unknown key, ignored (did you mean http?)\n`
    assert.deepEqual(await berth(['config', 'check', doubtful]), {
      code: 0,
      stdout: `${doubtful}: configuration is valid\n`,
      stderr: warning,
    })
    assert.deepEqual(await berth(['config', 'check', '--strict', doubtful]), {
      code: 1,
      stdout: '',
      stderr: `${warning}1 warning, refused by --strict\n`,
    })
    assert.equal((await berth(['config', 'check', '--strict', good])).code, 0)
  })

  it('warns of rules that cannot be meant so, as serve does', async () => {
    const rules = [
      '{who: [group:ci], repositories: ["**"], allow: [push]}',
      '{who: [anonymous], repositories: ["**"], allow: [pull, list]}',
      '{who: [authenticated], repositories: [a], allow: [push]}',
      '{who: ["claim:a=b"], repositories: [b], allow: [push]}',
    ].map((rule) => `    - ${rule}\n`)
    const access = `auth: {htpasswd: {realm: r, path: /p}}\naccess:\n  groups: {ci: [bot]}\n  rules:\n`
    const odd = file('rules.yml', plainText + access + rules.join(''))
    const { code, stdout, stderr } = await berth(['config', 'check', odd])
    assert.deepEqual([code, stdout], [0, `${odd}: configuration is valid\n`])
    assert.deepEqual(stderr.split('\n'), [
      `warning: ${odd}:7:7: access.rules[0]: group:ci may not list x, which needs no login otherwise`,
      `warning: ${odd}:9:7: access.rules[2]: never decides, since access.rules[1] before it is about all of it`,
      `warning: ${odd}:10:7: access.rules[3]: never decides, since access.rules[1] before it is about all of it`,
      `warning: ${odd}:10:7: access.rules[3]: is about nobody: only tokens of auth.token have claims`,
      '',
    ])
    const strict = await berth(['config', 'check', '--strict', odd])
    assert.equal(strict.code, 1)
    assert.match(strict.stderr, /\n4 warnings, refused by --strict\n$/)
  })

  it('looks where serve looks', async () => {
    const byVariable = await berth(['config', 'check'], { REGISTRY_CONFIGURATION_PATH: bad })
    assert.match(byVariable.stderr, /bad\.yml:4:10/)
    const builtIn = await berth(['config', 'check', '--defaults'])
    assert.equal(builtIn.stdout, 'built-in defaults: configuration is valid\n')
    const none = await berth(['config', 'check', join(folder.path, 'none.yml')])
    assert.equal(none.code, 1)
    assert.match(none.stderr, /^configuration file: ".*none\.yml" does not exist\n$/)
  })

  it('looks at the configuration alone', async () => {
    const naming = file('naming.yml', `${plainText}http: {tls: {certificate: /nowhere/c, key: /nowhere/k}}\n`)
    assert.deepEqual(await berth(['config', 'check', naming]), {
      code: 0,
      stdout: `${naming}: configuration is valid\n`,
      stderr: '',
    })
  })

  it('says in its help what its exit codes mean, and what it does not look at', async () => {
    const { code, stdout } = await berth(['config', 'check', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /Exit code: 0 when it is valid; 1 when not/)
    assert.match(stdout, /not at the certificates, folders and addresses that it names/)
  })
})

describe('berth config print', () => {
  it('prints all that counts, and where it comes from', async () => {
    const { code, stdout, stderr } = await berth(['config', 'print', good], { REGISTRY_LOG_LEVEL: 'debug' })
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const line of [
      '  level: debug # REGISTRY_LOG_LEVEL',
      '  formatter: text # default',
      '  inmemory: {} # good.yml:2',
      '  secret: "***" # good.yml:4',
    ]) {
      assert.ok(stdout.split('\n').includes(line), `${line}\n\n${stdout}`)
    }
    assert.ok(!stdout.includes('hunter2'))
  })

  it('prints only what was set', async () => {
    const { stdout } = await berth(['config', 'print', '--set', good], { REGISTRY_LOG_LEVEL: 'debug' })
    assert.deepEqual(stdout.split('\n').slice(1), [
      'version: "0.1" # good.yml:1',
      'log:',
      '  level: debug # REGISTRY_LOG_LEVEL',
      'storage:',
      '  inmemory: {} # good.yml:2',
      'http:',
      '  secret: "***" # good.yml:4',
      '',
    ])
  })

  it('prints JSON', async () => {
    const { stdout } = await berth(['config', 'print', '--json', '--set', good])
    assert.deepEqual(JSON.parse(stdout), {
      configuration: { version: '0.1', storage: { inmemory: {} }, http: { secret: '***' } },
      sources: { version: 'good.yml:1', 'storage.inmemory': 'good.yml:2', 'http.secret': 'good.yml:4' },
    })
  })

  it('keeps what is printed apart from warnings and mistakes', async () => {
    const warned = await berth(['config', 'print', doubtful])
    assert.match(warned.stderr, /^warning: .*doubtful\.yml:3:1: htpp/)
    assert.doesNotMatch(warned.stdout, /htpp/)
    const refused = await berth(['config', 'print', bad])
    assert.equal(refused.code, 1)
    assert.equal(refused.stdout, '')
  })

  it('prints nothing but the defaults of a registry without a file', async () => {
    const { stdout } = await berth(['config', 'print', '--set', '--defaults'])
    assert.deepEqual(stdout.split('\n').slice(1), ['{} # default', ''])
  })

  it('minds no reader who has enough', () => {
    const command = `"$0" "$1" config reference | head -n 1`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, main], {
      encoding: 'utf8',
    })
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '# Configuration\n', stderr: '' })
  })
})

describe('the configuration commands', () => {
  it('work under the name registry too', async () => {
    const registry = join(folder.path, 'registry')
    symlinkSync(main, registry)
    const { stdout } = await run(process.execPath, [registry, 'config', 'check', '--help'])
    assert.match(stdout, /^Usage: registry config check/)
  })

  it('find the file of either image, that of version 3 first', async (t) => {
    if (!requireRoot(t)) return
    // In a mount namespace of its own, with an empty /etc.
    const script = `mount -t tmpfs none /etc && for folder in $2; do
      mkdir -p "/etc/$folder" && printf 'version: 0.1\\nstorage: inmemory\\n' > "/etc/$folder/config.yml" || exit 9
    done && "$0" "$1" config check`
    const check = async (folders: string): Promise<string> => {
      const args = ['-m', 'sh', '-c', script, process.execPath, main, folders]
      return (await run('unshare', args, { env: { REGISTRY_CONFIGURATION_PATH: undefined } })).stdout
    }
    const valid = 'configuration is valid\n'
    assert.equal(await check('distribution docker/registry'), `/etc/distribution/config.yml: ${valid}`)
    assert.equal(await check('docker/registry'), `/etc/docker/registry/config.yml: ${valid}`)
    assert.equal(await check(''), `built-in defaults: ${valid}`)
  })

  it('expand no ${…}, as Distribution does not', async () => {
    const dollars = file(
      'dollars.yml',
      'version: 0.1\nstorage: inmemory\nlog: {fields: {a: "${HOME}", b: $HOME}}\n',
    )
    const { stdout } = await berth(['config', 'print', '--json', dollars], {
      REGISTRY_LOG_FIELDS_C: '${HOME}',
    })
    const { configuration } = JSON.parse(stdout) as { configuration: { log: { fields: unknown } } }
    assert.deepEqual(configuration.log.fields, { a: '${HOME}', b: '$HOME', c: '${HOME}' })
  })
})
