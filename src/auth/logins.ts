import type { Asking } from './gate.ts'
import type { Htpasswd, Login } from './htpasswd/htpasswd.ts'

/** User and password, from a request. */
export class Logins {
  readonly #htpasswd: Htpasswd
  readonly #onPassword: (asking: Asking) => void

  /** @param onPassword told of each request that brings a password */
  constructor(htpasswd: Htpasswd, onPassword: (asking: Asking) => void) {
    this.#htpasswd = htpasswd
    this.#onPassword = onPassword
  }

  /** @throws Unauthorized; RegistryError TOO_MANY_REQUESTS */
  async login(credentials: { user: string; password: string }, asking: Asking): Promise<Login> {
    this.#onPassword(asking)
    return await this.#htpasswd.login(credentials.user, credentials.password, asking.client)
  }

  /** Whether the user is still the one who got that stamp. */
  async isCurrent({ name, stamp }: Login): Promise<boolean> {
    return (await this.#htpasswd.stamp(name)) === stamp
  }
}
