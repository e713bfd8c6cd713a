import type { RunningRegistry } from '../test/support/registry-process.ts'
import type { Asks } from './auth-files.ts'
import type { Contender, ContenderId, Serving } from './contenders.ts'
import {
  storeFolder,
  type Figure,
  type Load,
  type ProcessLoad,
  type ServedLoad,
  type Surroundings,
} from './load.ts'
import type { Medium, Place } from './media.ts'
import type { Sample } from './results.ts'

export interface Plan {
  readonly rounds: number
  readonly media: readonly Medium[]
  readonly contenders: readonly Contender[]
  readonly loads: readonly Load[]
  readonly surroundings: Omit<Surroundings, 'contender' | 'medium'>
  record(sample: Sample): void
  afterRound(round: number): void
  progress(line: string): void
}

/** How servers are started: those that serve alike serve all loads of that kind. */
type Way = 'plain' | 'tls' | Asks

const ways: readonly Way[] = ['plain', 'htpasswd', 'token', 'tls']

/** The longest that one run of a load may take. */
const limitMs = 180_000

/** In each round, for each load, the servers take turns: whatever changes on the machine meanwhile, changes for all. */
export async function runRounds(plan: Plan): Promise<void> {
  const rounds = new Rounds(plan)
  for (let round = 1; round <= plan.rounds; round++) {
    for (const medium of plan.media) {
      for (const store of ['content', 'catalog', 'own'] as const) {
        for (const way of ways) {
          const loads = plan.loads.filter(
            (load): load is ServedLoad =>
              load.store !== 'empty' && storeOf(load) === store && wayOf(load) === way,
          )
          if (loads.length > 0) await rounds.served(round, medium, { store, way }, loads)
        }
      }
      const loads = plan.loads.filter((load): load is ProcessLoad => load.store === 'empty')
      await rounds.processes(round, medium, loads)
    }
    plan.afterRound(round)
  }
}

class Rounds {
  readonly #plan: Plan
  /** Loads that took too long to be repeated. */
  readonly #tooSlow = new Set<string>()

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** All servers run, and idle while it is another's turn; so a load begins on a server that has settled. */
  async served(
    round: number,
    medium: Medium,
    { store, way }: { readonly store: ReturnType<typeof storeOf>; readonly way: Way },
    loads: readonly ServedLoad[],
  ): Promise<void> {
    const serving = this.#serving(way)
    const places = new Map<ContenderId, Place>()
    const servers = new Map<string, RunningRegistry | Error>()
    const takers = this.#plan.contenders.filter((one) => takesPart(one, round))
    try {
      for (const contender of takers) {
        const place = medium.place(store === 'own' ? `own-${contender.id}` : store)
        places.set(contender.id, place)
        const start = contender.start(place.root, withConfig(serving, place))
        servers.set(contender.id, await start.catch((error: Error) => error))
      }
      for (const load of loads) {
        for (const contender of takers) {
          const key = `${load.id} ${medium.name} ${contender.id}`
          if (this.#tooSlow.has(key)) continue
          if (store === 'own') medium.settle()
          const begin = performance.now()
          await this.#one(round, medium, contender, load, async (surroundings) => {
            const server = servers.get(contender.id)
            if (server === undefined || server instanceof Error) throw server ?? new Error('not started')
            return await load.run(server, surroundings)
          })
          if (performance.now() - begin > (load.onceAbove ?? Infinity) * 1000) this.#tooSlow.add(key)
          if (store === 'own') await places.get(contender.id)?.freeRoom()
        }
      }
    } finally {
      for (const server of servers.values()) {
        if (!(server instanceof Error)) await server.stop()
      }
      if (store === 'own') for (const place of places.values()) await place.remove()
    }
  }

  #serving(way: Way): Serving {
    const { tls, auth } = this.#plan.surroundings
    if (way === 'plain') return {}
    return way === 'tls' ? { tls } : { config: auth.config[way] }
  }

  async processes(round: number, medium: Medium, loads: readonly ProcessLoad[]): Promise<void> {
    for (const load of loads) {
      for (const contender of this.#plan.contenders) {
        if (!takesPart(contender, round)) continue
        const place = medium.place(`empty-${contender.id}`)
        medium.settle()
        try {
          await this.#one(round, medium, contender, load, (surroundings) =>
            load.run(place.root, surroundings),
          )
        } finally {
          await place.remove()
        }
      }
    }
  }

  async #one(
    round: number,
    medium: Medium,
    contender: Contender,
    load: Load,
    run: (surroundings: Surroundings) => Promise<Figure>,
  ): Promise<void> {
    const place = { load: load.id, medium: medium.name, contender: contender.id, round }
    const where = `round ${round}, ${medium.name}, ${load.id}, ${contender.id}`
    try {
      const figure = await within(limitMs, run({ ...this.#plan.surroundings, contender, medium }))
      this.#plan.record({ ...place, figure })
      this.#plan.progress(`${where}: ${figure.value.toPrecision(4)} ${load.unit}`)
    } catch (error) {
      const message = String(error instanceof Error ? error.message : error).slice(0, 300)
      this.#plan.record({ ...place, error: message })
      this.#plan.progress(`${where}: failed: ${message}`)
    }
  }
}

function wayOf({ tls, asks }: ServedLoad): Way {
  return asks ?? (tls === true ? 'tls' : 'plain')
}

function takesPart({ spared }: Contender, round: number): boolean {
  return spared !== true || round % 2 === 1
}

function storeOf({ store }: ServedLoad): 'content' | 'catalog' | 'own' {
  return store === 'own' ? store : storeFolder(store)
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${milliseconds / 1000} s`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function withConfig(serving: Serving, { config }: Place): Serving {
  return config === undefined ? serving : { ...serving, config: { ...serving.config, ...config } }
}
