import { readFileSync, readdirSync } from 'node:fs'

/** What processes use, from /proc. A server's processes are the one that was started and all it started in turn. */

const ticksPerSecond = 100 // USER_HZ, which is 100 on every Linux.
const pageStates = { resident: 'VmRSS', peak: 'VmHWM' } as const

/** CPU seconds, user and system, all threads, that a process and its descendants have used so far. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const one of withDescendants(pid)) {
    const fields = statFields(one)
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / ticksPerSecond
}

/** CPU seconds of this process and of the programs it has run and awaited. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  const fields = statFields(process.pid)
  return (user + system) / 1e6 + (Number(fields[13]) + Number(fields[14])) / ticksPerSecond
}

/** CPU seconds that the whole machine has used, and those a hypervisor gave to others. */
export function machineCpuSeconds(): number {
  const [, user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .slice(0, 200)
    .split(/\s+/)
    .map(Number)
  return (
    ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0)) / ticksPerSecond
  )
}

/** Resident memory in MiB: now, or the highest it ever was. */
export function residentMebibytes(pid: number, which: keyof typeof pageStates): number {
  let kibibytes = 0
  for (const one of withDescendants(pid)) {
    const status = readFileSync(`/proc/${one}/status`, 'utf8')
    kibibytes += Number(new RegExp(`^${pageStates[which]}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  }
  return kibibytes / 1024
}

/** Memory in MiB that would be free without these processes: a page that several of them have counts once. */
export function proportionalMebibytes(pid: number): number {
  let kibibytes = 0
  for (const one of withDescendants(pid)) {
    const rollup = readFileSync(`/proc/${one}/smaps_rollup`, 'utf8')
    kibibytes += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1])
  }
  return kibibytes / 1024
}

/** The fields of /proc/PID/stat from the third on, the state. The second, the name, may hold anything. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function withDescendants(pid: number): number[] {
  const found = [pid]
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    let children: string
    try {
      children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
    } catch {
      continue // The thread ended meanwhile, or the kernel does not say.
    }
    for (const child of children.split(' ')) if (child !== '') found.push(...withDescendants(Number(child)))
  }
  return found
}
