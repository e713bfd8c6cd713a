import type { Peers, SharedLogin } from '../app/peers.ts'
import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'
import type { Channel } from './channel.ts'
import type { Beginning, PrimaryTopics, WorkerTopics } from './topics.ts'
import type { Told } from './told.ts'

/** Milliseconds for all others to hear what is told; a little more than the primary gives each of them. */
const toldWithin = 1_500

/** Milliseconds; a little more than the primary waits. */
const orderWithin = 125_000

type ToPrimary = Channel<WorkerTopics, PrimaryTopics>

/** The other workers, as one of them has them: by way of the primary. */
export class WorkerPeers implements Peers {
  readonly count: number
  readonly secret: string
  readonly isFirst: boolean
  readonly deletions: Peers['deletions']
  readonly logins: Peers['logins']
  readonly orders: Peers['orders']
  #onDeleted: (repository: RepositoryName, digest: Digest | undefined) => void = () => {}
  #onLogin: (login: SharedLogin) => void = () => {}
  #isLead = false

  constructor(channel: ToPrimary, { count, secret, isFirst }: Beginning) {
    this.count = count
    this.secret = secret
    this.isFirst = isFirst
    this.deletions = {
      tell: async (repository, digest) => {
        // Whoever does not hear it forgets by itself.
        await channel.ask('told', { kind: 'changed', repository, digest }, toldWithin).catch(() => {})
      },
      onTold: (callback) => {
        this.#onDeleted = callback
      },
    }
    this.logins = {
      tell: (login) => channel.tell('told', { kind: 'login', ...login }),
      onTold: (callback) => {
        this.#onLogin = callback
      },
    }
    const isLead = (): boolean => this.#isLead
    this.orders = {
      get isHere() {
        return isLead()
      },
      order: async (host) => await channel.ask('order', host, orderWithin),
    }
  }

  /** From now on this worker does what one alone does. */
  lead(): void {
    this.#isLead = true
  }

  /** Another one tells something. */
  told(told: Told): void {
    if (told.kind === 'login') this.#onLogin(told)
    else this.#onDeleted(told.repository, told.digest)
  }
}
