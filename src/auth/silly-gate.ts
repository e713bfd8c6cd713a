import type { Caller } from '../registry/access.ts'
import { Unauthorized } from '../registry/unauthorized.ts'
import { unlimited } from './callers.ts'
import { bearerChallenge, scopesOf } from './challenge.ts'
import type { Asking, Gate, Refused } from './gate.ts'

/** Lets in whoever sends any `Authorization` header (`auth.silly`): for tests of clients. */
export class SillyGate implements Gate {
  readonly #realm: string
  readonly #service: string

  constructor({ realm, service }: { readonly realm: string; readonly service: string }) {
    this.#realm = realm
    this.#service = service
  }

  async admit({ authorization }: Asking): Promise<Caller> {
    if (authorization === undefined || authorization === '') throw new Unauthorized()
    return unlimited('silly')
  }

  challenge({ accesses }: Refused): string {
    return bearerChallenge({ realm: this.#realm, service: this.#service, scopes: scopesOf(accesses) })
  }
}
