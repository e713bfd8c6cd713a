import type { Figure } from './load.ts'
import { cpuSeconds, machineCpuSeconds, ownCpuSeconds } from './process-usage.ts'

interface Done {
  /** In the load's unit, given how long it took. */
  value(seconds: number): number
  readonly work: number
  /** Of load programs that run on, and which this process cannot count yet. */
  readonly clientCpuSeconds?: number
  readonly extras?: Readonly<Record<string, number>>
}

/** Runs the timed part of a load, and nothing but that: what it needs is prepared before. */
export async function measure(pid: number, action: () => Promise<Done>): Promise<Figure> {
  const server = cpuSeconds(pid)
  const client = ownCpuSeconds()
  const machine = machineCpuSeconds()
  const start = performance.now()
  const done = await action()
  const seconds = (performance.now() - start) / 1000
  const serverCpuSeconds = cpuSeconds(pid) - server
  const clientCpuSeconds = ownCpuSeconds() - client + (done.clientCpuSeconds ?? 0)
  return {
    value: done.value(seconds),
    work: done.work,
    serverCpuSeconds,
    clientCpuSeconds,
    otherCpuSeconds: Math.max(0, machineCpuSeconds() - machine - serverCpuSeconds - clientCpuSeconds),
    seconds,
    ...(done.extras && { extras: done.extras }),
  }
}
