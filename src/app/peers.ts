import type { LoginState } from '../auth/htpasswd/htpasswd.ts'
import { addressKey } from '../util/client-address.ts'
import type { OrdersElsewhere } from '../acme/issuer.ts'
import type { Deletions } from '../stored/deletions.ts'

/** A login that was tried and verified somewhere. */
export interface SharedLogin {
  readonly isRight: boolean
  readonly user: string
  /** Its address; undefined: by a unix socket. */
  readonly client: string | undefined
}

/** The other processes that serve the same registry at the same address. */
export interface Peers {
  /** How many there are to be, this one included. */
  readonly count: number
  /** Of all: signs what one gives out and another one gets back. */
  readonly secret: string
  /** Nobody has looked yet whether the store can be used. */
  readonly isFirst: boolean
  readonly deletions: Deletions
  readonly logins: {
    tell(login: SharedLogin): void
    onTold(callback: (login: SharedLogin) => void): void
  }
  readonly orders: OrdersElsewhere
}

/** Counts what failed and succeeded elsewhere as if it had been here: together the processes are as slow to guess against as one. */
export function countLogins(peers: Peers, { throttle }: LoginState): void {
  peers.logins.onTold(({ isRight, user, client }) => {
    throttle.begin(user, addressKey(client))(isRight ? 'succeeded' : 'failed')
  })
}
