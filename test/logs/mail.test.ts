import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createMailHook, type MailHook } from '../../src/mail/mail-hook.ts'
import type { Mail } from '../../src/mail/mailer.ts'
import { createLogger, type Logger } from '../../src/util/logger.ts'
import { startProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { repositoryRoot, requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'
import { smtpServer } from './smtp-server.ts'

interface Smtp {
  readonly addr: string
  readonly username?: string
  readonly password?: string
  readonly insecure: boolean
}

/** A log whose errors are mailed. */
function mailing(smtp: Smtp): { readonly log: Logger; readonly hook: MailHook; readonly lines: string[] } {
  const lines: string[] = []
  const log = createLogger(
    { level: 'info', formatter: 'json', fields: { service: 'registry' } },
    { write: (text) => lines.push(...text.trimEnd().split('\n')) },
  )
  const to = ['operator@example.com', 'other@example.com']
  const hook = createMailHook(
    { levels: ['panic', 'error', 'Warn'], options: { smtp, from: 'registry@example.com', to } },
    log,
  )
  log.setHooks([hook])
  return { log, hook, lines }
}

describe('lines of the log are mailed', () => {
  it('in the form of Distribution', async (t) => {
    const server = await smtpServer(t)
    const { log, hook } = mailing({ addr: `127.0.0.1:${server.port}`, insecure: false })
    log.info({}, 'not this one')
    log.error({ 'http.request.uri': '/v2/größe\n', status: 500, token: 'hunter2' }, 'request failed')
    log.fatal({}, 'the end')
    await hook.stop()
    const [mail, last] = server.mails
    assert.equal(server.mails.length, 2)
    assert.equal(mail?.from, 'registry@example.com')
    assert.deepEqual(mail.to, ['operator@example.com', 'other@example.com'])
    assert.equal(mail.headers.get('from'), 'registry@example.com')
    assert.equal(mail.headers.get('to'), 'operator@example.com, other@example.com')
    assert.equal(mail.headers.get('subject'), '[error] 127.0.0.1: request failed')
    assert.match(mail.headers.get('content-type') ?? '', /^text\/plain; charset=utf-8/)
    assert.match(
      mail.text,
      /^request failed\n\nhttp\.request\.uri: \/v2\/gr=C3=B6=C3=9Fe\n\nservice: registry\nstatus: 500\n/,
    )
    assert.doesNotMatch(mail.text, /hunter2/)
    assert.equal(last?.headers.get('subject'), '[fatal] 127.0.0.1: the end')
    assert.deepEqual([mail.isSecure, mail.login], [false, undefined])
  })

  it('over TLS when the server offers it, with a password, to one that is not checked', async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const server = await smtpServer(t, { tls: await certificate(temporaryFolder(t).path) })
    const { log, hook, lines } = mailing({
      addr: `127.0.0.1:${server.port}`,
      username: 'me',
      password: 'pass word',
      insecure: true,
    })
    log.error({}, 'x')
    await hook.stop()
    assert.deepEqual(
      server.mails.map(({ isSecure, login }) => [isSecure, login]),
      [[true, 'me:pass word']],
    )
    assert.equal(lines.length, 1)
  })

  it('but not to a server whose certificate is not trusted', async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const server = await smtpServer(t, { tls: await certificate(temporaryFolder(t).path) })
    const addr = `127.0.0.1:${server.port}`
    const { log, hook, lines } = mailing({ addr, username: 'me', password: 'hunter2', insecure: false })
    log.error({}, 'x')
    await hook.stop()
    assert.deepEqual(server.mails, [])
    assert.ok(server.commands.every((command) => !command.startsWith('AUTH')))
    assert.match(lines[1] ?? '', /"level":"warning".*"msg":"log\.hooks: mail not sent"/)
    assert.doesNotMatch(lines.join(''), /hunter2/)
  })

  it('and no password is sent without TLS to another machine', async (t) => {
    const server = await smtpServer(t)
    // Leads to this machine, but looks like another.
    const addr = `0.0.0.0:${server.port}`
    const { log, hook } = mailing({ addr, username: 'me', password: 'hunter2', insecure: true })
    log.error({}, 'x')
    await hook.stop()
    assert.ok(server.commands.length > 0)
    assert.ok(server.commands.every((command) => !command.startsWith('AUTH')))
    assert.deepEqual(server.mails, [])
  })

  it('after a failure too, of which the log tells once', async (t) => {
    const server = await smtpServer(t)
    const { log, hook, lines } = mailing({ addr: `127.0.0.1:${server.port}`, insecure: false })
    const failures = (): number => lines.filter((line) => line.includes('mail not sent')).length
    server.verdict = '451 try again later'
    log.error({}, 'one')
    log.error({}, 'two')
    await hook.stop()
    assert.equal(failures(), 1)
    server.verdict = '250 taken'
    log.error({}, 'three')
    await hook.stop()
    assert.deepEqual(
      server.mails.map(({ headers }) => headers.get('subject')),
      ['[error] 127.0.0.1: three'],
    )
    server.verdict = '451 try again later'
    log.error({}, 'four')
    await hook.stop()
    assert.equal(failures(), 2)
  })

  it('by the process, to a server that it trusts', async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const folder = temporaryFolder(t).path
    const server = await smtpServer(t, { tls: await certificate(folder) })
    const port = await freePort()
    const file = join(folder, 'config.yml')
    writeFileSync(
      file,
      JSON.stringify({
        version: 0.1,
        log: {
          hooks: [
            {
              type: 'mail',
              levels: ['error'],
              options: {
                smtp: { addr: `localhost:${server.port}`, username: 'me', password: 'secret' },
                from: 'registry@example.com',
                to: ['operator@example.com'],
              },
            },
          ],
        },
        storage: { inmemory: {} },
        http: { addr: `127.0.0.1:${port}` },
      }),
    )
    const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
    const registry = await startProcess(process.execPath, [main, 'serve', file], {
      env: { NODE_EXTRA_CA_CERTS: join(folder, 'mail.crt') },
      isReady: async () => (await http('GET', `http://127.0.0.1:${port}/v2/`)).status === 200,
    })
    t.after(() => (registry.running ? registry.kill() : undefined))
    writeFileSync(file, 'nonsense')
    process.kill(registry.pid, 'SIGHUP')
    await server.until(1)
    const [mail] = server.mails
    assert.match(mail?.headers.get('subject') ?? '', /^\[error\] localhost: configuration not reloaded/)
    assert.deepEqual([mail?.isSecure, mail?.login], [true, 'me:secret'])
    await registry.stop()
  })
})

describe('a hook that cannot mail', () => {
  it('is warned of when the process starts, and does nothing', async () => {
    const lines: string[] = []
    const log = createLogger({ level: 'info', formatter: 'json' }, { write: (line) => lines.push(line) })
    const sent: Mail[] = []
    const send = async (mail: Mail): Promise<void> => void sent.push(mail)
    for (const options of [
      { smtp: { insecure: false }, from: 'a@example.com', to: ['b@example.com'] },
      { smtp: { addr: 'a:b:c', insecure: false }, from: 'a@example.com', to: ['b@example.com'] },
      { smtp: { addr: 'a:25', insecure: false }, from: '', to: ['b@example.com'] },
      { smtp: { addr: 'a:25', insecure: false }, from: 'a@example.com', to: [] },
    ]) {
      const hook = createMailHook({ levels: ['error'], options }, log, { send })
      log.setHooks([hook])
      log.error({}, 'x')
      hook.fire('error', 'x', {})
      await hook.stop()
    }
    assert.deepEqual(sent, [])
    assert.equal(lines.filter((line) => line.includes('nothing is mailed')).length, 4)
  })
})

async function certificate(folder: string): Promise<{ readonly key: string; readonly cert: string }> {
  const issued = await makeCertificate(folder, { name: 'mail' })
  return { key: readFileSync(issued.key, 'utf8'), cert: readFileSync(issued.certificate, 'utf8') }
}
