import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { atExit } from '../support/at-exit.ts'
import { programPath } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** What systemd does for a service of `Type=notify`: it listens, by Perl, for Node has no such sockets. */
export interface ServiceManager {
  /** The value for NOTIFY_SOCKET. */
  readonly socket: string
  /** The messages so far; of each its lines, without that of the process, joined by spaces. */
  messages(): readonly string[]
  /** The processes that the messages are about. */
  pids(): readonly number[]
  /** Waits for a message, and gives how many there were before it. */
  until(wanted: RegExp, from?: number): Promise<number>
}

/** Prints a line for each datagram. Descriptors that come along are closed, as systemd does. */
const receiver = `
  use IO::Socket::UNIX;
  $| = 1;
  my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
  while (defined $socket->recv(my $message, 65536)) {
    $message =~ s/\\n/ /g;
    print "$message\\n";
  }`

export async function serviceManager(test: TestContext): Promise<ServiceManager> {
  const socket = join(temporaryFolder(test).path, 'notify')
  const perl = spawn(programPath('perl'), ['-e', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  perl.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const forget = atExit(() => perl.kill('SIGKILL'))
  test.after(async () => {
    forget()
    perl.kill('SIGKILL')
    if (perl.exitCode === null && perl.signalCode === null) await once(perl, 'exit')
  })
  await poll(
    () => existsSync(socket),
    () => 'nobody listens',
  )

  // The program follows each message with one of its own, by which it waits for systemd.
  const lines = (): readonly string[] => text.split('\n').filter((line) => /^MAINPID=\d+ /.test(line))
  const messages = (): readonly string[] => lines().map((line) => line.replace(/^MAINPID=\d+ /, '').trim())
  return {
    socket,
    messages,
    pids: () => lines().map((line) => Number.parseInt(line.slice('MAINPID='.length), 10)),
    async until(wanted, from = 0): Promise<number> {
      const find = (): number =>
        messages().findIndex((message, index) => index >= from && wanted.test(message))
      await poll(
        () => find() >= 0,
        () => `no ${String(wanted)} in ${JSON.stringify(messages())}`,
      )
      return find()
    },
  }
}

async function poll(condition: () => boolean, failure: () => string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, failure())
    await delay(20)
  }
}
