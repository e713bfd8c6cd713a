import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { type RegistryKind } from '../support/registry-process.ts'
import { fillIn, maskPlaces, type CorpusCase, type Places, type SharedPlaces } from './corpus-case.ts'
import { prepareLogin } from './logins.ts'
import { seedStore } from './seed-store.ts'
import { startServer, type ServerProcess, type ServerEnd } from './server-process.ts'
import { targetOf, type Target } from './target.ts'

/** A registry that serves a case, or that would not. */
export type Launched = Running | Refused

export interface Running {
  readonly outcome: 'starts'
  readonly target: Target
  /** Ends it, and gives what it wrote, with places as they stand in the case. */
  readonly stop: () => Promise<ServerEnd>
}

export interface Refused {
  readonly outcome: 'refuses'
  /** undefined when it neither became ready nor ended. */
  readonly code: number | undefined
  /** What it wrote, with places as they stand in the case. */
  readonly message: string
}

export interface LaunchOptions {
  /** An existing folder of its own. */
  readonly folder: string
  /** Made for all cases. */
  readonly shared: SharedPlaces
}

/** For a start, or a refusal; Node takes its time when eight others want the processor. */
const startWithin = 30_000

const stopWithin = 20_000

/** Starts a registry on a case, in a folder and on ports of its own. */
export async function launch(
  kind: RegistryKind,
  subject: CorpusCase,
  options: LaunchOptions,
): Promise<Launched> {
  for (let attempt = 1; ; attempt++) {
    const launched = await launchOnce(kind, subject, options)
    // Somebody else may have taken a port that was free.
    const isTaken =
      launched.outcome === 'refuses' && /address (?:is )?(?:already )?in use/.test(launched.message)
    if (!isTaken || attempt === 3) return launched
  }
}

async function launchOnce(
  kind: RegistryKind,
  subject: CorpusCase,
  { folder, shared: { buckets, ...shared } }: LaunchOptions,
): Promise<Launched> {
  const root = join(folder, 'registry')
  const places: Places = {
    ...shared,
    PORT: String(await freePort()),
    DEBUG: String(await freePort()),
    ROOT: root,
    FOLDER: folder,
    BUCKET: `${subject.name}-${kind}`,
  }
  mkdirSync(root, { recursive: true })
  seedStore(root)
  if (usesBucket(subject)) seedStore(join(buckets, places.BUCKET))
  const file = join(folder, 'config.yml')
  const config = fillIn(subject.config, places)
  writeFileSync(file, config)
  const authorization = subject.login && (await prepareLogin(subject.login, config, places))

  const env = Object.entries(subject.env).map(([name, value]) => [name, fillIn(value, places)])
  const server = startServer(kind, { configFile: file, folder, env: Object.fromEntries(env) })
  const target = targetOf(subject, places, authorization)
  if (!(await becomesReady(server, target, subject))) {
    if (!server.hasEnded()) server.signal('SIGKILL')
    const { code, stderr } = await server.ended
    return { outcome: 'refuses', code, message: maskPlaces(stderr, places) }
  }
  return {
    outcome: 'starts',
    target,
    stop: async () => {
      const { code, stdout, stderr } = await stop(server)
      return { code, stdout: maskPlaces(stdout, places), stderr: maskPlaces(stderr, places) }
    },
  }
}

function usesBucket({ config, env }: CorpusCase): boolean {
  return [config, ...Object.values(env)].some((text) => text.includes('@BUCKET@'))
}

/** Whether it is ready in time; not when it ends before. */
async function becomesReady(server: ServerProcess, target: Target, subject: CorpusCase): Promise<boolean> {
  const deadline = Date.now() + startWithin
  while (!server.hasEnded() && Date.now() < deadline) {
    if (await isReady(target, subject)) return true
    await delay(20)
  }
  return false
}

async function stop(server: ServerProcess): Promise<ServerEnd> {
  if (server.hasEnded()) throw new Error(`ended by itself\n${(await server.ended).stderr}`)
  server.signal('SIGTERM')
  const timer = setTimeout(() => server.signal('SIGKILL'), stopWithin)
  const end = await server.ended
  clearTimeout(timer)
  return end
}

async function isReady(target: Target, subject: CorpusCase): Promise<boolean> {
  try {
    if (subject.over === 'connection') return await canConnect(target.port)
    const { status } = await http('GET', `${target.origin}/`, { agent: target.agent, silenceMs: 5000 })
    return (status === 503) === subject.isUnhealthy
  } catch {
    return false
  }
}

async function canConnect(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
