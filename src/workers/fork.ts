import cluster, { type Worker } from 'node:cluster'
import type { Socket } from 'node:net'
import { Channel, type Port } from './channel.ts'
import type { Child, ChildEnd } from './child.ts'
import { Handover, received } from './handover.ts'
import type { PrimaryTopics, WorkerTopics } from './topics.ts'

/** Says to a process that it is a worker of ours, and not of some other program that runs us in a cluster of its own. */
const mark = 'BERTH_WORKER'

/**
 * V8's default of 16 MiB makes each process some 30 MiB larger under load, and none faster: what a request needs is gone when it is
 * answered.
 */
const smallNursery = '--max-semi-space-size=4'

/** Says how workers are started: as this program was. */
export function prepareForks(): void {
  // Whoever says otherwise comes later on the command line.
  const execArgv = [smallNursery, ...process.execArgv]
  // Maps cross as they are.
  cluster.setupPrimary({ serialization: 'advanced', execArgv })
}

/** Starts a worker. */
export function fork(number: number): Child {
  const worker = cluster.fork({ [mark]: String(number) })
  const port: Port = {
    // What fails shows by its end.
    send: (message) => void worker.send(message, () => {}),
    onMessage: (listener) => void worker.on('message', (message: unknown) => listener(message)),
    onClose: (listener) => {
      worker.once('disconnect', listener)
      worker.once('exit', listener)
    },
  }
  const channel = new Channel<PrimaryTopics, WorkerTopics>(port)
  const handover = new Handover((message, socket, failed) => {
    worker.send(message, socket, { keepOpen: true }, (error) => {
      if (error !== null) failed()
    })
  })
  port.onClose(() => handover.gone())
  channel.answer('taken', ({ connection, isTaken }) => handover.answered(connection, isTaken))
  return {
    pid: worker.process.pid,
    channel,
    give: (socket, isLocal) => handover.give(socket, isLocal),
    onEnd: (listener) => onEnd(worker, listener),
    kill: (signal) => void worker.process.kill(signal),
  }
}

/** One that could not be started ends too. */
function onEnd(worker: Worker, listener: (end: ChildEnd) => void): void {
  let isTold = false
  const tell = (end: ChildEnd): void => {
    if (!isTold) listener(end)
    isTold = true
  }
  worker.once('exit', (code: number | null, signal: string | null) =>
    tell({ ...(code !== null && { code }), ...(signal !== null && { signal }) }),
  )
  worker.on('error', (error) => {
    if (worker.process.pid === undefined) tell({ error })
  })
}

/** Whether this process is a worker. To be asked once: what it starts in turn is none. */
export function isWorker(env: NodeJS.ProcessEnv): boolean {
  const isMarked = env[mark] !== undefined && cluster.isWorker
  delete env[mark]
  return isMarked
}

/** The way to the primary, for a worker. When it is gone the worker is told, and goes on. */
export function portToPrimary(): Port {
  // Else `node:cluster` ends the process at once when the channel does, whatever is in flight.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
  return {
    send: (message) => void process.send?.(message, undefined, undefined, () => {}),
    onMessage: (listener) => void process.on('message', (message: unknown) => listener(message)),
    onClose: (listener) => void process.once('disconnect', listener),
  }
}

/**
 * Takes connections from the primary, for a worker.
 *
 * @param taker gives whoever takes them; undefined while nobody does
 * @param tell says what became of one
 */
export function takeConnections(
  taker: () => ((socket: Socket, isLocal: boolean) => void) | undefined,
  tell: (outcome: { readonly connection: number; readonly isTaken: boolean }) => void,
): void {
  process.on('message', (message: unknown, handle: unknown) => {
    const outcome = received(message, handle, taker())
    if (outcome !== undefined) tell(outcome)
  })
}
