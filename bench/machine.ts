import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { outputOf } from './contenders.ts'
import { goProgram } from './go-client.ts'

/** What the figures were measured on and with. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGibibytes: number
  readonly kernel: string
  readonly system: string
  readonly wrk: string
  /** Absent where there is none: then nothing of TLS is measured. */
  readonly go?: string
  /** The Node that runs the load programs. */
  readonly clientNode: string
  /** Load averages before the first load. */
  readonly busyBefore: string
}

export function describeMachine(): Machine {
  const go = /go(\d[\d.]*)/.exec(outputOf(goProgram(), ['version']))?.[1]
  return {
    processor: processor(),
    cores: availableParallelism(),
    memoryGibibytes: Math.round(totalmem() / 1024 ** 3),
    kernel: `Linux ${release()}`,
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    wrk: /^wrk (?:debian\/)?(\S+)/m.exec(outputOf('wrk', ['-v']))?.[1] ?? 'unknown',
    ...(go !== undefined && { go }),
    clientNode: process.version.slice(1),
    busyBefore: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 2).join(', '),
  }
}

function processor(): string {
  const info = readFileSync('/proc/cpuinfo', 'utf8')
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  const features = ['sha_ni', 'avx512f'].filter((flag) => new RegExp(`^flags.*\\b${flag}\\b`, 'm').test(info))
  return features.length === 0 ? model : `${model} (${features.join(', ')})`
}
